"""What a run's student said of the rows that it was judged on, row by row: `predictions/<split>.tsv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from cilda.runs.atomic import refusal, write_atomic
from cilda.runs.layout import RunFolder

_COLUMNS = ("id", "gold", "prediction")


@dataclass(frozen=True)
class Predictions:
    """N rows of a split: their ids, gold labels and predictions, as class numbers or amounts."""

    ids: tuple[str, ...]
    gold: tuple[float, ...]
    said: tuple[float, ...]


def keep_predictions(
    folder: RunFolder, split: str, ids: Sequence[str], gold: Sequence[float | str], said: Sequence[float | str]
) -> None:
    """Writes a split's file whole or not at all; an older one is replaced. Words stand for several labels of a row.

    Raises:
        CildaError: the disk refused.
    """
    lines = io.StringIO()
    # The writer itself does not see that a reader would take this one for the end of a line.
    table = csv.writer(lines, delimiter="\t", lineterminator="\n")
    if any("\r" in name for name in ids):
        table = csv.writer(lines, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(_COLUMNS)
    table.writerows(zip(ids, gold, said, strict=True))
    path = folder.predictions / f"{split}.tsv"
    try:
        folder.predictions.mkdir(exist_ok=True)
        write_atomic(path, lines.getvalue().encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise refusal(error, path) from error


def read_predictions(folder: RunFolder, split: str) -> Predictions | None:
    """What `keep_predictions` wrote; None where there is no such file, a damaged one, or words in it."""
    try:
        # Not read_text, which would turn line ends inside of ids into others.
        text = (folder.predictions / f"{split}.tsv").read_bytes().decode("utf-8", "surrogatepass")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
        if not rows or tuple(rows[0]) != _COLUMNS:
            return None
        ids, gold, said = zip(*rows[1:], strict=True) if len(rows) > 1 else ((), (), ())
        return Predictions(tuple(ids), tuple(map(float, gold)), tuple(map(float, said)))
    except (OSError, ValueError, csv.Error):
        return None
