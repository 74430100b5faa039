"""JSON Lines files as tables: one object a line."""

from __future__ import annotations

import json
from pathlib import Path

from cilda.errors import CildaError
from cilda.tasks.table import Table, repeated, shortened
from cilda.tasks.text_file import read_text


def read_json_lines(path: Path) -> Table:
    """The union of all keys as columns; where a row lacks a key, its value is None. Empty lines are passed over.

    Raises:
        CildaError: a line is not JSON, not an object, or has a key twice.
    """
    records: list[dict[str, object]] = []
    lines: list[int] = []
    # Not splitlines(): a JSON string may hold characters that Python takes for line ends.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            records.append(_record(path, number, line))
            lines.append(number)
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    return Table(str(path), columns, lines, unit="line")


def _record(path: Path, number: int, line: str) -> dict[str, object]:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        twice = repeated(name for name, _ in pairs)
        if twice:
            raise CildaError(f"{path}, line {number:,}: the key {twice[0]!r} stands twice", "keep one of the two")
        return dict(pairs)

    try:
        record = json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        todo = 'each line holds one object, such as {"text": "fine", "label": "good"}'
        raise CildaError(f"{path}, line {number:,} is not JSON ({error}): {shortened(line)}", todo) from error
    if not isinstance(record, dict):
        todo = 'each line holds one object, such as {"text": "fine", "label": "good"}'
        raise CildaError(f"{path}, line {number:,} is not a JSON object: {shortened(line)}", todo)
    return record
