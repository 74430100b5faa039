"""What a run printed, attempt by attempt, on a terminal without its tricks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cilda.runs.layout import RunFolder
from tests.cli.conftest import CILDA, Cilda
from tests.cli.standin import Standin, ended_run, new_run


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("CILDA_RUNS_DIR", str(tmp_path))
    folder = ended_run(tmp_path)
    write(folder, 1, b"first\nsecond")
    write(folder, 2, b"third\nfourth\n")
    return folder


def write(folder: RunFolder, attempt: int, text: bytes) -> None:
    with (folder.log / f"train.{attempt:06d}.log").open("ab") as file:
        file.write(text)


def test_attempts_come_in_order_with_a_line_between_on_stderr(cilda: Cilda, folder: RunFolder) -> None:
    shown = cilda("logs", "one")
    assert (shown.code, shown.out) == (0, "first\nsecond\nthird\nfourth\n")
    assert shown.err == "== attempt 1 ==\n== attempt 2 ==\n"


@pytest.mark.parametrize(
    ("count", "lines"),
    [(0, []), (1, ["fourth"]), (2, ["third", "fourth"]), (3, ["second", "third", "fourth"]), (9, None)],
)
def test_the_last_lines_reach_back_over_attempts(
    cilda: Cilda, folder: RunFolder, count: int, lines: list[str] | None
) -> None:
    expected = ["first", "second", "third", "fourth"] if lines is None else lines
    assert cilda("logs", "one", "-n", count).out.splitlines() == expected
    assert cilda("logs", "one", "-f", "-n", count).out.splitlines() == expected


def test_one_attempt_can_be_asked_for(cilda: Cilda, folder: RunFolder) -> None:
    assert cilda("logs", "--attempt", "1").out == "first\nsecond\n"
    missing = cilda("logs", "--attempt", "7")
    assert (missing.code, missing.todo) == (1, "its attempts: 1, 2")


def test_a_supervisor_that_spoke_comes_last(cilda: Cilda, folder: RunFolder) -> None:
    path = folder.log / "supervisor.log"
    path.write_bytes(b"")
    assert "supervisor" not in cilda("logs", "one").err
    path.write_bytes(b"cannot read nvidia-smi")
    shown = cilda("logs", "one")
    assert shown.err.endswith("== supervisor ==\n")
    assert shown.out.endswith("fourth\ncannot read nvidia-smi\n")


def test_in_a_pipe_bytes_stay_but_for_what_was_written_over(cilda: Cilda, folder: RunFolder) -> None:
    write(folder, 2, b" 10%\r 50%\r100% \x1b[31mred\x1b[0m\r\n")
    assert cilda("logs", "one", "-n", "1").out == "100% \x1b[31mred\x1b[0m\n"


def test_on_a_terminal_escapes_are_shown_and_not_obeyed(
    cilda: Cilda, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    write(folder, 2, b"\x1b[2J\x07tab\there \xff caf\xc3\xa9 \xe2\x80\xae\n")
    assert cilda("logs", "one", "-n", "1").out == "\\x1b[2J\\x07tab\there \\xff café \\u202e\n"


def test_a_run_without_a_log_says_so(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path)
    shown = cilda("logs", "one", "--runs-dir", tmp_path)
    assert shown.code == 1
    assert "has no log" in shown.what


def test_following_prints_what_comes_until_the_run_ends(tmp_path: Path) -> None:
    folder = new_run(tmp_path)
    write(folder, 1, b"first\nhalf")
    command = [*CILDA, "logs", "one", "-f", "--runs-dir", str(tmp_path)]
    with (
        Standin(folder) as run,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader,
    ):
        assert reader.stdout is not None
        assert reader.stdout.readline() == "first\n"
        write(folder, 1, b" a line\nanother\n")
        write(folder, 2, b"next attempt")
        run.end("finished")
        out, err = reader.communicate()
    assert (reader.returncode, out) == (0, "half a line\nanother\nnext attempt\n")
    assert err == "== attempt 2 ==\n"
