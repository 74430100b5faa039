"""A table read from a file: named columns, and where in the file each row stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from cilda.errors import UsageError, unknown

SHOWN_PLACES = 5
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Table:
    """Columns of equal length, their values as the file gave them.

    source: the path or the hub repository, for messages.
    places: for each row, its number in the file as an editor counts, from 1; `unit` says what is counted.
    class_names: for columns whose file states them, the names behind the numbers 0, 1, ….
    """

    source: str
    columns: dict[str, list[object]]
    places: Sequence[int]
    unit: str = "row"
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.places)

    def column(self, name: str) -> list[object]:
        """The values of one column.

        Raises:
            UsageError: there is no such column; the nearest names are proposed.
        """
        if name not in self.columns:
            names = [shortened(known) for known in self.columns if known]
            error = unknown(f"column in {self.source}", name, names)
            if any(";" in known for known in names):
                todo = "its header has commas and semicolons: separate the columns by one of them alone"
                raise UsageError(error.what, f"{error.todo}\n{todo}")
            raise error
        return self.columns[name]

    def take(self, positions: Sequence[int]) -> Table:
        """The rows at `positions` (from 0), in that order."""
        columns = {name: [values[position] for position in positions] for name, values in self.columns.items()}
        return replace(self, columns=columns, places=[self.places[position] for position in positions])

    def where(self, positions: Sequence[int]) -> str:
        """The places of some rows in words: "line 3", "lines 3, 9 and 12", "lines 3, 4, 5, 6, 7 and 90 more"."""
        return counted_places(self.unit, [self.places[position] for position in positions])


def counted_places(unit: str, places: Sequence[int]) -> str:
    """The first few places by number, the rest by their count."""
    if len(places) == 1:
        return f"{unit} {places[0]:,}"
    shown = [f"{place:,}" for place in places[:SHOWN_PLACES]]
    if len(places) > SHOWN_PLACES:
        return f"{unit}s {', '.join(shown)} and {len(places) - SHOWN_PLACES:,} more"
    return f"{unit}s {', '.join(shown[:-1])} and {shown[-1]}"


def repeated(names: Iterable[str]) -> list[str]:
    """The non-empty names that stand more than once, each once, in order."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name and name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)


def shortened(value: object) -> str:
    """A value as it can stand in a message: at most 40 characters."""
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
