"""Runs side by side: what differs in their settings, and their scores at equal turns."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.layout import RunFolder
from cilda.runs.store import RunRecord
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.compare import draw_differences, draw_table
from cilda_tui.ui import Ui
from cilda_tui.view import RunView
from tests.tui.made_run import several
from tests.tui.panels.viewed import check_frame, view_of
from tests.tui.strange_texts import strange_texts


@lru_cache(maxsize=1)
def views() -> list[RunView]:
    with TemporaryDirectory() as folder:
        runs = several(Path(folder))
        found = [view_of(run) for run in runs]
        for run in runs:
            run.author.release_locks()
        return found


def with_config(config: object) -> RunView:
    folder = RunFolder(Path("runs/one"))
    return RunView(folder, RunRecord(folder, {"config": config}, {}, {}))


def with_scores(**scores: tuple[float, bool]) -> RunView:
    view = RunView(RunFolder(Path("runs/one")))
    view.take(
        [
            {
                "v": 1, "t": 5.0, "kind": "evaluation", "stage": "student", "turn": int(turn[1:]), "split": "dev",
                "metric": "loss", "scores": {"loss": score}, "best": best,
            }
            for turn, (score, best) in scores.items()
        ]
    )  # fmt: skip
    return view


def test_only_settings_that_differ_are_shown() -> None:
    assert draw_differences(views()[:2], Ui(), 80, 5, UNICODE).lines() == [
        "─ 2 settings differ ─────────────────────────────────────────────── esc closes ─",
        "  setting        a …20-0900-sst2-6L-cilda-0001  b …21-0900-sst2-6L-cilda-0002",
        "  learning_rate  5e-05                          3e-05",
        "  mask_fraction  0.3                            0.15",
        "",
    ]


def test_nested_and_missing_settings_are_compared_too() -> None:
    one, other = with_config({"a": {"b": 1, "c": 2}}), with_config({"a": {"b": 1, "c": 3}, "d": None})
    lines = draw_differences([one, other], Ui(), 60, 5, UNICODE).lines()
    assert [line.split() for line in lines[2:4]] == [["a.c", "2", "3"], ["d", "-", "null"]]
    assert "the settings are the same" in draw_differences([one, one], Ui(), 60, 5, UNICODE).text(2)


def test_scores_stand_at_equal_turns_with_a_star_at_the_better_one() -> None:
    lines = draw_table(views()[:2], Ui(), 80, 13, UNICODE).lines()
    assert lines[2].split() == ["200", "0.7336", "0.7395", "★"]
    assert lines[3].split() == ["400", "0.7946", "★", "0.7869"]
    assert lines[-2].split() == ["best", "0.9172", "★", "0.9097"]


def test_where_less_is_better_the_star_knows_it() -> None:
    one = with_scores(t100=(2.0, True), t200=(1.0, True))
    other = with_scores(t100=(3.0, True), t200=(0.5, True))
    lines = draw_table([one, other], Ui(), 60, 6, ASCII).lines()
    assert lines[2].split() == ["100", "2.0000", "*", "3.0000"]
    assert lines[3].split() == ["200", "1.0000", "0.5000", "*"]


def test_a_long_table_scrolls() -> None:
    assert "more" in draw_table(views(), Ui(), 80, 5, UNICODE).text(4)
    assert "best" in draw_table(views(), Ui(offset=10**6), 80, 5, UNICODE).text(4)


@given(st.lists(st.dictionaries(strange_texts(10), strange_texts(10), max_size=4), max_size=4),
       st.integers(0, 100), st.integers(0, 8))  # fmt: skip
def test_whatever_settings_hold_each_row_is_as_wide_as_it_says(
    configs: list[dict[str, str]], width: int, height: int
) -> None:
    found = [with_config(config) for config in configs]
    for glyphs in (UNICODE, ASCII):
        check_frame(draw_differences(found, Ui(), width, height, glyphs), width, height)
        check_frame(draw_table(found, Ui(), width, height, glyphs), width, height)
