"""The file in the user's cache that an index is kept in: parts one after the other, each with its own checks.

Only who holds the file's lock writes to it, and only at its end. Whatever in it is not whole ends it: a process may be
killed at any moment. The file can be thrown away at any time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import tempfile
import weakref
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.index_part import HEAD_BYTES, KeptPart, MadePart

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_MADE_OF = ("columns.py", "rewrite.py", "index_part.py", "index_source.py", "../runs/field.py", "../runs/events.py")


class IndexFile:
    """A file of parts; `writable` where it is ours to write to."""

    def __init__(self, descriptor: int, *, writable: bool, beginning: bytes) -> None:
        self.descriptor = descriptor
        self.writable = writable
        self._begin = self._end = len(beginning)
        # Closed when nobody reads any more: a thread may still do so after `release`.
        self._closing = weakref.finalize(self, os.close, descriptor)

    @classmethod
    def open(cls, path: Path, about: str) -> IndexFile | None:
        """The file at a path, made anew unless it is one of this version about this folder.

        Not writable where another process writes to it; None where it cannot be had at all.
        """
        beginning = _beginning(about)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return cls._foreign(path, beginning)
        file = cls(descriptor, writable=_locked(descriptor), beginning=beginning)
        try:
            if os.pread(descriptor, len(beginning), 0) == beginning:
                return file
            if not file.writable:
                return None
            os.ftruncate(descriptor, 0)
            _write(descriptor, beginning, 0)
        except OSError:
            return None
        return file

    @classmethod
    def _foreign(cls, path: Path, beginning: bytes) -> IndexFile | None:
        """A file that we may read only."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        file = cls(descriptor, writable=False, beginning=beginning)
        try:
            return file if os.pread(descriptor, len(beginning), 0) == beginning else None
        except OSError:
            return None

    @classmethod
    def temporary(cls, folder: Path | None) -> IndexFile:
        """A file without a name, of this process alone.

        Raises:
            OSError: there can be none in that folder.
        """
        with tempfile.TemporaryFile(dir=folder) as file:
            return cls(os.dup(file.fileno()), writable=True, beginning=b"")

    def parts(self) -> list[KeptPart]:
        """The whole parts at its beginning."""
        found: list[KeptPart] = []
        try:
            size = os.fstat(self.descriptor).st_size
            at = self._end
            while (part := KeptPart.read(self.descriptor, at, size)) is not None:
                found.append(part)
                at = part.end
        except OSError:
            pass
        return found

    def cut(self, parts: Sequence[KeptPart]) -> None:
        """Keeps these parts, its first ones, and forgets what follows them."""
        self._end = parts[-1].end if parts else self._begin
        self._truncate()

    def append(self, part: MadePart) -> KeptPart:
        """Writes a part at the end.

        Raises:
            OSError: the disk refused; the file is as it was.
        """
        pieces = part.encoded()
        try:
            _write(self.descriptor, b"".join(pieces), self._end)
        except OSError:
            self._truncate()
            raise
        size = self._end + sum(map(len, pieces))
        kept = KeptPart.decoded(pieces[0], self.descriptor, self._end, size)
        assert kept is not None
        self._end = size
        return kept

    def mend(self, damaged: KeptPart, part: MadePart) -> bool:
        """Writes a part anew over a damaged one that says the same; False where that cannot be."""
        if not self.writable or damaged.descriptor != self.descriptor:
            return False
        head, *sections = part.encoded()
        kept = KeptPart.decoded(head, self.descriptor, damaged.offset, damaged.end)
        if kept is None or (kept.ends, kept.checks) != (damaged.ends, damaged.checks):
            return False
        try:
            _write(self.descriptor, b"".join(sections), damaged.offset + HEAD_BYTES)
        except OSError:
            return False
        return True

    def _truncate(self) -> None:
        if self.writable:
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self._end)

    def release(self) -> None:
        """Lets others write to it. What was read from it can still be read."""
        self.writable = False
        with contextlib.suppress(OSError):
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)


def _beginning(about: str) -> bytes:
    """The first line of a file that holds what this version would write about a folder."""
    said = {"index of rewrites": about, "code": _code(), "columns": [[one.name, one.kind] for one in COLUMNS.values()]}
    return json.dumps(said).encode("ascii") + b"\n"


def said_by(path: Path) -> str | None:
    """Which folder an index file is about; None where it is no such file, or cannot be read."""
    try:
        with path.open("rb") as file:
            about = json.loads(file.readline(64 * 1024))["index of rewrites"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return about if isinstance(about, str) else None


@lru_cache(maxsize=1)
def _code() -> str:
    """A sum over the code that an index is made by: nobody needs to remember to count a version up."""
    here = Path(__file__).parent
    total = hashlib.sha256()
    for name in _MADE_OF:
        # Installed without its source, a version is told by its columns alone.
        with contextlib.suppress(OSError):
            total.update((here / name).read_bytes())
    return total.hexdigest()[:16]


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks: two that write at once spoil parts, which their checks tell.
        return error.errno in _NO_LOCKS
    return True


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        offset += written
        view = view[written:]
