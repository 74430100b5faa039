"""A user's file as a table, by the ending of its name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from cilda.errors import CildaError, UsageError
from cilda.tasks.delimited import read_csv, read_tsv
from cilda.tasks.json_lines import read_json_lines
from cilda.tasks.parquet import read_parquet
from cilda.tasks.table import Table

READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_json_lines,
    ".parquet": read_parquet,
}


def read_table(path: Path) -> Table:
    """All of a CSV, TSV, JSON Lines or Parquet file; costs the file's size in memory a few times over.

    Raises:
        UsageError: the name ends in something else.
        CildaError: the file is missing, a folder, unreadable, damaged, or has no rows.
    """
    endings = ", ".join(READERS)
    try:
        if path.is_dir():
            raise CildaError(f"{path} is a folder, not a file", f"name one file in it: {endings}")
        reader = READERS.get(path.suffix.lower())
        if reader is None:
            packed = path.suffix.lower() in (".gz", ".bz2", ".xz", ".zip", ".zst")
            todo = "unpack it first" if packed else f"the name must end in one of: {endings}"
            raise UsageError(f"cannot tell how to read {path}: its name ends in {path.suffix or 'nothing'}", todo)
        table = reader(path)
    except FileNotFoundError as error:
        raise missing(path) from error
    except OSError as error:
        raise CildaError(f"cannot read {path}: {error.strerror or error}", "check who owns it and its mode") from error
    if not len(table):
        raise CildaError(f"{path} has no rows", "it needs at least one row below the names of the columns")
    return table


def missing(path: Path) -> CildaError:
    """That a file is not there, with the names that are near."""
    return CildaError(f"no file at {path}", _near(path))


def _near(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder} either"
    names = sorted(other.name for other in folder.iterdir() if other.suffix.lower() in READERS)
    near = difflib.get_close_matches(path.name, names, n=2)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"{folder} holds {', '.join(names[:8])}" if names else f"{folder} holds no such files"
