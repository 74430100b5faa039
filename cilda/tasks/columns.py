"""A table's columns as texts and labels, or what is wrong with them by row."""

from __future__ import annotations

import math
import re

from cilda.errors import CildaError, unknown
from cilda.tasks.table import Table, shortened

Label = str | int | float

# At most 18 digits: a longer "number" is a name, such as a bar code, and would lose its last digits as a float.
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def texts_of(table: Table, column: str, *, allow_empty: bool) -> list[str]:
    """The texts of one column, unchanged; missing ones become "" where `allow_empty`.

    Raises:
        CildaError: values that are not text, or texts that are missing or only white space (unless allowed).
    """
    values = table.column(column)
    texts: list[str] = []
    empty: list[int] = []
    for position, value in enumerate(values):
        text = "" if value is None else value
        if not isinstance(text, str):
            kind = type(text).__name__
            raise CildaError(
                f"{table.source}, {table.where([position])}: {column!r} holds {shortened(text)} ({kind}), not text",
                "name the column that holds the texts",
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise CildaError(
                f"{table.source}, {table.where([position])}: column {column!r} holds half of a surrogate pair",
                "the text was cut in the middle of a character; mend or remove the row",
            ) from error
        if not text.strip():
            empty.append(position)
        texts.append(text)
    if empty and not allow_empty:
        raise CildaError(
            f"{table.source}: {_count(len(empty), 'row')} without a text in {column!r}: {table.where(empty)}",
            "fill or remove them, or keep them as empty texts with --allow-empty",
        )
    return texts


def labels_of(table: Table, column: str) -> list[Label]:
    """The labels of one column: whole numbers as int, others as float, all else as words without outer white space.

    Numbers whose names the file itself states become those names.

    Raises:
        CildaError: labels that are missing, not finite, or neither word nor number.
    """
    names = table.class_names.get(column, ())
    labels: list[Label] = []
    missing: list[int] = []
    for position, value in enumerate(table.column(column)):
        label = _label(value)
        if names and isinstance(label, int):
            label = names[label] if 0 <= label < len(names) else None
        if label is None:
            missing.append(position)
            continue
        if isinstance(label, float) and not math.isfinite(label):
            raise CildaError(
                f"{table.source}, {table.where([position])}: {column!r} holds {shortened(value)}, not a finite label",
                "mend or remove the row",
            )
        labels.append(label)
    if missing:
        raise CildaError(
            f"{table.source}: {_count(len(missing), 'row')} without a label in {column!r}: {table.where(missing)}",
            "fill or remove them",
        )
    return labels


def label_sets_of(table: Table, column: str, separator: str) -> list[tuple[str, ...]]:
    """The labels of one column where a row may have several: lists as they are, words parted at `separator`.

    An empty value means that a row has none of them.

    Raises:
        CildaError: values that are neither words nor lists of words.
    """
    found: list[tuple[str, ...]] = []
    for position, value in enumerate(table.column(column)):
        parts = value if isinstance(value, list | tuple) else str("" if value is None else value).split(separator)
        if any(isinstance(part, list | tuple | dict) for part in parts):
            raise CildaError(
                f"{table.source}, {table.where([position])}: {column!r} holds {shortened(value)}, no labels",
                f"give words with {separator!r} between them, or a list of words",
            )
        words = (str(part).strip() for part in parts if part is not None)
        found.append(tuple(dict.fromkeys(word for word in words if word)))
    return found


def class_numbers(
    table: Table, column: str, labels: list[Label], names: tuple[str, ...], *, or_numbers: bool = False
) -> list[int]:
    """The class numbers of labels given by name, or, where `or_numbers` and no label is a name, by number.

    Raises:
        CildaError: a label that is none of them; its rows are named and the nearest name is proposed.
    """
    words = [str(label) for label in labels]
    numbers = {name: number for number, name in enumerate(names)}
    if or_numbers and not any(word in numbers for word in words) and all(isinstance(label, int) for label in labels):
        numbers = {str(number): number for number in range(len(names))}
    strangers = [position for position, word in enumerate(words) if word not in numbers]
    if strangers:
        stranger = words[strangers[0]]
        places = [position for position in strangers if words[position] == stranger]
        error = unknown("label", shortened(stranger), numbers)
        raise CildaError(f"{table.source}, {table.where(places)}, column {column!r}: {error.what}", error.todo)
    return [numbers[word] for word in words]


def numbers_of(table: Table, column: str, labels: list[Label]) -> list[float]:
    """Labels as numbers on a scale.

    Raises:
        CildaError: a label that is a word.
    """
    strangers = [position for position, label in enumerate(labels) if isinstance(label, str)]
    if strangers:
        word = labels[strangers[0]]
        raise CildaError(
            f"{table.source}, {table.where(strangers)}: {column!r} mixes numbers with words ({shortened(word)!r})",
            "mend these labels, or give words only to learn classes",
        )
    return [float(label) for label in labels]


def _label(value: object) -> Label | None:
    """One label in its plain form; None if there is none."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return value
        case float():
            if math.isnan(value):
                return None
            return int(value) if value.is_integer() else value
        case str():
            word = value.strip()
            if WHOLE.fullmatch(word):
                return int(word)
            if DECIMAL.fullmatch(word):
                return _label(float(word))
            return word or None
        case _:
            return str(value)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
