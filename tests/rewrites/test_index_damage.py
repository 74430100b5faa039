"""Whatever lies in the cache, and whatever happened to the run since: an index tells what lies there now."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.rewrites import index as index_module
from cilda.rewrites import index_cache, index_file, index_source
from cilda.rewrites.index import Index
from cilda.runs.segments import segment_path
from tests.rewrites.made_rewrites import write_rewrites
from tests.rewrites.plain_index import assert_tells, catch_up, plain, whole
from tests.small_disk import small_disk

SEGMENT_BYTES = 100_000


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "PART_REWRITES", 40)
    monkeypatch.setattr(index_source, "CHUNK_BYTES", 9_000)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with segments in `augmentations` and their index in `cache`; to be copied, not changed."""
    where = tmp_path_factory.mktemp("kept")
    write_rewrites(where / "augmentations", 200, segment_bytes=SEGMENT_BYTES)
    return where


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """Segments with an index in the cache beside them."""
    shutil.copytree(kept / "augmentations", tmp_path / "augmentations")
    whole(tmp_path / "augmentations", tmp_path / "cache").close()
    return tmp_path / "augmentations"


def index_of(folder: Path) -> Path:
    """The file of the index beside a folder."""
    return index_cache.index_path(folder, folder.parent / "cache")


def assert_opens_right(folder: Path) -> None:
    """That an index tells what lies there, twice: as it is found, and as it is left."""
    for _ in range(2):
        with whole(folder, folder.parent / "cache") as index:
            assert_tells(index, plain(folder))


@given(st.data())
def test_damaged_bytes_anywhere_are_noticed(
    kept: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder, cache = kept / "augmentations", tmp_path_factory.mktemp("cache")
    whole(folder, cache).close()
    path = index_cache.index_path(folder, cache)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    harm = data.draw(st.sampled_from(["change", "zeros", "cut", "more", "empty"]))
    if harm == "change":
        content[at] ^= data.draw(st.integers(1, 255))
    elif harm == "zeros":
        content[at : at + 4096] = bytes(len(content[at : at + 4096]))
    elif harm == "cut":
        del content[at:]
    elif harm == "more":
        content += random.Random(at).randbytes(at)
    else:
        content.clear()
    path.write_bytes(content)
    rewrites = plain(folder)
    for _ in range(2):
        with whole(folder, cache) as index:
            assert_tells(index, rewrites, phrases=("the",))


def test_an_index_of_another_version_is_built_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "_code", lambda: "another")
    with Index.open(folder, cache=folder.parent / "cache") as index:
        assert len(index) == 0
    assert_opens_right(folder)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff" * 10_000, b'{"index of rewrites": 3}\n'])
def test_a_file_of_another_kind_is_written_over(folder: Path, content: bytes) -> None:
    index_of(folder).write_bytes(content)
    assert_opens_right(folder)


def test_a_changed_beginning_is_noticed(folder: Path) -> None:
    path = segment_path(folder, 1)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    assert_opens_right(folder)


def test_a_change_in_the_middle_that_keeps_the_length_is_noticed(folder: Path) -> None:
    path = segment_path(folder, 1)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"the", b"teh"))
    assert_opens_right(folder)


@pytest.mark.parametrize("segment", [1, 2])
def test_a_segment_cut_short_is_noticed(folder: Path, segment: int) -> None:
    path = segment_path(folder, segment)
    os.truncate(path, path.stat().st_size // 2)
    assert_opens_right(folder)


def test_segments_that_vanish_or_appear_between_others_are_noticed(folder: Path) -> None:
    segment_path(folder, 2).rename(segment_path(folder, 7))
    assert_opens_right(folder)
    shutil.copy(segment_path(folder, 1), segment_path(folder, 4))
    assert_opens_right(folder)
    segment_path(folder, 1).unlink()
    assert_opens_right(folder)


def test_an_earlier_segment_that_grew_is_noticed(folder: Path) -> None:
    with segment_path(folder, 1).open("ab") as file:
        file.write(segment_path(folder, 2).read_bytes()[:20_000].rpartition(b"\n")[0] + b"\n")
    assert_opens_right(folder)


def test_another_run_of_the_same_name_has_its_own_index(folder: Path) -> None:
    shutil.rmtree(folder)
    write_rewrites(folder, 150, seed=3, segment_bytes=SEGMENT_BYTES)
    assert_opens_right(folder)


def test_segments_only_touched_need_not_be_indexed_again(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (1.0, 1.0))
    with Index.open(folder, cache=folder.parent / "cache") as index:
        assert len(index) == 200


def test_what_was_damaged_is_mended_in_the_file(folder: Path) -> None:
    path = index_of(folder)
    right = path.read_bytes()
    spoilt = right[:-30_000] + bytes(100) + right[-29_900:]
    path.write_bytes(spoilt)
    assert spoilt != right
    assert_opens_right(folder)
    assert path.read_bytes() == right


def test_a_damaged_part_whose_lines_have_gone_says_nothing_and_harms_nobody(folder: Path) -> None:
    with whole(folder, folder.parent / "cache") as index:
        path = index_of(folder)
        path.write_bytes(path.read_bytes()[:6000] + bytes(path.stat().st_size - 6000))
        for segment in folder.iterdir():
            segment.write_bytes(b"\n")
        assert len(index.column("kl")) == 200
        assert [block.tolist() for block in index.containing("no such phrase")] == []
        assert 5 in index.same_text(5)


def test_two_viewers_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    folder, cache = tmp_path / "augmentations", tmp_path / "cache"
    write_rewrites(folder, 200, segment_bytes=SEGMENT_BYTES)
    one, other = Index.open(folder, cache=cache), Index.open(folder, cache=cache)
    while not all([one.catch_up(0.0), other.catch_up(0.0)]):
        assert_tells(one, plain(folder)[: len(one)], phrases=())
    write_rewrites(folder, 100, seed=2, segment_bytes=SEGMENT_BYTES)
    third = Index.open(folder, cache=cache)
    for index in (third, other, one):
        catch_up(index)
        assert_tells(index, plain(folder))
    for index in (one, other, third):
        index.close()
        assert_tells(index, plain(folder))
    assert_opens_right(folder)
    assert [path.suffix for path in cache.iterdir()] == [".index"]


def test_whoever_comes_second_takes_what_the_first_has_kept(folder: Path) -> None:
    cache = folder.parent / "cache"
    with Index.open(folder, cache=cache) as one, Index.open(folder, cache=cache) as other:
        assert len(one) == len(other) == 200


def test_a_viewer_killed_at_any_moment_leaves_an_index_that_can_be_used(tmp_path: Path) -> None:
    folder, cache = tmp_path / "augmentations", tmp_path / "cache"
    write_rewrites(folder, 1500, segment_bytes=10 * SEGMENT_BYTES)
    script = (
        "import sys; from pathlib import Path; from cilda.rewrites import index, index_source\n"
        "index.PART_REWRITES, index_source.CHUNK_BYTES = 40, 9000\n"
        "made = index.Index.open(Path(sys.argv[1]), cache=Path(sys.argv[2]))\n"
        "print('open', flush=True)\n"
        "while not made.catch_up(0.0): print(len(made), flush=True)\n"
    )
    arguments = [sys.executable, "-c", script, str(folder), str(cache)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as viewer:
        assert viewer.stdout is not None
        for line in viewer.stdout:
            if line.strip() != "open" and int(line) > 300:
                viewer.kill()
                break
    with Index.open(folder, cache=cache) as index:
        assert 200 < len(index) < 1500
        catch_up(index)
        assert_tells(index, plain(folder))


def test_a_run_that_may_only_be_read_is_indexed(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert_opens_right(folder)
    finally:
        folder.chmod(0o755)


def test_a_cache_that_cannot_be_made_costs_only_the_keeping(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "other"
    cache.write_text("a file where a folder should be", encoding="ascii")
    with whole(folder, cache / "deeper") as index:
        assert_tells(index, plain(folder))


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_full_disk_costs_only_the_keeping(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        cache = disk.path / "cache"
        with Index.open(folder, cache=cache) as index:
            if not elsewhere:
                monkeypatch.setattr(tempfile, "tempdir", str(disk.path))
            index.catch_up(0.0)
            (disk.path / "filler").write_bytes(bytes(1024 * 1024 - 120_000))
            catch_up(index)
            disk.fill()
            write_rewrites(folder, 100, seed=2, segment_bytes=SEGMENT_BYTES)
            catch_up(index)
            assert_tells(index, plain(folder))
        disk.free()
        with Index.open(folder, cache=cache) as index:
            assert 0 < len(index) < 200
            catch_up(index)
            assert_tells(index, plain(folder))


def test_a_cache_on_a_disk_that_may_only_be_read_is_read(folder: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        cache = disk.path / "cache"
        whole(folder, cache).close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk.path)], check=True)
        with Index.open(folder, cache=cache) as index:
            assert len(index) == 200
            write_rewrites(folder, 60, seed=1, segment_bytes=SEGMENT_BYTES)
            catch_up(index)
            assert_tells(index, plain(folder))


def test_indexes_of_runs_long_gone_are_forgotten(folder: Path, tmp_path: Path) -> None:
    cache = folder.parent / "cache"
    gone, fresh, unused = (tmp_path / name / "augmentations" for name in ("gone", "fresh", "unused"))
    for run in (gone, fresh, unused):
        write_rewrites(run, 5)
        whole(run, cache).close()
    paths = [index_cache.index_path(run, cache) for run in (gone, fresh, unused)]
    shutil.rmtree(gone)
    shutil.rmtree(fresh)
    now = time.time()
    os.utime(paths[0], (now, now - 2 * 24 * 3600))
    os.utime(paths[2], (now, now - 100 * 24 * 3600))
    Index.open(folder, cache=cache).close()
    assert [path.exists() for path in paths] == [False, True, False]
    assert index_of(folder).exists()


def test_the_cache_is_the_users(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    Index.open(folder).close()
    assert list((tmp_path / "xdg" / "cilda" / "rewrites").iterdir())
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "own"))
    Index.open(folder).close()
    assert list((tmp_path / "own" / "rewrites").iterdir())
