"""The page of every kind of run: it is whole, it says the same as the dashboard, and it says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda_tui.report.page import GENERATOR, page
from cilda_tui.report.sections import SECTIONS
from cilda_tui.report.words import amount, score, share
from tests.tui.made_run import MADE, finished, running
from tests.tui.report.made_page import Reports, gathered, page_of
from tests.tui.report.strict_html import figures

MOST_BYTES = 3_000_000


@pytest.fixture(name="reports", scope="module")
def _reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    return Reports(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("situation", MADE)
def test_a_run_in_any_situation_has_a_whole_page(situation: str, reports: Reports) -> None:
    report = reports[situation]
    assert [one for one, _, _ in SECTIONS] == report.page.ids
    assert report.found.view.folder.id in report.page.text and report.found.view.status.shown in report.page.text
    assert report.html.index(GENERATOR) < 2000
    assert len(report.html.encode()) < MOST_BYTES


def test_the_figures_are_those_of_the_dashboard(reports: Reports) -> None:
    read, view = reports["finished"].page, reports["finished"].found.view
    stage, outcome = view.stage, view.outcome
    assert stage is not None and outcome is not None and view.teacher is not None
    best = next(one for one in reversed(stage.evaluations) if one.best)
    teacher, reached = view.teacher[2], outcome.student["validation"]["accuracy"]
    assert figures(read, "validation") == [
        "accuracy", score(teacher), score(best.score), f"{best.turn:,}", score(stage.evaluations[-1].score),
        score(reached), share(reached / teacher),
    ]  # fmt: skip
    for player, name in (("student", "hard_label.real"), ("generator", "layer_contrast.soft")):
        series = stage.curves[f"{player}/{name}"]
        points = series.points()
        known = [amount(value) for value in (series.last, points.low.min(), points.high.max())]
        assert known in [row[1:] for row in read.rows if row and row[0].strip() == name]
    assert f"{outcome.student_parameters:,} parameters" in read.text
    for part, fraction in stage.shares().items():
        assert not fraction or f"{part} {share(fraction)}" in read.text


def test_every_term_of_both_players_is_told_with_its_weight_and_drawn(reports: Reports) -> None:
    read = reports["running"].page
    told = [row[:3] for row in read.rows if row and row[0].endswith((" climbs", " descends"))]
    assert told == [
        ["generator climbs", "logit_kl.soft", "0.5"], ["generator climbs", "layer_contrast.soft", "0.5"],
        ["student descends", "hard_label.real", "0.3333"], ["student descends", "logit_kl.real", "0.3333"],
        ["student descends", "logit_kl.soft", "0.3333"],
    ]  # fmt: skip
    for title in ("student losses", "generator objective", "student hard_label.real", "generator logit_kl.soft"):
        assert title in read.texts


def test_the_head_says_what_by_what_when_and_how(reports: Reports) -> None:
    read = reports["finished"].page
    for words in (
        "6L distilled from bert-base-sst2 on sst2 , by cilda", "Haidar et al. 2022", "109,483,778 parameters",
        "every second layer (1 ← 2, 2 ← 4", "cilda distill", "torch 2.13.0", "2026-11-22 11:58:00 +0000", "node7",
    ):  # fmt: skip
        assert words in read.text


def test_a_failed_run_tells_why_and_what_to_do(reports: Reports) -> None:
    read = reports["failed"].page
    assert "the term hard_label.real is not finite" in read.text
    assert "lower --learning-rate" in read.text
    assert "Traceback (most recent call last):\n" in reports["failed"].html
    assert "The run did not finish (failed)" in read.text


def test_a_run_that_goes_on_says_how_far_it_is(reports: Reports) -> None:
    read = reports["running"].page
    assert "The run has not ended (running): this is how far it was." in read.text
    assert "turn 1,840 of 6,000" in read.text


def test_damaged_and_newer_lines_are_counted(reports: Reports) -> None:
    assert "100,000 damaged lines of events left out." in reports["garbage"].page.text
    assert "50 lines of events that only a newer cilda can read left out." in reports["newer"].page.text


def test_values_that_are_no_numbers_are_marked_and_told(reports: Reports) -> None:
    read = reports["not a number"].page
    assert "not finite since step" in read.text and "NaN" in read.text


def test_the_seam_of_a_resumed_run_is_drawn(reports: Reports) -> None:
    read = reports["resumed"].page
    assert "went on from the checkpoint of step 1,260" in read.text
    assert "2, one after the other" in read.text


def test_texts_that_would_harm_are_texts(reports: Reports) -> None:
    read = reports["hostile"].page
    assert "⟨RLO⟩evil⟨PDF⟩" in read.text and "letters in all" in read.text
    assert "[bold red]not markup[/bold red]" in read.text


def test_without_a_generator_nothing_was_rewritten_and_the_page_says_so(tmp_path: Path) -> None:
    with running(tmp_path, turns=700) as made:
        run = json.loads(made.folder.run_json.read_text())
        run["terms"] = {"student": run["terms"]["student"][:2], "generator": []}
        run["config"]["method"] = run["method"]["name"] = "kd"
        made.folder.run_json.write_text(json.dumps(run))
        for path in made.folder.augmentations.iterdir():
            path.unlink()
        read = page_of(made.folder, made.now)
    assert read.text.count("There is no generator in this run: nothing was rewritten.") == 2
    assert "No rewrites were recorded" not in read.text


def test_settings_that_differ_stand_beside_their_defaults(reports: Reports) -> None:
    read = reports["running"].page
    assert figures(read, "task") == ["sst2", "–", "command line"]
    assert figures(read, "mask_fraction") == ["0.3", "0.2", "another version's default"]
    assert figures(read, "seed") == ["42"]


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    with finished(tmp_path, turns=700) as made:
        assert page(gathered(made.folder, made.now)) == page(gathered(made.folder, made.now))
