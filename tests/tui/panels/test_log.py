"""The log: followed at its end, searched, filtered by level; files of any size, with whatever in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda.runs.layout import RunFolder
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.log_tail import LogLine, LogTail, LogText, level_of
from cilda_tui.panels.log import draw_log
from cilda_tui.ui import Ui
from tests.tui.strange_texts import strange_texts


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "one" / "log").mkdir(parents=True)
    return RunFolder(tmp_path / "one")


def write(folder: RunFolder, content: bytes, number: int = 1) -> None:
    with (folder.log / f"train.{number:06}.log").open("ab") as file:
        file.write(content)


def texts(log: LogText) -> list[str]:
    return [line.text for line in log.lines]


def some(*lines: str) -> LogText:
    return LogText(tuple(LogLine(line, level_of(line)) for line in lines), "train.000001.log", 2048)


def test_the_end_of_the_log_is_shown() -> None:
    log = some("loading", "WARNING slow disk", "step 1", "step 2")
    assert draw_log(log, Ui(), 60, 4, UNICODE).lines() == [
        "─ 5 log ───────────────────────── train.000001.log  2.0 kB ─",
        " ▲ WARNING slow disk",
        "   step 1",
        "   step 2",
    ]


def test_scrolled_back_it_says_how_far() -> None:
    log = some(*(f"line {number}" for number in range(50)))
    lines = draw_log(log, Ui(focus="log", log_back=10), 60, 4, ASCII).lines()
    assert lines[0] == "->5 log ---------------- train.000001.log  2.0 kB  10 back -"
    assert lines[1:] == ["   line 37", "   line 38", "   line 39"]
    assert draw_log(log, Ui(log_back=10_000), 60, 4, ASCII).lines()[1] == "   line 0"


def test_only_what_was_asked_for() -> None:
    log = some("fine", "UserWarning: old", "ValueError: bad")
    assert draw_log(log, Ui(log_level="warning"), 60, 4, UNICODE).lines()[1:3] == [
        " ▲ UserWarning: old",
        " ✗ ValueError: bad",
    ]
    assert draw_log(some("fine"), Ui(log_level="error"), 60, 3, UNICODE).lines()[1] == "  no errors"


def test_a_match_is_brought_into_sight_and_marked() -> None:
    log = some(*(f"line {number}" for number in range(100)))
    frame = draw_log(log, Ui(log_search="LINE 7", log_match=2), 60, 6, UNICODE)
    assert " /LINE 7 9/11 " in frame.text(0)
    assert "▸  line 77" in frame.lines()
    row = frame.lines().index("▸  line 77")
    assert ("line 7", "selected") in list(frame.segments(row))
    assert "no match" in draw_log(log, Ui(log_search="nowhere"), 60, 6, UNICODE).text(0)


def test_a_log_is_followed_as_it_grows(folder: RunFolder) -> None:
    tail = LogTail(folder)
    assert tail.poll() == LogText()
    write(folder, b"one\ntw")
    assert texts(tail.poll()) == ["one", "tw"]
    write(folder, b"o\nthree\n")
    assert texts(tail.poll()) == ["one", "two", "three"]


def test_a_progress_bar_is_one_line_that_changes(folder: RunFolder) -> None:
    tail = LogTail(folder)
    write(folder, b"\r10%\r20%")
    assert texts(tail.poll()) == ["20%"]
    write(folder, b"\r\x1b[32m30%\x1b[0m\r")
    assert texts(tail.poll()) == ["30%"]
    write(folder, b"\r100%\nover\n")
    assert texts(tail.poll()) == ["100%", "over"]


def test_of_a_large_log_the_end_is_read(folder: RunFolder) -> None:
    write(folder, b"".join(b"line %d\n" % number for number in range(200_000)))
    log = LogTail(folder, lines=100).poll()
    assert texts(log) == [f"line {number}" for number in range(199_900, 200_000)]
    assert log.cut


def test_each_attempt_s_log_follows_the_one_before(folder: RunFolder) -> None:
    write(folder, b"first\n")
    tail = LogTail(folder)
    tail.poll()
    write(folder, b"second\n", number=2)
    assert texts(tail.poll()) == ["first", "train.000002.log", "second"]
    assert tail.text.lines[1].level == "seam"


def test_a_traceback_is_an_error_to_its_last_line(folder: RunFolder) -> None:
    write(folder, b"fine\nTraceback (most recent call last):\n  File x\nRuntimeThing bad\nfine again\n")
    assert [line.level for line in LogTail(folder).poll().lines] == ["info", "error", "error", "error", "info"]


def test_a_log_that_was_emptied_or_is_gone_is_told_not_raised(folder: RunFolder) -> None:
    tail = LogTail(folder)
    write(folder, b"one\ntwo\n")
    tail.poll()
    (folder.log / "train.000001.log").write_bytes(b"new\n")
    assert texts(tail.poll())[-1] == "new"
    (folder.log / "train.000001.log").unlink()
    assert tail.poll().trouble == ""
    (folder.log / "train.000002.log").mkdir()
    assert "directory" in tail.poll().trouble


@given(st.lists(strange_texts(), max_size=8), strange_texts(5), st.integers(0, 60), st.integers(0, 9))
def test_whatever_is_logged_each_row_is_visible_and_as_wide_as_it_says(
    lines: list[str], search: str, width: int, height: int
) -> None:
    log = LogText(tuple(LogLine(line, level_of(line)) for line in lines), "file", 5)
    for glyphs in (UNICODE, ASCII.without_colour()):
        frame = draw_log(log, Ui(log_search=search), width, height, glyphs)
        assert (frame.width, frame.height) == (width, height)
        for row in range(height):
            assert frame.text(row).isprintable()
            assert cell_len(frame.text(row)) == width
