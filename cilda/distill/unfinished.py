"""Work that takes long, written down a chunk at a time, so that it can be stopped anywhere and gone on with."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from cilda.errors import CildaError
from cilda.runs.atomic import refusal
from cilda.runs.events import VERSION, Event, decode, encode

_BUSY = 75
_HEAD = b'{"v":1,"t":0,"kind":"asked"'
_CHUNK = b'"kind":"chunk"'


class Unfinished:
    """A file of records beside the one that is to come of them: lines of JSON, after each chunk a line that says so.

    What a crash left of a chunk is taken back. One process at a time holds it.

    Raises:
        CildaError: it was begun for something else; another process holds it; the disk refused.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any]) -> None:
        self.path = path
        self.chunks = 0
        """How many are whole."""
        try:
            self._file = path.open("a+b")
        except OSError as error:
            raise refusal(error, path) from error
        try:
            self._take(asked)
        except BaseException:
            self._file.close()
            raise

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Writes the next chunk.

        Raises:
            CildaError: the disk refused; what was written before stays.
        """
        lines = [encode({"v": VERSION, "t": 0, "kind": "augmentation", **record}) for record in records]
        lines.append(encode({"v": VERSION, "t": 0, "kind": "chunk", "number": self.chunks}))
        try:
            self._file.write(b"".join(lines))
            self._file.flush()
        except OSError as error:
            raise refusal(error, self.path) from error
        self.chunks += 1

    def records(self) -> Iterator[Event]:
        """All records of whole chunks, as events."""
        self._file.seek(0)
        for line in self._file:
            event = decode(line)
            if event is not None and event["kind"] == "augmentation":
                yield event

    def remove(self) -> None:
        """Removes the file: its records are elsewhere now."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _take(self, asked: Mapping[str, Any]) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CildaError(
                f"another process writes {self.path}", "wait for its end, or name another file", exit_code=_BUSY
            ) from error
        try:
            self._file.seek(0)
            head = self._file.readline()
            own = encode({"v": VERSION, "t": 0, "kind": "asked", "asked": dict(asked)})
            # Nothing yet, or as much of the first line as a crash left of it.
            if not head.endswith(b"\n") and (own.startswith(head) or head.startswith(_HEAD)):
                os.ftruncate(self._file.fileno(), 0)
                self._file.write(own)
                self._file.flush()
                return
            self._refuse_others(decode(head), asked)
            self._cut_to_whole_chunks(len(head))
        except OSError as error:
            raise refusal(error, self.path) from error

    def _refuse_others(self, head: Event | None, asked: Mapping[str, Any]) -> None:
        before = None if head is None or head["kind"] != "asked" else head.get("asked")
        if not isinstance(before, dict):
            raise CildaError(f"{self.path} is nothing that can be gone on with", "remove it, or name another file")
        for what in {**before, **asked}:
            if before.get(what) != asked.get(what):
                raise CildaError(
                    f"{self.path} was begun with another {what}: {before.get(what)}, now {asked.get(what)}",
                    "ask for the same again, or give --anew to drop it",
                )

    def _cut_to_whole_chunks(self, begin: int) -> None:
        end = place = begin
        for line in self._file:
            place += len(line)
            if _CHUNK in line and line.endswith(b"\n") and (event := decode(line)) and event["kind"] == "chunk":
                self.chunks += 1
                end = place
        os.ftruncate(self._file.fileno(), end)
