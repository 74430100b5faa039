"""The end of a run's log as it grows: bounded lines with their levels, whatever the size of the files."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from cilda.runs.layout import RunFolder
from cilda.runs.log_lines import CHUNK_BYTES, collapsed, tail_offset

LINES = 5000
"""What is kept; older lines are in the file."""
LONGEST_LINE = 4000
POLL_BYTES = 4 * 1024 * 1024
"""What one poll reads at most."""

# Each process that worked on the run has a file; the last few are enough to scroll back to.
_FILES = 3

# Colours and erasures that programs write for a terminal: without meaning here, and a nuisance to read.
_STYLING = re.compile(r"\x1b\[[0-9;]*[mKGJ]")
_ERROR = re.compile(r"\b(?:CRITICAL|FATAL|ERROR|Traceback|\w*(?:Error|Exception)(?=:))|\berror:")
_WARNING = re.compile(r"\b(?:WARN|WARNING|\w*Warning)\b|\bwarning:", re.IGNORECASE)


@dataclass(frozen=True)
class LogLine:
    """A line as it was written, but for colours, and its level: `info`, `warning`, `error` or `seam` between files."""

    text: str
    level: str = "info"


@dataclass(frozen=True)
class LogText:
    """What is known of the log at one moment."""

    lines: tuple[LogLine, ...] = ()
    file: str = ""
    """The newest file's name; empty where there is none."""
    size_bytes: int = 0
    cut: bool = False
    """Whether there are older lines than these."""
    trouble: str = ""


class LogTail:
    """Reads the newest log files of a run from their ends on, as they grow: one thread polls, any may read `text`."""

    def __init__(self, folder: RunFolder, *, lines: int = LINES) -> None:
        self.text = LogText()
        self._folder = folder.log
        self._limit = lines
        self._lines: deque[LogLine] = deque(maxlen=lines)
        self._path: Path | None = None
        self._offset = 0
        self._pending = b""
        self._cut = False
        self._in_traceback = False

    def poll(self) -> LogText:
        """Reads what is new, a bounded piece, and gives all that is known now; nothing is raised."""
        try:
            names = sorted(path.name for path in self._folder.glob("train.*.log"))
            if self._path is None:
                self._cut, names = len(names) > _FILES, names[-_FILES:]
            else:
                names = [name for name in names if name >= self._path.name]
            for name in names:
                if self._path is None or name != self._path.name:
                    self._enter(self._folder / name, newest=name == names[-1])
                self._read(self._folder / name)
            self.text = self._told("")
        except OSError as error:
            self.text = self._told(error.strerror or "cannot be read")
        return self.text

    def _enter(self, path: Path, *, newest: bool) -> None:
        """Begins with a file: with its end, if older lines could not be kept anyway."""
        self._flush()
        offset, _ = tail_offset(path, self._limit if newest else self._limit // 10)
        if self._path is not None:
            self._lines.append(LogLine(path.name, "seam"))
        self._cut = self._cut or offset > 0
        self._path, self._offset = path, offset

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < self._offset:
                # Somebody emptied it: it begins anew.
                self._offset, self._pending = 0, b""
            if size - self._offset > POLL_BYTES:
                # It grows faster than anybody reads: go on near its end.
                self._offset, self._pending, self._cut = size - POLL_BYTES, b"", True
            file.seek(self._offset)
            while self._offset < size and (chunk := file.read(CHUNK_BYTES)):
                self._offset += len(chunk)
                *whole, self._pending = (self._pending + chunk).split(b"\n")
                for line in whole:
                    self._keep(line)
                if len(self._pending) > CHUNK_BYTES:
                    # A progress bar writes over itself: only its last state matters.
                    self._pending = self._pending[-CHUNK_BYTES:]

    def _flush(self) -> None:
        if self._pending:
            self._keep(self._pending)
        self._pending = b""

    def _keep(self, line: bytes) -> None:
        text = readable(line)
        level = level_of(text)
        # What is indented below a traceback's head, and its last line, belong to it.
        if self._in_traceback and not text[:1].isspace():
            level, self._in_traceback = "error", False
        elif self._in_traceback:
            level = "error"
        if text.startswith("Traceback"):
            self._in_traceback = True
        self._cut = self._cut or len(self._lines) == self._limit
        self._lines.append(LogLine(text, level))

    def _told(self, trouble: str) -> LogText:
        lines = tuple(self._lines)
        if self._pending:
            text = readable(self._pending)
            lines = (*lines, LogLine(text, level_of(text)))
        name = self._path.name if self._path else ""
        return LogText(lines, name, self._offset, self._cut, trouble)


def readable(line: bytes) -> str:
    """A line's text as a terminal would show it at last, its colours dropped; not yet harmless."""
    return _STYLING.sub("", collapsed(line)[: 4 * LONGEST_LINE].decode("utf-8", "replace"))[:LONGEST_LINE]


def level_of(text: str) -> str:
    """`error`, `warning` or `info`, by the words that loggers and Python write near a line's beginning."""
    head = text[:200]
    if _ERROR.search(head):
        return "error"
    return "warning" if _WARNING.search(head) else "info"
