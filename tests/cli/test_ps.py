"""The list of runs: one row each, whatever the folder holds, and what a terminal has room for."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.cli.run_rows import COLUMNS, LONGEST_ID, lines, row_of
from tests.cli.conftest import Cilda
from tests.cli.standin import Standin, ended_run, new_run
from tests.runs.summaries import PLAIN, summary

NOW = PLAIN.created + 3600


def table(*rows: dict[str, object], width: int | None = None, left: float | None = None) -> list[str]:
    return lines([row_of(summary(**row), left, NOW) for row in rows], width)


def test_in_a_pipe_every_run_is_one_line_with_every_column(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "a", best=0.875)
    ended_run(tmp_path, "b", "failed", error="no such\ncolumn: \x1b[2Jx")
    with Standin(new_run(tmp_path, "c")):
        shown = cilda("ps", "--runs-dir", tmp_path)
    assert shown.code == 0
    header, *rows = shown.out.splitlines()
    assert header.split() == list(COLUMNS)
    assert rows[0].split()[:6] == ["a", "finished", "student", "10/10", "100%", "0.8750"]
    assert rows[1].endswith("no such column: ?[2Jx")
    assert rows[2].split()[:4] == ["c", "running", "student", "3/100"]


def test_the_newest_is_the_last(cilda: Cilda, tmp_path: Path) -> None:
    for name, created in (("a", 30), ("b", 10), ("c", 20)):
        new_run(tmp_path, name, t=created)
    rows = cilda("ps", "--runs-dir", tmp_path).out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["b", "c", "a"]


def test_filters_choose(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "a", best=0.5)
    ended_run(tmp_path, "b", best=0.95)
    shown = cilda("ps", "status:finished", "best>0.9", "--runs-dir", tmp_path)
    assert [row.split()[0] for row in shown.out.splitlines()[1:]] == ["b"]
    nothing = cilda("ps", "status:failed", "--runs-dir", tmp_path)
    assert (nothing.code, nothing.out, nothing.err) == (0, "", f"no run in {tmp_path} fits status:failed\n")
    wrong = cilda("ps", "satus:failed", "--runs-dir", tmp_path)
    assert wrong.code == 2
    assert "did you mean status" in wrong.todo


def test_no_runs_is_no_error_but_a_folder_that_is_named_must_be_there(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = cilda("ps", "--runs-dir", tmp_path)
    assert (shown.code, shown.err) == (0, f"no runs in {tmp_path}; start one with: cilda distill\n")
    nowhere = tmp_path / "nowhere"
    for more in ([], ["--json"]):
        shown = cilda("ps", *more, "--runs-dir", nowhere)
        assert (shown.code, shown.out, shown.what) == (3, "", f"there is no folder {nowhere}")
    monkeypatch.setenv("CILDA_RUNS_DIR", str(nowhere))
    shown = cilda("ps")
    assert (shown.code, shown.err) == (0, f"there is no folder {nowhere} yet; start a run with: cilda distill\n")
    assert cilda("ps", "--json").out == "[]\n"
    assert cilda("watch").what == f"no runs in {nowhere}: there is no such folder"


def test_programs_get_numbers_and_never_a_nan(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "a", best=math.nan)
    (found,) = json.loads(cilda("ps", "--json", "--runs-dir", tmp_path).out)
    assert (found["id"], found["status"], found["best"], found["turn"]) == ("a", "finished", "NaN", 10)
    assert found["progress"] == 1.0
    assert found["why"] == ""


def test_a_damaged_or_half_copied_run_has_a_row_too(cilda: Cilda, tmp_path: Path) -> None:
    for name, broken in (("a", "run.json"), ("b", "state.json"), ("c", "exit.json")):
        folder = ended_run(tmp_path, name)
        (folder.path / broken).write_bytes(b"\x00\xff{")
    (tmp_path / "d" / "events").mkdir(parents=True)
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "run.json").write_text("[1, 2]")
    (tmp_path / "e" / "state.json").mkdir()
    (tmp_path / "f").symlink_to(tmp_path / "f")
    (tmp_path / "g.txt").write_text("no run")
    shown = cilda("ps", "--runs-dir", tmp_path)
    assert shown.code == 0
    assert {row.split()[0] for row in shown.out.splitlines()[1:]} == {"a", "b", "c", "d", "e"}


def test_eighty_columns_show_what_matters() -> None:
    header, *rows = table({}, {"word": "finished", "best": 0.5}, width=80)
    assert header.split() == ["run", "status", "turn", "done", "best", "when"]
    assert rows[0].split()[:5] == ["20261122-1158-sst2-6L-cilda-a7f3", "running", "100/400", "25%", "0.9100"]
    assert all(len(line) <= 80 for line in (header, *rows))


def test_a_wide_terminal_shows_who_learns_from_whom() -> None:
    assert "bert-base→6L" in table({}, width=120)[1]


def test_a_reason_takes_a_line_of_its_own_on_a_terminal() -> None:
    failed = summary(word="failed")
    row = row_of(failed, None, NOW)
    row.cells["why"] = "no such column " * 10
    _, first, second = lines([row], 60)
    assert "failed" in first
    assert second.startswith("  no such column")
    assert second.endswith("…")
    assert len(second) <= 60


def test_a_long_name_is_cut_at_its_end_only_where_there_is_no_room() -> None:
    name = "x" * 60
    assert name in table({"id": name}, width=200)[1]
    cut = table({"id": name}, width=80)[1].split()[0]
    assert len(cut) >= LONGEST_ID
    assert cut == name[: len(cut) - 1] + "…"


def test_what_is_left_is_shown_while_a_run_goes_on() -> None:
    assert "ETA 3 m 12 s" in table({}, left=192.0)[1]
    assert "59 m ago" in table({})[1]


def test_almost_done_is_not_done() -> None:
    assert " 99% " in table({"progress": 0.9999})[1]


@given(
    ids=st.lists(st.from_regex(r"[a-z0-9.=+-]{1,80}", fullmatch=True), min_size=1, max_size=4),
    width=st.integers(20, 200),
    stage=st.sampled_from(["", "teacher", "student", "\x1b[2J"]),
)
def test_no_line_outgrows_the_terminal(ids: list[str], width: int, stage: str) -> None:
    rows: list[dict[str, object]] = [{"id": name, "stage": stage} for name in ids]
    shown = table(*rows, width=width)
    assert len(shown) == len(ids) + 1
    assert all(len(line) <= width for line in shown)
    assert all(line.isprintable() for line in shown)


def test_colours_are_only_on_the_status() -> None:
    row = row_of(summary(), None, NOW)
    plain, colored = lines([row], 120), lines([row], 120, color=True)
    assert [re.sub(r"\x1b\[\d*m", "", line) for line in colored] == plain
    assert "\x1b[32mrunning\x1b[0m" in colored[1]


def test_it_imports_nothing_slow(tmp_path: Path) -> None:
    ended_run(tmp_path)
    program = (
        "import sys\n"
        "from cilda.cli.main import main\n"
        f"assert main(['ps', '--runs-dir', {str(tmp_path)!r}]) == 0\n"
        "slow = ('rich', 'numpy', 'torch', 'transformers', 'datasets', 'textual')\n"
        "sys.exit(' '.join(name for name in slow if name in sys.modules) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
