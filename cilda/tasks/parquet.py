"""Parquet files and Arrow tables as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.errors import CildaError
from cilda.tasks.table import Table, repeated

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(path: Path) -> Table:
    """The file's columns; class names are taken over where the `datasets` library stored them in it.

    Raises:
        CildaError: the file is not Parquet, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            table = pq.ParquetFile(file).read()
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise CildaError(f"{path} is not a readable Parquet file: {reason}", "write or copy it again") from error
    return from_arrow(table, str(path), class_names=stored_class_names(table.schema.metadata))


def from_arrow(table: pa.Table, source: str, class_names: dict[str, tuple[str, ...]]) -> Table:
    """An Arrow table's columns as Python values."""
    twice = repeated(table.column_names)
    if twice:
        raise CildaError(f"{source} has two columns named {twice[0]!r}", "give every column its own name")
    columns = {name: table[name].to_pylist() for name in table.column_names}
    return Table(source, columns, range(1, table.num_rows + 1), class_names=class_names)


def stored_class_names(metadata: dict[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    """The names behind label numbers, as `datasets` writes them beside a schema; empty where there are none."""
    try:
        features: Any = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {
            name: tuple(feature["names"])
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        # Another program's note under the same key; the numbers speak for themselves then.
        return {}
