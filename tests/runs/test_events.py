"""The line format: what goes in comes out, and damage costs exactly the damaged lines."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.events import KINDS, LONGEST_LINE_BYTES, EventReader, decode, encode, finite, number

NUMBERS = st.floats() | st.integers()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.text(max_size=10).filter(lambda key: key not in {"v", "t", "kind"}), VALUES, max_size=5)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    head = {"v": 1, "t": draw(st.floats(0, 4e9)), "kind": draw(st.sampled_from([*KINDS, "of_the_future"]))}
    return {**head, **draw(FIELDS)}


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    return [encode(event) for event in draw(st.lists(events(), max_size=8))]


def garbage_lines() -> st.SearchStrategy[bytes]:
    cut_lines = events().map(encode).flatmap(lambda line: st.integers(0, len(line) - 2).map(lambda end: line[:end]))
    raw = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))
    other_json = VALUES.map(lambda value: json.dumps(value).encode())
    return (raw | cut_lines | other_json).filter(lambda line: decode(line) is None)


def read(chunks: list[bytes]) -> tuple[list[dict[str, Any]], EventReader]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)], reader


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(marks)]


@given(events())
def test_what_is_written_is_read(event: dict[str, Any]) -> None:
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == finite(event)


@given(events())
def test_a_line_is_ascii_without_control_characters(event: dict[str, Any]) -> None:
    assert all(32 <= byte < 127 for byte in encode(event)[:-1])


@given(streams(), st.lists(st.integers(0, 3000), max_size=12))
def test_any_split_gives_the_same_events(lines: list[bytes], cuts: list[int]) -> None:
    found, reader = read(pieces(b"".join(lines), cuts))
    assert found == [decode(line) for line in lines]
    assert reader.bad_lines == 0


@given(streams(), st.integers(0, 3000))
def test_any_truncation_gives_the_events_before_it(lines: list[bytes], end: int) -> None:
    data = b"".join(lines)[:end]
    whole = data.count(b"\n")
    found, reader = read([data])
    assert found == [decode(line) for line in lines[:whole]]
    assert reader.bad_lines == 0, "what waits for its end is not damaged yet"
    # The file turns out to end here: the line that was cut is damaged, unless its newline alone is missing.
    rest = data.rpartition(b"\n")[2]
    late = reader.end()
    assert late == ([decode(rest)] if decode(rest) else [])
    assert reader.bad_lines == (1 if rest and not late else 0)


@given(streams(), st.lists(st.tuples(st.integers(0, 8), garbage_lines()), max_size=4), st.lists(st.integers(0, 3000)))
def test_garbage_lines_cost_only_themselves(
    lines: list[bytes], garbage: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    mixed = list(lines)
    for place, line in garbage:
        mixed.insert(place, line + b"\n")
    found, reader = read(pieces(b"".join(mixed), cuts))
    assert found == [decode(line) for line in lines]
    assert reader.bad_lines == len(garbage)


@given(streams(), st.data())
def test_a_flipped_byte_costs_at_most_its_line_and_the_next(lines: list[bytes], data: st.DataObject) -> None:
    stream = bytearray(b"".join(lines))
    if not stream:
        return
    place = data.draw(st.integers(0, len(stream) - 1))
    stream[place] = data.draw(st.integers(0, 255))
    hit = bytes(stream[:place]).count(b"\n")
    found, _ = read([bytes(stream)])
    whole = [decode(line) for line in lines]
    assert found[:hit] == whole[:hit]
    rest = whole[hit + 2 :]
    assert found[len(found) - len(rest) :] == rest


def test_a_half_written_line_waits_for_its_end() -> None:
    line = encode({"v": 1, "t": 1.5, "kind": "started"})
    reader = EventReader()
    assert reader.feed(line[:10]) == []
    assert reader.feed(line[10:-1]) == []
    assert reader.feed(b"\n") == [{"v": 1, "t": 1.5, "kind": "started"}]
    assert reader.bad_lines == 0


@pytest.mark.parametrize(("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")])
def test_no_number_makes_a_line_unreadable(value: float, text: str) -> None:
    line = encode({"v": 1, "t": 0, "kind": "metrics", "values": {"loss": {"max": value, "all": [value, (value,)]}}})
    assert json.loads(line)["values"]["loss"] == {"max": text, "all": [text, [text]]}
    read_back = number(text)
    assert read_back is not None
    assert str(read_back) == str(value)


@pytest.mark.parametrize("value", [None, "0.5", "nan", "inf", True, [], {}])
def test_what_is_no_number_is_none(value: object) -> None:
    assert number(value) is None


def test_a_number_too_large_for_a_float_is_infinite() -> None:
    assert number(10**400) == math.inf
    assert number(-(10**400)) == -math.inf


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"v":1,"t":1}',
        b'{"v":1,"kind":"started"}',
        b'{"t":1,"kind":"started"}',
        b'{"v":true,"t":1,"kind":"started"}',
        b'{"v":0,"t":1,"kind":"started"}',
        b'{"v":"1","t":1,"kind":"started"}',
        b'{"v":1,"t":"now","kind":"started"}',
        b'{"v":1,"t":true,"kind":"started"}',
        b'{"v":1,"t":1e999,"kind":"started"}',
        b'{"v":1,"t":1,"kind":7}',
        b'{"v":1,"t":1,"kind":"metrics","loss":NaN}',
        b'{"v":1,"t":1,"kind":"started"}{"v":1,"t":1,"kind":"started"}',
        b'{"v":1,"t":1,"kind":"\xff"}',
        b'\xef\xbb\xbf{"v":1,"t":1,"kind":"started"}',
        '{"v":1,"t":1,"kind":"started"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"v":1,"t":' + b"1" * 5000 + b',"kind":"started"}',
        b"\0" * 4096,
    ],
)
def test_a_damaged_line_is_none(line: bytes) -> None:
    assert decode(line) is None


def test_an_endless_line_is_dropped_and_counted_once() -> None:
    event = encode({"v": 1, "t": 1, "kind": "started"})
    reader = EventReader()
    for _ in range(9):
        assert reader.feed(b"\0" * (1024 * 1024)) == []
    assert sum(map(len, reader._pending)) < LONGEST_LINE_BYTES
    assert reader.feed(b"\n" + event) == [decode(event)]
    assert reader.bad_lines == 1


def test_an_event_too_long_for_a_reader_keeps_its_kind_and_place() -> None:
    line = encode({"v": 1, "t": 1, "kind": "failed", "turn": 7, "what": "x" * LONGEST_LINE_BYTES})
    event = decode(line)
    assert event is not None
    assert event.pop("dropped_bytes") > LONGEST_LINE_BYTES
    assert event == {"v": 1, "t": 1, "kind": "failed", "turn": 7}


def test_the_longest_line_is_still_read() -> None:
    empty = len(encode({"v": 1, "t": 1, "kind": "failed", "what": ""}))
    line = encode({"v": 1, "t": 1, "kind": "failed", "what": "x" * (LONGEST_LINE_BYTES - empty)})
    assert len(line) == LONGEST_LINE_BYTES
    assert len(read([line])[0]) == 1


def test_lines_of_a_newer_version_are_counted_apart() -> None:
    found, reader = read([b'{"v":2,"t":1,"kind":"started"}\n', encode({"v": 1, "t": 1, "kind": "started"})])
    assert len(found) == 1
    assert (reader.newer_lines, reader.bad_lines) == (1, 0)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        encode({"v": 1, "t": 1, "kind": "started", "what": object()})
