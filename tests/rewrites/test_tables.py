"""Exported rewrites are what was recorded when they are read back, in each format, however strange."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.rewrites.tables import FORMATS, PIECES, PROBABILITIES, REST, Format, record, write_table
from cilda.runs.events import Event, finite
from tests.rewrites.made_rewrites import LABELS, made_events
from tests.tui.strange_texts import strange_texts

NAMES = [*COLUMNS, *REST]


def rewrites_of(events: Iterator[Event] | list[Event]) -> list[Rewrite]:
    return [rewrite for event in events if (rewrite := rewrite_of(event)) is not None]


def made(**fields: object) -> Rewrite:
    (rewrite,) = rewrites_of([{**next(made_events(1)), **fields}])
    return rewrite


def written(rewrites: list[Rewrite], form: Format, labels: tuple[str, ...] = LABELS) -> bytes:
    sink = io.BytesIO()
    assert write_table(iter(rewrites), form, sink, labels) == len(rewrites)
    return sink.getvalue()


def from_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def from_parquet(data: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return rows


REWRITES = rewrites_of(made_events(200, hostile=True))


def whole_letters(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("labels", [LABELS, ()])
def test_json_holds_the_whole_record(labels: tuple[str, ...]) -> None:
    wanted = [json.loads(json.dumps(finite(record(rewrite, labels)))) for rewrite in REWRITES]
    assert json.loads(written(REWRITES, "json", labels)) == wanted
    assert [json.loads(line) for line in written(REWRITES, "jsonl", labels).decode().split("\n")[:-1]] == wanted
    assert list(wanted[0]) == [*NAMES, *PIECES]


def test_csv_has_a_row_for_each_whatever_its_texts_hold() -> None:
    rows = from_csv(written(REWRITES, "csv"))
    assert list(rows[0]) == NAMES
    assert [row["real"] for row in rows] == [whole_letters(rewrite.real) for rewrite in REWRITES]
    assert [row["flip"] for row in rows] == [str(r.teacher_flips or r.student_flips).lower() for r in REWRITES]
    for name in PROBABILITIES:
        assert [tuple(json.loads(row[name] or "[]")) for row in rows] == [getattr(r, name) for r in REWRITES]


@pytest.mark.parametrize("labels", [LABELS, ()])
def test_parquet_has_typed_columns(labels: tuple[str, ...]) -> None:
    rows = from_parquet(written(REWRITES, "parquet", labels))
    assert list(rows[0]) == [*NAMES, *PIECES]
    for column in COLUMNS.values():
        if column.kind == "number":
            values = [column.value(rewrite) for rewrite in REWRITES]
            assert all(same(row[column.name], value) for row, value in zip(rows, values, strict=True)), column.name
    assert [row["soft"] for row in rows] == [whole_letters(rewrite.soft) for rewrite in REWRITES]
    assert [tuple(row["drawn_places"]) for row in rows] == [rewrite.drawn for rewrite in REWRITES]


def same(one: object, other: object) -> bool:
    """Whether two values are alike; NaN is like itself."""
    return one == other or (one != one and other != other)  # noqa: PLR0124


@pytest.mark.parametrize("form", FORMATS)
def test_no_rewrites_are_a_table_without_rows(form: Format) -> None:
    data = written([], form)
    read: dict[str, Callable[[bytes], object]] = {
        "json": json.loads, "jsonl": bytes.splitlines, "csv": from_csv, "parquet": from_parquet
    }  # fmt: skip
    assert read[form](data) == []
    if form == "csv":
        assert data.decode() == ",".join(NAMES) + "\n"


def test_numbers_that_are_not_finite_are_told_as_they_are() -> None:
    rewrites = [made(kl_soft=value) for value in ("NaN", "Infinity", "-Infinity", None)]
    assert [row["kl"] for row in json.loads(written(rewrites, "json"))] == ["NaN", "Infinity", "-Infinity", None]
    assert [row["kl"] for row in from_csv(written(rewrites, "csv"))] == ["NaN", "Infinity", "-Infinity", ""]
    nan, *others = [row["kl"] for row in from_parquet(written(rewrites, "parquet"))]
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, None]


def test_a_class_is_told_by_its_name_where_there_is_one() -> None:
    rewrites = [made(label=label) for label in (1, 7, "other", None)]
    assert [row["label"] for row in json.loads(written(rewrites, "json"))] == ["positive", 7, "other", None]
    assert [row["label"] for row in json.loads(written(rewrites, "json", ()))] == [1, 7, "other", None]
    assert [row["label"] for row in from_parquet(written(rewrites, "parquet"))] == ["positive", "7", "other", None]
    assert [row["label"] for row in from_parquet(written(rewrites, "parquet", ()))] == [1.0, 7.0, None, None]


def test_an_amount_is_never_taken_for_a_class() -> None:
    amount = made(teacher_real=1.0, student_real=2.0, teacher_soft=1.5, student_soft=0.5, label=1.0)
    (row,) = json.loads(written([amount], "json"))
    assert row["label"] == 1
    assert row["teacher_soft"] == [1.5]


@given(st.lists(st.tuples(strange_texts(), strange_texts()), max_size=4))
def test_any_text_is_read_back(texts: list[tuple[str, str]]) -> None:
    rewrites = [made(real=real, soft=soft, real_tokens=[real]) for real, soft in texts]
    wanted = [(whole_letters(real), whole_letters(soft)) for real, soft in texts]
    assert [(row["real"], row["soft"]) for row in json.loads(written(rewrites, "json"))] == texts
    assert [(row["real"], row["soft"]) for row in from_csv(written(rewrites, "csv"))] == wanted
    assert [(row["real"], row["soft"]) for row in from_parquet(written(rewrites, "parquet"))] == wanted


def test_rewrites_are_written_as_they_come() -> None:
    sink = io.BytesIO()
    sizes = []

    def watched() -> Iterator[Rewrite]:
        for rewrite in REWRITES:
            sizes.append(sink.tell())
            yield rewrite

    write_table(watched(), "csv", sink)
    assert len(set(sizes)) == len(REWRITES)
