from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cilda.errors import CildaError
from cilda.rewrites import index as index_module
from cilda.rewrites import index_source
from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.index import Index
from cilda.runs.events import LONGEST_LINE_BYTES, encode
from cilda.runs.segments import segment_path
from tests.rewrites.made_rewrites import made_events, made_lines, write_events, write_lines, write_rewrites
from tests.rewrites.plain_index import assert_tells, catch_up, places, plain, whole

SEGMENT_BYTES = 100_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Segments of 700 rewrites, in several parts of an index."""
    write_rewrites(tmp_path / "augmentations", 700, segment_bytes=SEGMENT_BYTES)
    return tmp_path / "augmentations"


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and pieces so small that a few hundred rewrites make many."""
    monkeypatch.setattr(index_module, "PART_REWRITES", 40)
    monkeypatch.setattr(index_source, "CHUNK_BYTES", 9_000)


def test_an_index_tells_what_plain_reading_tells(folder: Path, tmp_path: Path) -> None:
    with whole(folder, tmp_path / "cache") as index:
        assert index.known_fraction == 1.0
        assert_tells(index, plain(folder))


def test_an_index_that_exists_is_taken_as_it_is(folder: Path, tmp_path: Path) -> None:
    whole(folder, tmp_path / "cache").close()
    with Index.open(folder, cache=tmp_path / "cache") as index:
        assert_tells(index, plain(folder))
        assert index.catch_up()
        assert_tells(index, plain(folder))


def test_catching_up_is_done_in_pieces_and_tells_how_far_it_is(folder: Path, tmp_path: Path) -> None:
    rewrites = plain(folder)[:150]
    with Index.open(folder, cache=tmp_path / "cache") as index:
        fractions = [index.known_fraction]
        while not index.catch_up(0.0):
            if len(index) <= 150:
                assert_tells(index, rewrites[: len(index)], phrases=("the",))
            fractions.append(index.known_fraction)
        assert fractions[0] == 0.0 and fractions == sorted(fractions)
        assert len(fractions) > 10 and index.known_fraction == 1.0


@settings(max_examples=150)
@given(st.data())
def test_however_it_grows_is_cut_and_opened_an_index_tells_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    where = tmp_path_factory.mktemp("run")
    folder, cache = where / "augmentations", where / "cache"
    lines = list(made_lines(data.draw(st.integers(0, 60)), seed=data.draw(st.integers(0, 5)), hostile=True))
    kept = [line for line in lines if len(line) < 5000]
    written = b"".join(kept)
    segment = 1
    index = Index.open(folder, cache=cache)
    for action in data.draw(st.lists(st.sampled_from(["write", "segment", "step", "reopen", "drop"]), max_size=25)):
        if action == "write":
            cut = data.draw(st.integers(0, min(len(written), 20_000)))
            folder.mkdir(parents=True, exist_ok=True)
            with segment_path(folder, segment).open("ab") as file:
                file.write(written[:cut])
            written = written[cut:]
        elif action == "segment" and segment_path(folder, segment).exists():
            segment += data.draw(st.integers(1, 2))
            segment_path(folder, segment).touch()
        elif action == "step":
            index.catch_up(0.0)
            assert_tells(index, plain(folder)[: len(index)], phrases=())
        elif action == "reopen":
            index.close()
            index = Index.open(folder, cache=cache)
        elif action == "drop":
            index = Index.open(folder, cache=cache)
    catch_up(index)
    assert_tells(index, plain(folder))
    index.close()


def test_a_run_that_grows_is_followed(folder: Path, tmp_path: Path) -> None:
    with whole(folder, tmp_path / "cache") as index:
        before = index.column("kl")
        copy = before.copy()
        write_rewrites(folder, 90, seed=4, segment_bytes=SEGMENT_BYTES)
        assert index.known_fraction < 1.0
        catch_up(index)
        assert len(index) == 790
        assert_tells(index, plain(folder))
        assert np.array_equal(before, copy)
    with Index.open(folder, cache=tmp_path / "cache") as index:
        assert len(index) == 790


def test_a_half_written_line_waits_for_its_end(folder: Path, tmp_path: Path) -> None:
    line = encode(next(made_events(1, seed=9)))
    last = max(folder.iterdir())
    with whole(folder, tmp_path / "cache") as index:
        for piece in (line[:10], line[10:-1]):
            with last.open("ab") as file:
                file.write(piece)
            assert index.catch_up()
            assert len(index) == 700 and index.known_fraction < 1.0
        with last.open("ab") as file:
            file.write(b"\n")
        assert index.catch_up()
        assert_tells(index, plain(folder))


def test_a_line_too_long_for_any_reader_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "augmentations"
    one, other, last = (encode(event) for event in made_events(3))
    folder.mkdir()
    path = segment_path(folder, 1)
    path.write_bytes(one + b"x" * (LONGEST_LINE_BYTES + 3_000_000))
    with whole(folder, tmp_path / "cache") as index:
        assert len(index) == 1
        with path.open("ab") as file:
            file.write(b"y" * 5000 + b"\n" + other + last)
        catch_up(index)
        assert_tells(index, plain(folder))
        assert len(index) == 3
    with Index.open(folder, cache=tmp_path / "cache") as index:
        assert len(index) == 3


def test_hostile_texts_and_damaged_lines_are_told_as_plain_reading_tells_them(tmp_path: Path) -> None:
    folder = tmp_path / "augmentations"
    write_lines(folder, made_lines(150, hostile=True), segment_bytes=10**6)
    with whole(folder, tmp_path / "cache") as index:
        phrases = ("[/]", "\x1b[2J", "日本", "\ud800", "\U0001f469", "ß", "e\u0301", "\n", "\x00", "")
        assert_tells(index, plain(folder), phrases)


def test_a_run_without_rewrites_has_an_empty_index(tmp_path: Path) -> None:
    with whole(tmp_path / "nowhere", tmp_path / "cache") as index:
        assert len(index) == 0 and index.known_fraction == 1.0
        assert len(index.column("kl")) == 0 and places(index, "x") == [] and index.rewrites([]) == []
        with pytest.raises(IndexError):
            index.rewrite(0)
        with pytest.raises(IndexError):
            index.same_text(0)


def test_the_same_text_is_told_through_time(tmp_path: Path) -> None:
    folder = tmp_path / "augmentations"
    events = list(made_events(60))
    for place, event in enumerate(events):
        event |= {"id": f"train:{place % 7}", "t": 1e6 - place if place % 7 == 3 else event["t"]}
    write_events(folder, events)
    with whole(folder, tmp_path / "cache") as index:
        assert index.same_text(8).tolist() == list(range(1, 60, 7))
        assert index.same_text(3).tolist() == list(range(3, 60, 7))[::-1]


def test_rewrites_without_an_id_are_of_the_same_text_where_their_words_are(tmp_path: Path) -> None:
    events = [{**event, "id": None, "real": f"text {place % 2}"} for place, event in enumerate(made_events(6))]
    write_events(tmp_path / "augmentations", events)
    with whole(tmp_path / "augmentations", tmp_path / "cache") as index:
        assert index.same_text(1).tolist() == [1, 3, 5]


def test_a_column_of_texts_is_no_column_of_numbers(folder: Path, tmp_path: Path) -> None:
    with whole(folder, tmp_path / "cache") as index:
        for name in ("real", "nonsense"):
            with pytest.raises(KeyError):
                index.column(name)


def test_a_column_cannot_be_spoilt_by_who_asked_for_it(folder: Path, tmp_path: Path) -> None:
    with whole(folder, tmp_path / "cache") as index, pytest.raises(ValueError, match="read-only"):
        index.column("kl")[0] = 3.0


def test_a_line_that_is_gone_is_told_as_a_mistake(folder: Path, tmp_path: Path) -> None:
    with whole(folder, tmp_path / "cache") as index:
        path = segment_path(folder, 1)
        path.write_bytes(b"x" * path.stat().st_size)
        with pytest.raises(CildaError, match="changed"):
            index.rewrite(0)
        path.unlink()
        with pytest.raises(CildaError, match="cannot read"):
            index.rewrite(0)
        assert len(index.column("kl")) == 700


def test_what_is_known_can_be_read_after_closing(folder: Path, tmp_path: Path) -> None:
    index = whole(folder, tmp_path / "cache")
    index.close()
    index.close()
    assert index.catch_up()
    assert_tells(index, plain(folder))


def test_one_thread_may_read_while_another_indexes(folder: Path, tmp_path: Path) -> None:
    rewrites = plain(folder)
    kl = np.array([COLUMNS["kl"].value(rewrite) for rewrite in rewrites], np.float64)
    with Index.open(folder, cache=tmp_path / "cache") as index:
        worker = threading.Thread(target=catch_up, args=(index,))
        worker.start()
        looks = 0
        while worker.is_alive() or not looks:
            known = len(index)
            values = index.column("kl")
            assert len(values) >= known and np.array_equal(values, kl[: len(values)])
            assert set(places(index, "the")) <= set(range(len(index)))
            if known:
                assert index.rewrite(known - 1) == rewrites[known - 1]
            looks += 1
        worker.join()
        assert_tells(index, rewrites)


def test_columns_asked_for_in_turn_stay_right(folder: Path, tmp_path: Path) -> None:
    names = [name for name, column in COLUMNS.items() if column.kind != "text"]
    with whole(folder, tmp_path / "cache") as index:
        first = {name: index.column(name).copy() for name in names}
        for name in names * 3:
            assert np.array_equal(index.column(name), first[name], equal_nan=True)
