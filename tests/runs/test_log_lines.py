"""Lines of a log: the last of any file, and each new one once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs import log_lines
from cilda.runs.log_lines import LogReader, collapsed, tail_offset

TEXTS = st.lists(st.sampled_from([b"a", b"\n", b"\r", b"longer words", b"\n\n"]), max_size=30).map(b"".join)


@given(text=TEXTS, count=st.integers(0, 12), chunk=st.integers(1, 9))
def test_the_tail_is_the_last_lines(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, count: int, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "train.log"
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_lines, "CHUNK_BYTES", chunk)
        offset, found = tail_offset(path, count)
    lines = text.split(b"\n")
    lines = lines[:-1] if lines[-1] == b"" else lines
    wanted = lines[max(0, len(lines) - count) :] if count else []
    assert text[offset:].removesuffix(b"\n") == b"\n".join(wanted)
    assert found == len(wanted)


@given(pieces=st.lists(TEXTS, max_size=6), chunk=st.integers(1, 9))
def test_a_growing_log_gives_each_line_once(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], chunk: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "train.log"
    path.write_bytes(b"")
    reader = LogReader(path)
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_lines, "CHUNK_BYTES", chunk)
        for piece in pieces:
            with path.open("ab") as file:
                file.write(piece)
            seen += list(reader.read())
    seen.append(reader.end())
    assert seen == [collapsed(line) for line in b"".join(pieces).split(b"\n")]


def test_a_progress_bar_that_never_ends_its_line_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(b"".join(b"\r%5d of 100000" % done for done in range(100_000)) + b"\nnext\n")
    assert list(LogReader(path).read()) == [b"99999 of 100000", b"next"]


def test_an_endless_line_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(b"x" * (3 * log_lines.LONGEST_BYTES))
    reader = LogReader(path)
    pieces = [*reader.read(), reader.end()]
    assert b"".join(pieces) == path.read_bytes()
    assert max(map(len, pieces)) <= log_lines.LONGEST_BYTES + log_lines.CHUNK_BYTES


def test_windows_line_ends_cost_no_text() -> None:
    assert collapsed(b"a line\r") == b"a line"
