"""A folder that a command fills: whole or not there."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cilda.cli.new_folder import new_folder, refuse_occupied
from cilda.errors import CildaError

OURS = frozenset({"a", "b"})


@pytest.fixture
def _foreground() -> Iterator[None]:
    """Interrupts are heard, also where a shell has started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def fill(path: Path, **files: str) -> None:
    with new_folder(path, replaced=OURS) as folder:
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")


def content(path: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in path.iterdir()}


def test_it_is_not_there_until_it_is_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "new", replaced=OURS) as folder:
        (folder / "a").write_text("1", encoding="utf-8")
        assert not (tmp_path / "new").exists()
        assert folder.name.startswith(".new.")
    assert content(tmp_path / "new") == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_goes_wrong_leaves_what_was_there(error: type[BaseException], tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "new", replaced=OURS) as folder:
            (folder / "a").write_text("2", encoding="utf-8")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []
    fill(tmp_path / "new", a="1")
    with pytest.raises(error):
        fail()
    assert content(tmp_path / "new") == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
@pytest.mark.usefixtures("_foreground")
def test_a_signal_that_a_library_swallows_ends_it_all_the_same(
    number: signal.Signals, error: type[BaseException], tmp_path: Path
) -> None:
    def hear_nothing() -> None:
        with new_folder(tmp_path / "new", replaced=OURS), contextlib.suppress(BaseException):
            os.kill(os.getpid(), number)

    with pytest.raises(error):
        hear_nothing()
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_a_termination_clears_away_first(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended, new_folder(tmp_path / "new", replaced=OURS):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 143
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_an_old_one_is_replaced_and_what_is_somebody_else_s_stays(tmp_path: Path) -> None:
    fill(tmp_path / "new", a="1", b="1")
    (tmp_path / "new" / "notes.txt").write_text("mine", encoding="utf-8")
    fill(tmp_path / "new", a="2", c="2")
    assert content(tmp_path / "new") == {"a": "2", "c": "2", "notes.txt": "mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_an_empty_folder_and_a_link_to_one_are_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    fill(tmp_path / "link", a="1")
    assert content(tmp_path / "empty") == {"a": "1"}
    assert (tmp_path / "link").is_symlink()


def test_places_that_will_not_do_are_refused_before(tmp_path: Path) -> None:
    fill(tmp_path / "full", a="1")
    (tmp_path / "empty").mkdir()
    refuse_occupied(tmp_path / "new", force=False)
    refuse_occupied(tmp_path / "empty", force=False)
    refuse_occupied(tmp_path / "full", force=True)
    for path, force, what in (
        (tmp_path / "full", False, "is there already, and not empty"),
        (tmp_path / "full" / "a", True, "is there already, and no folder"),
        (tmp_path / "none" / "new", True, "there is no folder"),
    ):
        with pytest.raises(CildaError, match=what) as refused:
            refuse_occupied(path, force=force)
        assert "--out" in refused.value.todo
