"""The overview of a long history: pieces that lie evenly, cut to whole lines, and the place where it goes on."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.events import encode
from cilda.runs.segments import segment_path
from cilda.runs.store import Follower, Position
from cilda_tui.reading import bytes_before, overview, sizes_of, stretches
from tests.tui.made_bulk import bulk
from tests.tui.made_events import event


@given(
    st.lists(st.integers(0, 3000), max_size=6),
    st.integers(0, 300),
    st.integers(1, 300),
    st.integers(0, 20),
    st.integers(1, 200),
)
def test_stretches_lie_in_order_inside_their_segments_and_never_overlap(
    lengths: list[int], head: int, tail: int, pieces: int, piece: int
) -> None:
    sizes = list(enumerate(lengths, start=3))
    found = stretches(sizes, head=head, tail=tail, pieces=pieces, piece=piece)
    reached = (0, 0)
    for stretch in found:
        assert 0 <= stretch.start < stretch.end <= dict(sizes)[stretch.number]
        assert (stretch.number, stretch.start) >= reached
        reached = (stretch.number, stretch.end)
    filled = [(number, size) for number, size in sizes if size]
    assert not filled or reached == filled[-1]


def test_the_overview_of_many_lines_has_the_first_and_the_last_and_what_lies_between(tmp_path: Path) -> None:
    bulk(tmp_path, 60_000, began=1e9, segment_bytes=8 * 1024 * 1024)
    found = overview(tmp_path, sizes_of(tmp_path))
    steps = [told["step"] for told in found.events]
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1], found.bad_lines) == (1, 60_000, 0)
    assert max(later - before for before, later in itertools.pairwise(steps)) < 1500
    assert len(steps) < 10_000


def test_what_is_written_from_then_on_follows_without_gap_or_repetition(tmp_path: Path) -> None:
    bulk(tmp_path, 20_000, began=1e9, segment_bytes=4 * 1024 * 1024)
    newest = max(tmp_path.iterdir())
    with newest.open("ab") as file:
        file.write(encode(event("note", text="half"))[:10])
    found = overview(tmp_path, sizes_of(tmp_path))
    follower = Follower(tmp_path, start=found.end)
    assert follower.poll() == []
    with newest.open("ab") as file:
        file.write(encode(event("note", text="half"))[10:] + encode(event("note", text="next")))
    assert [told["text"] for told in follower.poll()] == ["half", "next"]
    assert follower.bad_lines == 0


def test_a_history_of_one_endless_line_has_no_overview(tmp_path: Path) -> None:
    segment_path(tmp_path, 1).write_bytes(b"x" * 6_000_000)
    found = overview(tmp_path, sizes_of(tmp_path))
    assert found.events == []
    assert found.end is not None and found.end.number == 1


def test_how_much_lies_before_a_place() -> None:
    sizes = [(1, 100), (2, 50), (4, 10)]
    assert bytes_before(sizes, None) == 0
    assert bytes_before(sizes, Position(2, 20)) == 120
    assert bytes_before(sizes, Position(4, 99)) == 160


def test_where_there_is_nothing(tmp_path: Path) -> None:
    assert sizes_of(tmp_path / "nothing") == []
    assert overview(tmp_path, []).end is None
