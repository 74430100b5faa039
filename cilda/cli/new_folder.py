"""A folder that is whole or not there, whatever ends the command that fills it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cilda.errors import CildaError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def refuse_occupied(path: Path, *, force: bool, option: str = "--out") -> None:
    """Refuses a folder that could not be made, or that holds something, before minutes go into it.

    Raises:
        CildaError: with the option that names another place.
    """
    elsewhere = f"name a new place with {option}"
    if os.path.lexists(path) and not path.is_dir():
        raise CildaError(f"{path} is there already, and no folder", elsewhere)
    parent = path.resolve().parent
    if not parent.is_dir():
        raise CildaError(f"there is no folder {parent}", f"make it, or {elsewhere}")
    for folder in (parent, *([path] if path.is_dir() else [])):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise CildaError(f"no permission to write in {folder}", elsewhere)
    if path.is_dir() and not force and any(path.iterdir()):
        raise CildaError(f"{path} is there already, and not empty", f"{elsewhere}, or replace it with --force")


@contextmanager
def new_folder(path: Path, *, replaced: frozenset[str]) -> Iterator[Path]:
    """A folder to fill under a name of its own, which becomes `path` when this closes without an error.

    Where a folder with something in it is there, the new files take their places in it one by one, and those of the
    names in `replaced` that are not among the new ones go; everything else in it stays. An error, ctrl-c, SIGTERM or
    SIGHUP leaves what was there before, and nothing else; while files take their places, signals wait.

    Raises:
        OSError: the disk refused.
    """
    place = path.resolve()
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    with _signals_raise() as heard:
        try:
            unfinished.mkdir()
            yield unfinished
            _raise_first(heard)
            for file in unfinished.iterdir():
                _sync(file)
            if place.is_dir() and any(place.iterdir()):
                with _signals_wait():
                    _move_into(place, unfinished, replaced)
            else:
                # Also over an empty folder.
                unfinished.rename(place)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


def _raise_first(heard: list[BaseException]) -> None:
    """Raises what a signal has raised before, where some library took it for an error of its own and went on."""
    if heard:
        raise heard[0]


def _move_into(place: Path, unfinished: Path, replaced: frozenset[str]) -> None:
    new = {file.name for file in unfinished.iterdir()}
    for name in sorted(new):
        (unfinished / name).replace(place / name)
    for name in replaced - new:
        (place / name).unlink(missing_ok=True)
    unfinished.rmdir()


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


@contextmanager
def _signals_raise() -> Iterator[list[BaseException]]:
    """While open, a signal clears away before it ends the process, with 128 and its number; gives those heard."""
    heard: list[BaseException] = []

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a handler
        heard.append(KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number))
        raise heard[-1]

    before = {}
    for number in _SIGNALS:
        # Whoever was started with nohup goes on ignoring it; only a main thread may have handlers.
        with contextlib.suppress(ValueError):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, leave)
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """While open, what would end the process waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
