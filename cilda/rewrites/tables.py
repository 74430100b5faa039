"""Rewrites as files for other programs: JSON, JSON lines, CSV, Parquet, written a few at a time.

Every format has, where a data set was rewritten, the data set's own columns; then the columns of `COLUMNS` in their
order, classes by their names where these are known; then the rest of the record. A missing value is null, in CSV an
empty cell. NaN and infinities are numbers in Parquet, and the words NaN, Infinity and -Infinity elsewhere, which JSON
has no numbers for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from cilda.rewrites.columns import COLUMNS, Column
from cilda.rewrites.rewrite import Rewrite
from cilda.runs.events import finite
from cilda.runs.field import LARGEST_COUNT

Format = Literal["json", "jsonl", "csv", "parquet"]
FORMATS: dict[str, str] = {
    "json": "one array",
    "jsonl": "an object a line",
    "csv": "a row a rewrite, under the names of the columns",
    "parquet": "typed columns",
}
"""By name, with what each is."""

PROBABILITIES = ("teacher_real", "student_real", "teacher_soft", "student_soft")
REST = ("player", "regression", *PROBABILITIES)
"""What every format has after the columns."""
PIECES = {
    "real_tokens": "real_tokens",
    "soft_tokens": "soft_tokens",
    "drawn_places": "drawn",
    "real_spans": "real_spans",
    "soft_spans": "soft_spans",
}
"""What CSV has no cells for, and which field it is: `drawn` is a column, their number."""

_ROWS_AT_ONCE = 2000
_LETTERS_AT_ONCE = 4_000_000


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Takes some."""


@dataclass(frozen=True)
class OwnColumns:
    """The columns of the data set that was rewritten, under its own names; a column of ours of that name gives way."""

    texts: tuple[str, ...]
    """Of each of its texts."""
    label: str

    def cells(self, rewrite: Rewrite, labels: Sequence[str]) -> dict[str, object]:
        """The rewritten texts and the gold label."""
        after = (*rewrite.texts_after, "")
        texts = {name: after[min(place, len(after) - 1)] for place, name in enumerate(self.texts)}
        return {**texts, self.label: _cell(COLUMNS["label"], rewrite, labels)}


def write_table(
    rewrites: Iterable[Rewrite],
    form: Format,
    sink: Sink,
    labels: Sequence[str] = (),
    own: OwnColumns | None = None,
) -> int:
    """Writes rewrites as they come, holding some thousands at most; gives how many there were.

    Raises:
        OSError: the sink refused.
    """
    if form == "parquet":
        return _write_parquet(rewrites, sink, labels, own)
    count = 0
    for piece in _PIECES_OF[form](rewrites, lambda rewrite: record(rewrite, labels, own), names_of(own)):
        # Each rewrite is one piece, and so are head and end.
        sink.write(piece.encode())
        count += 1
    return count - _FRAMES[form]


def names_of(own: OwnColumns | None = None) -> tuple[str, ...]:
    """The columns that every format has, in their order."""
    mine = () if own is None else (*own.texts, own.label)
    return (*mine, *(name for name in (*COLUMNS, *REST) if name not in mine))


def record(rewrite: Rewrite, labels: Sequence[str] = (), own: OwnColumns | None = None) -> dict[str, Any]:
    """All that is known of a rewrite by name: its columns, then the rest of what was written down."""
    mine: dict[str, Any] = {} if own is None else own.cells(rewrite, labels)
    found: dict[str, Any] = {column.name: _cell(column, rewrite, labels) for column in COLUMNS.values()}
    rest = {name: getattr(rewrite, PIECES.get(name, name)) for name in (*REST, *PIECES)}
    return {**mine, **{name: value for name, value in (found | rest).items() if name not in mine}}


def class_name(value: float | None, labels: Sequence[str]) -> str | float | None:
    """A class by its name where that is known; else its number, or the amount."""
    if value is None or not labels or value not in range(len(labels)):
        return value
    return labels[int(value)]


def _cell(column: Column, rewrite: Rewrite, labels: Sequence[str]) -> object:
    value = column.value(rewrite)
    if column.name == "label" and value is None:
        # Some write the class itself instead of its number.
        return rewrite.label
    if value is None or isinstance(value, str):
        return value
    if column.kind == "flag":
        return bool(value)
    if column.kind == "class" and not rewrite.regression:
        value = class_name(value, labels)
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_COUNT:
        return int(value)
    return value


def _json(value: object) -> str:
    """One line of JSON; letters stand as they are, unless one of them is half of a pair, which UTF-8 cannot say."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return text


_Record = Callable[[Rewrite], dict[str, Any]]


def _json_lines(rewrites: Iterable[Rewrite], told: _Record, _: Sequence[str]) -> Iterator[str]:
    for rewrite in rewrites:
        yield _json(finite(told(rewrite))) + "\n"


def _json_array(rewrites: Iterable[Rewrite], told: _Record, _: Sequence[str]) -> Iterator[str]:
    yield "["
    before = "\n"
    for rewrite in rewrites:
        yield before + _json(finite(told(rewrite)))
        before = ",\n"
    yield "\n]\n"


def _csv(rewrites: Iterable[Rewrite], told: _Record, names: Sequence[str]) -> Iterator[str]:
    yield _csv_line(names)
    for rewrite in rewrites:
        cells = finite(told(rewrite))
        yield _csv_line(_csv_cell(cells[name]) for name in names)


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    # With \r\n the writer quotes cells with either letter; a row itself ends as lines do here.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _csv_cell(value: object) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return json.dumps(value) if value else ""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _write_parquet(rewrites: Iterable[Rewrite], sink: Sink, labels: Sequence[str], own: OwnColumns | None) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(labels, own)
    count = 0
    with parquet.ParquetWriter(pa.PythonFile(_Counting(sink), mode="w"), schema) as writer:
        for group in _groups(rewrites):
            records = [_parquet_record(rewrite, labels, schema, own) for rewrite in group]
            writer.write_table(pa.Table.from_pylist(records, schema=schema))
            count += len(group)
    return count


def _schema(labels: Sequence[str], own: OwnColumns | None) -> Any:
    import pyarrow as pa

    kinds = {
        "number": pa.float64(),
        "flag": pa.bool_(),
        "class": pa.string() if labels else pa.float64(),
        "text": pa.string(),
    }
    spans = pa.list_(pa.list_(pa.int64()))
    mine = {} if own is None else {**dict.fromkeys(own.texts, pa.string()), own.label: kinds["class"]}
    ours = dict(
        [
            *((column.name, kinds[column.kind]) for column in COLUMNS.values()),
            ("player", pa.string()),
            ("regression", pa.bool_()),
            *((name, pa.list_(pa.float64())) for name in PROBABILITIES),
            *((name, pa.list_(pa.string())) for name in ("real_tokens", "soft_tokens")),
            ("drawn_places", pa.list_(pa.int64())),
            *((name, spans) for name in ("real_spans", "soft_spans")),
        ]
    )
    return pa.schema([*mine.items(), *((name, kind) for name, kind in ours.items() if name not in mine)])


def _parquet_record(rewrite: Rewrite, labels: Sequence[str], schema: Any, own: OwnColumns | None) -> dict[str, Any]:
    found = record(rewrite, labels, own)
    mine = () if own is None else (*own.texts, own.label)
    if own is not None and found[own.label] is not None:
        found[own.label] = str(found[own.label]) if labels else float(found[own.label])
    for column in (column for column in COLUMNS.values() if column.name not in mine and column.name in found):
        value = found[column.name]
        if column.kind == "class" and value is not None:
            found[column.name] = str(value) if labels else column.value(rewrite)
        elif column.kind == "number" and value is not None:
            found[column.name] = float(value)
    # UTF-8 has no half pairs.
    return {name: _whole_letters(found[name]) for name in schema.names}


def _whole_letters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [_whole_letters(one) for one in value] if isinstance(value, tuple) else value


def _groups(rewrites: Iterable[Rewrite]) -> Iterator[list[Rewrite]]:
    """As many at once as fit into some megabytes."""
    group: list[Rewrite] = []
    letters = 0
    for rewrite in rewrites:
        group.append(rewrite)
        letters += len(rewrite.real) + len(rewrite.soft)
        if len(group) == _ROWS_AT_ONCE or letters >= _LETTERS_AT_ONCE:
            yield group
            group, letters = [], 0
    if group:
        yield group


class _Counting(io.RawIOBase):
    """A sink that knows how far it is: a pipe does not, and Parquet asks."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._sink.write(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written


_PIECES_OF = {"json": _json_array, "jsonl": _json_lines, "csv": _csv}
_FRAMES = {"json": 2, "jsonl": 0, "csv": 1}
