"""An index of all rewrites of a run: their numbers as columns, their texts to search in, where each of them lies.

It is built in pieces while others read it, kept in the user's cache, and disposable: whatever does not fit the run or
this version is built anew.
"""

from __future__ import annotations

import bisect
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np

from cilda.rewrites.index_cache import cache_folder, forget_old, index_path
from cilda.rewrites.index_column import ColumnCache
from cilda.rewrites.index_file import IndexFile
from cilda.rewrites.index_lines import read_lines
from cilda.rewrites.index_part import KEY, LENGTH, NUMBERS, OFFSET, KeptPart, MadePart, Part, blank_part, folded, joined
from cilda.rewrites.index_source import SegmentSource
from cilda.rewrites.index_stale import fitting, made_again, still_holds
from cilda.rewrites.index_text import rows_with
from cilda.rewrites.rewrite import Rewrite
from cilda.runs.segments import segment_numbers, segment_path

PART_REWRITES = 4096
"""So many rewrites are kept together; a tail of fewer stays in memory until the index is closed."""

_PART_BYTES = 32 * 1024 * 1024
_OPEN_SECONDS = 0.2

Where = Literal["both", "real", "soft", "id", "why"]


class Index:
    """All rewrites of a folder of segments by their place in the order of writing, from 0.

    One thread may call `catch_up` while another reads. What is known only grows: an array that was given stays right,
    and a later one may be longer.
    """

    def __init__(self, augmentations: Path, cache: Path | None) -> None:
        self._folder = augmentations
        self._cache = cache
        self._lock = threading.RLock()
        self._working = threading.Lock()
        self._parts: list[Part] = []
        self._tail: list[MadePart] = []
        self._unsure: deque[tuple[KeptPart, bool]] = deque()
        self._file: IndexFile | None = None
        self._spares: list[IndexFile] = []
        self._columns = ColumnCache()
        self._source = SegmentSource(augmentations)
        self._closed = False

    @classmethod
    def open(cls, augmentations: Path, *, cache: Path | None = None) -> Self:
        """The index of a folder of segments, as far as it was built before; `catch_up` builds on.

        It lies in the user's cache, or in the folder `cache`; where it cannot, in a temporary file or in memory.
        """
        index = cls(augmentations, cache_folder() if cache is None else cache)
        index._begin()
        return index

    def catch_up(self, seconds: float = 0.2) -> bool:
        """Indexes on, for about so long at most; whether the end of what is there now is met."""
        deadline = time.monotonic() + seconds
        with self._working:
            while not self._closed:
                if not (self._settle() if self._unsure else self._step()):
                    return True
                if time.monotonic() >= deadline:
                    return False
        return True

    def __len__(self) -> int:
        """Rewrites indexed so far."""
        with self._lock:
            return sum(part.extent.rewrites for part in (*self._parts, *self._tail))

    @property
    def known_fraction(self) -> float:
        """The share of the bytes that lie there now which is indexed."""
        with self._lock:
            last = (self._tail or self._parts)[-1].extent if self._tail or self._parts else None
        known = whole = 0
        try:
            for number in segment_numbers(self._folder):
                size = segment_path(self._folder, number).stat().st_size
                whole += size
                if last is not None and number <= last.segment:
                    known += size if number < last.segment else min(size, last.end)
        except OSError:
            return 1.0
        return known / whole if whole else 1.0

    @property
    def trouble(self) -> str | None:
        """Why the segments cannot be read at present; None while all is well."""
        return self._source.trouble

    def column(self, name: str) -> np.ndarray:
        """A column of numbers, flags or classes by its name, as float64; NaN where nobody said it.

        Raises:
            KeyError: there is no such column, or it holds texts.
        """
        if name not in NUMBERS:
            raise KeyError(name)
        return self._column(name, np.float64)

    def rewrite(self, place: int) -> Rewrite:
        """One rewrite, read from its line.

        Raises:
            IndexError: there is no such place.
            CildaError: its line is no longer there.
        """
        return self.rewrites([place])[0]

    def rewrites(self, places: Sequence[int]) -> list[Rewrite]:
        """The rewrites at these places, in their order; as `rewrite`."""
        parts, firsts = self._view()
        wanted: list[tuple[int, int, int]] = []
        known: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for place in map(int, places):
            if not 0 <= place < firsts[-1]:
                raise IndexError(f"no rewrite at {place}: there are {firsts[-1]}")
            number = bisect.bisect_right(firsts, place) - 1
            if number not in known:
                offsets, lengths = (self._section(parts, number, name) for name in (OFFSET, LENGTH))
                known[number] = np.frombuffer(offsets, np.int64), np.frombuffer(lengths, np.int64)
            row = place - firsts[number]
            wanted.append((parts[number].extent.segment, int(known[number][0][row]), int(known[number][1][row])))
        return read_lines(self._folder, wanted)

    def containing(
        self,
        phrase: str,
        places: np.ndarray | None = None,
        *,
        where: Where = "both",
        newest_first: bool = True,
        whole: bool = False,
    ) -> Iterator[np.ndarray]:
        """The places whose text contains the phrase, in blocks; large and small letters are alike.

        Falling from the newest, or else rising, throughout; of all, or of those among `places`. `both` looks into real
        and soft. With `whole` the text must be the phrase. Blocks without any are left out.
        """
        wanted = folded(phrase)
        among = None if places is None else np.unique(places)
        names = ("real", "soft") if where == "both" else (where,)
        parts, firsts = self._view()
        for number in reversed(range(len(parts))) if newest_first else range(len(parts)):
            first, end = firsts[number], firsts[number + 1]
            if among is not None:
                start, stop = np.searchsorted(among, (first, end))
                if start == stop:
                    continue
            sections = [self._section(parts, number, name) for name in names]
            rows = [rows_with(section, wanted, whole=whole) for section in sections]
            found = (rows[0] if len(rows) == 1 else np.union1d(*rows)) + first
            if among is not None:
                found = np.intersect1d(found, among[start:stop], assume_unique=True)
            if len(found):
                yield found[::-1] if newest_first else found

    def same_text(self, place: int) -> np.ndarray:
        """The places of all rewrites of the same text, by their time: those of its id, or, without one, of its words.

        Raises:
            IndexError: there is no such place.
        """
        keys = self._column(KEY, np.uint64)
        if not 0 <= place < len(keys):
            raise IndexError(f"no rewrite at {place}: there are {len(keys)}")
        found = np.flatnonzero(keys == keys[place])
        return found[np.argsort(self.column("time")[found], kind="stable")]

    def close(self) -> None:
        """Keeps what is known for the next time. It can still be read here, but grows no more."""
        with self._working:
            if self._closed:
                return
            self._closed = True
            if self._tail and not self._source.within and self._file is not None and self._file.writable:
                self._flush()
            if self._file is not None:
                self._file.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        assert self._cache is not None
        path = index_path(self._folder, self._cache)
        self._file = IndexFile.open(path, str(self._folder.resolve()))
        if self._file is None:
            return
        parts = self._file.parts()
        self._unsure.extend(fitting(self._folder, parts))
        self._file.cut(parts[: len(self._unsure)])
        deadline = time.monotonic() + _OPEN_SECONDS
        while self._unsure and time.monotonic() < deadline:
            self._settle()
        if self._file.writable:
            forget_old(self._cache, path)

    def _settle(self) -> bool:
        """Takes a part over that an earlier process made, if its lines are still those; always True."""
        part, sure = self._unsure.popleft()
        if sure or still_holds(self._folder, part):
            with self._lock:
                self._parts.append(part)
        else:
            self._unsure.clear()
            if self._file is not None:
                self._file.cut([one for one in self._parts if isinstance(one, KeptPart)])
        if not self._unsure and self._parts:
            last = self._parts[-1].extent
            self._source = SegmentSource(self._folder, last.segment, last.end)
        return True

    def _step(self) -> bool:
        """Indexes one piece; False where there is none at present."""
        part, ends = self._source.step()
        if part is not None:
            with self._lock:
                self._tail.append(part)
                _gather(self._tail)
        if not self._source.within and (ends or self._is_full()):
            self._flush()
        if ends:
            self._source.go_on()
        return part is not None or ends

    def _is_full(self) -> bool:
        if not self._tail:
            return False
        rewrites = sum(part.extent.rewrites for part in self._tail)
        return rewrites >= PART_REWRITES or self._tail[-1].extent.end - self._tail[0].extent.start >= _PART_BYTES

    def _flush(self) -> None:
        """Puts the tail away as one part."""
        if not self._tail:
            return
        part = joined(self._tail)
        kept = self._keep(part)
        self._source.mark()
        with self._lock:
            self._parts.append(kept)
            self._tail.clear()

    def _keep(self, part: MadePart) -> Part:
        """The part in the cache, or in a temporary file, or as it is."""
        for file in self._files():
            if file.writable:
                try:
                    return file.append(part)
                except OSError:
                    file.writable = False
        for folder in (self._cache, None):
            try:
                spare = IndexFile.temporary(folder)
                kept = spare.append(part)
            except OSError:
                continue
            self._spares.append(spare)
            return kept
        return part

    def _files(self) -> list[IndexFile]:
        return [*([] if self._file is None else [self._file]), *self._spares]

    def _view(self) -> tuple[list[Part], list[int]]:
        """All parts there are now, and the first place of each, with the number of all at the end."""
        with self._lock:
            parts = [*self._parts, *self._tail]
        return parts, [0, *accumulate(part.extent.rewrites for part in parts)]

    def _column(self, name: str, kind: type[np.generic]) -> np.ndarray:
        parts, firsts = self._view()
        return self._columns.get(name, kind, firsts, lambda number: self._section(parts, number, name))

    def _section(self, parts: list[Part], number: int, name: str) -> bytes:
        """The bytes of a section; of a damaged one made again."""
        part = parts[number]
        data = part.section(name)
        if data is None and isinstance(part, KeptPart):
            made = made_again(self._folder, part) or blank_part(part.extent, part.stamp)
            with self._lock:
                mended = any(file.mend(part, made) for file in self._files())
                if not mended and number < len(self._parts) and self._parts[number] is part:
                    self._parts[number] = made
            parts[number] = made
            data = made.section(name)
        assert data is not None
        return data


def _gather(tail: list[MadePart]) -> None:
    """Joins pieces of a like size, so that a few are left of however many."""
    while len(tail) > 1 and tail[-2].extent.rewrites <= 2 * tail[-1].extent.rewrites:
        tail[-2:] = [joined(tail[-2:])]
