"""`cilda inspect`: a run's rewrites chosen, sorted and written, and why there are none."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cilda.rewrites.query import parse
from cilda.runs.layout import RunFolder
from tests.cli.conftest import CILDA, Cilda
from tests.rewrites.made_rewrites import LABELS, made_events, made_run, write_events
from tests.rewrites.plain_index import plain
from tests.tui.terminal import terminal

NAME = "20261122-1158-sst2-6L-cilda-a7f3"


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return made_run(tmp_path_factory.mktemp("inspect") / "runs", 400, seed=3)


@pytest.fixture(name="there")
def _there(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """The run, where commands look for runs."""
    monkeypatch.setenv("CILDA_RUNS_DIR", str(run.path.parent))
    return run


def ids(out: str) -> list[str]:
    return [row["id"] for row in json.loads(out)]


def test_without_a_terminal_the_newest_are_a_plain_table(cilda: Cilda, there: RunFolder) -> None:
    shown = cilda("inspect")
    lines = shown.out.splitlines()
    assert lines[0].split() == ["turn", "id", "label", "teacher_after", "student_after", "kl", "real", "soft"]
    rewrites = plain(there.augmentations)
    assert [line.split()[1] for line in lines[1:]] == [rewrite.id for rewrite in rewrites[-20:]]
    assert shown.err.splitlines() == [
        f"latest run: {NAME}",
        "the newest, which is the last; more with --limit N, all for other programs with --format csv",
    ]


def test_filters_together_mean_what_each_means(cilda: Cilda, there: RunFolder) -> None:
    shown = cilda("inspect", NAME, "--where", "flip or disagree", "--where", "label:positive kl>0.2", "--json")
    query = parse("(flip or disagree) label:positive kl>0.2", LABELS)
    wanted = [rewrite for rewrite in plain(there.augmentations) if query.fits(rewrite)]
    assert wanted
    assert ids(shown.out) == [rewrite.id for rewrite in wanted]
    assert {row["label"] for row in json.loads(shown.out)} == {"positive"}


def test_the_first_by_a_column(cilda: Cilda, there: RunFolder) -> None:
    kls = sorted((rewrite.kl_soft or 0 for rewrite in plain(there.augmentations)), reverse=True)
    shown = cilda("inspect", "--sort", "-kl", "-n", "7", "--format", "jsonl")
    assert [json.loads(line)["kl"] for line in shown.out.splitlines()] == kls[:7]


def test_each_format_holds_all_of_them(cilda: Cilda, there: RunFolder, tmp_path: Path) -> None:
    wanted = [rewrite.soft for rewrite in plain(there.augmentations)]
    for form in ("json", "jsonl", "csv", "parquet"):
        path = tmp_path / f"rewrites.{form}"
        shown = cilda("inspect", "--out", path)
        assert (shown.code, shown.out) == (0, "")
        assert shown.err.endswith(f"400 rewrites written to {path}\n")
    assert [row["soft"] for row in json.loads((tmp_path / "rewrites.json").read_text())] == wanted
    assert len((tmp_path / "rewrites.jsonl").read_text().splitlines()) == 400
    with (tmp_path / "rewrites.csv").open(newline="") as file:
        assert [row["soft"] for row in csv.DictReader(file)] == wanted
    assert parquet.read_table(tmp_path / "rewrites.parquet")["soft"].to_pylist() == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"rewrites.{form}" for form in ("csv", "json", "jsonl", "parquet")
    ]


def test_a_pipe_takes_parquet_and_may_be_closed_early(there: RunFolder) -> None:
    done = subprocess.run([*CILDA, "inspect", "--format", "parquet"], capture_output=True, check=True)
    assert parquet.read_table(io.BytesIO(done.stdout)).num_rows == 400
    for form in ("json", "jsonl", "csv", "parquet"):
        process = subprocess.Popen(
            [*CILDA, "inspect", NAME, "--format", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 1
        process.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "what", "todo"),
    [
        (["--where", "kll>1"], "the filter, at letter 1: no column named 'kll'", "did you mean kl?"),
        (["--where", "flip", "--where", "flip and"], "the filter, at letter 9: the filter ends", "for example: "),
        (["--where", "label:netural"], "the filter, at letter 7: no class named 'netural'", "all: negative, positive"),
        (["--limit", "-1"], "--limit is -1: there are no fewer rewrites than none", "such as -n 50"),
        (["--sort", "kll"], "no column named 'kll'", "did you mean kl?"),
        (["--format", "xml"], "no format named 'xml'", "all: json, jsonl, csv, parquet"),
        (["--json", "--format", "csv"], "--json and --format csv are two formats", "give one of them"),
        (["--out", "rewrites.txt"], "the ending of rewrites.txt names no format", ".parquet; or --format"),
        (["--teacher", "x"], "--teacher is about a text of your own, and there is none", 'cilda inspect RUN "a text"'),
    ],
)
def test_a_wrong_request_is_told(cilda: Cilda, there: RunFolder, arguments: list[str], what: str, todo: str) -> None:
    shown = cilda("inspect", NAME, *arguments)
    assert (shown.code, shown.out) == (2, "")
    assert shown.what.startswith(what)
    assert todo in shown.todo


def test_a_mistake_is_shown_below_a_caret(cilda: Cilda, there: RunFolder) -> None:
    shown = cilda("inspect", NAME, "--where", "flip and kl>x")
    assert shown.err.splitlines()[1:3] == ["       flip and kl>x", "                   ^"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(text=st.text(max_size=30))
def test_any_filter_is_answered_or_refused(cilda: Cilda, there: RunFolder, text: str) -> None:
    shown = cilda("inspect", NAME, f"--where={text}", "-n", "1", "--json")
    assert shown.code in (0, 2)
    assert shown.code == 2 or len(json.loads(shown.out)) <= 1


def test_where_none_fits_a_word_that_nearly_names_a_flag_is_pointed_at(cilda: Cilda, there: RunFolder) -> None:
    shown = cilda("inspect", NAME, "--where", "disagre kl>0", "--json")
    assert (shown.code, json.loads(shown.out)) == (0, [])
    assert shown.err == "none of 400 rewrites fits: disagre was looked for in the texts; did you mean disagree?\n"
    assert cilda("inspect", NAME, "--where", "kl>99").err == "none of 400 rewrites fits kl>99\n"


def test_a_run_that_is_not_there_is_not_found(cilda: Cilda, there: RunFolder) -> None:
    assert cilda("inspect", "nothing-like-it").code == 3


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ({"job": "finetune"}, "trains a teacher alone: no generator rewrites texts in it"),
        ({"method": {"name": "kd"}, "terms": {"student": [{"key": "x"}]}}, "its method kd has no generator"),
        ({"config": {"record_texts": 0}}, "records no rewrites: its record_texts is 0"),
        ({}, "recorded no rewrites before it ended: finished"),
    ],
)
def test_a_run_without_rewrites_says_why(cilda: Cilda, tmp_path: Path, record: dict[str, object], what: str) -> None:
    folder = made_run(tmp_path, 0, name="none")
    folder.run_json.write_text(json.dumps(record))
    folder.state_json.write_text(json.dumps({"v": 1, "status": "finished"}))
    shown = cilda("inspect", "none", "--runs-dir", tmp_path)
    assert (shown.code, shown.out) == (1, "")
    assert what in shown.what
    assert shown.todo


def test_what_lies_there_is_not_overwritten(cilda: Cilda, there: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    assert cilda("inspect", NAME, "--out", path).what == f"{path} exists already"
    assert path.read_text() == "mine"


def test_a_device_is_written_to_as_it_is(cilda: Cilda, there: RunFolder) -> None:
    assert cilda("inspect", NAME, "--out", os.devnull, "--format", "csv").code == 0


def test_hostile_texts_cannot_move_the_cursor(cilda: Cilda, tmp_path: Path) -> None:
    folder = made_run(tmp_path, 0)
    write_events(folder.augmentations, made_events(60, hostile=True))
    shown = cilda("inspect", "--runs-dir", tmp_path, "-n", "60")
    assert all(line.isprintable() for line in shown.out.splitlines())
    assert len(shown.out.splitlines()) == 61


def test_a_terminal_takes_no_parquet_and_acts_on_no_text(tmp_path: Path) -> None:
    folder = made_run(tmp_path, 0)
    write_events(folder.augmentations, made_events(40, hostile=True))
    common = ("inspect", "--runs-dir", str(tmp_path))
    with terminal(*common, "--format", "parquet") as shown:
        assert shown.wait() == 2
        assert "Parquet is nothing for a terminal" in shown.text()
    for arguments in (["--format", "jsonl"], ["--format", "csv"], ["-n", "40"]):
        with terminal(*common, *arguments, environment={"NO_COLOR": "1"}) as shown:
            assert shown.wait() == 0
            # Of rich's own it may say which letters are bold.
            said = re.sub(r"\x1b\[[0-9;]*m", "", shown.raw.decode())
            assert all(letter.isprintable() or letter in "\r\n" for letter in said)


def test_a_model_s_folder_has_no_rewrites_to_choose_from(cilda: Cilda, there: RunFolder) -> None:
    shown = cilda("inspect", there.student, "--where", "flip")
    assert shown.code == 2
    assert shown.what == "--where chooses among a run's rewrites, and here a text is put to models"


def test_a_text_of_one_s_own_is_put_to_the_run_s_models(cilda: Cilda, finished: tuple[Path, object]) -> None:
    shown = cilda("inspect", finished[0], "the plot is dull", "--json", "--rewrites", "0")
    assert (shown.code, json.loads(shown.out)["text"]) == (0, "the plot is dull")
