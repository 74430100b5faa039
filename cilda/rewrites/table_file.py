"""The file that exported rewrites go into: its ending names the format, and it is whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from cilda.rewrites.tables import Format

ENDINGS: dict[str, Format] = {
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet",
}  # fmt: skip
"""By the ending of a file the format that is written into it."""


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name, and the place of what lay there, when it is whole.

    Raises:
        OSError: the disk refused.
    """
    temporary = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
