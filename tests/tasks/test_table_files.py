"""Files of every kind become the table that was meant, or an error that names the row."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cilda.errors import CildaError, UsageError
from cilda.tasks.table import Table, counted_places
from cilda.tasks.table_files import read_table

# Each example overwrites the file of the one before.
ONE_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def columns(path: Path) -> dict[str, list[object]]:
    return read_table(path).columns


@given(rows=ROWS, line_end=st.sampled_from(["\n", "\r\n", "\r"]), mark=st.booleans())
@ONE_FILE
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str]], line_end: str, mark: bool
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    content = (codecs.BOM_UTF8 if mark else b"") + buffer.getvalue().encode()
    table = read_table(written(tmp_path / "any.csv", content))
    assert list(zip(table.columns["text"], table.columns["label"], strict=True)) == rows
    assert len(table) == len(rows)


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\x00\t\r\n"), max_size=12)


@given(rows=st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=6))
@ONE_FILE
def test_bare_tab_separated_lines_keep_their_rows(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """Stray quotes never swallow a row: GLUE's own files are full of them."""
    content = "\n".join("\t".join(row) for row in [("text", "label"), *rows])
    table = read_table(written(tmp_path / "any.tsv", content))
    assert len(table) == len(rows)
    if not any('"' in field for row in rows for field in row):
        assert list(zip(table.columns["text"], table.columns["label"], strict=True)) == rows


@given(rows=ROWS)
@ONE_FILE
def test_json_lines_are_read_back_whatever_their_characters(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
    table = read_table(written(tmp_path / "any.jsonl", "\n".join(lines)))
    assert list(zip(table.columns["text"], table.columns["label"], strict=True)) == rows


@given(rows=ROWS, number=st.floats(allow_nan=False))
@ONE_FILE
def test_parquet_is_read_back(tmp_path: Path, rows: list[tuple[str, str]], number: float) -> None:
    texts, labels = (list(column) for column in zip(*rows, strict=True))
    pq.write_table(pa.table({"text": texts, "label": labels, "x": [number] * len(rows)}), tmp_path / "any.parquet")
    assert columns(tmp_path / "any.parquet") == {"text": texts, "label": labels, "x": [number] * len(rows)}


@given(content=st.binary(max_size=60), ending=st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]))
@ONE_FILE
def test_any_bytes_give_a_table_or_words(tmp_path: Path, content: bytes, ending: str) -> None:
    path = written(tmp_path / f"any{ending}", content)
    try:
        table = read_table(path)
    except CildaError as error:
        words = (error.what, error.todo)
    else:
        words = ("read", "it")
        assert all(len(values) == len(table) for values in table.columns.values())
    assert all(words)


def test_a_quoted_field_holds_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'text,label\r\n"one, ""two""\r\nthree",x\r\nfour,y\r\n')
    table = read_table(path)
    assert table.columns == {"text": ['one, "two"\r\nthree', "four"], "label": ["x", "y"]}
    assert table.where([0]) == "line 2"
    assert table.where([1]) == "line 4"


def test_a_byte_order_mark_and_spaces_around_names_are_no_part_of_them(tmp_path: Path) -> None:
    assert list(columns(written(tmp_path / "a.csv", b"\xef\xbb\xbftext, label\na,b\n"))) == ["text", "label"]


def test_an_unnamed_index_column_is_passed_over(tmp_path: Path) -> None:
    assert columns(written(tmp_path / "a.csv", ",text,label\n0,a,b\n")) == {"text": ["a"], "label": ["b"]}


def test_empty_lines_are_passed_over_and_still_counted(tmp_path: Path) -> None:
    assert read_table(written(tmp_path / "a.csv", "text,label\n\n\na,b\n\n")).where([0]) == "line 4"
    assert read_table(written(tmp_path / "a.jsonl", '\n{"text": "a"}\n\n')).where([0]) == "line 2"


def test_quotes_that_a_spreadsheet_put_around_tab_separated_fields_come_off(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", 'text\tlabel\n"a ""b"""\tx\n"c\nd"\ty\n')
    assert columns(path) == {"text": ['a "b"', "c\nd"], "label": ["x", "y"]}


def test_a_stray_quote_in_a_tab_separated_file_is_a_character(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", 'text\tlabel\n"a\tx\nb"\ty\n')
    assert columns(path) == {"text": ['"a', 'b"'], "label": ["x", "y"]}


def test_a_key_that_some_lines_lack_is_none_there(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n')
    assert columns(path) == {"text": ["a", "b"], "label": [1, None]}


def test_class_names_stored_in_parquet_are_known(tmp_path: Path) -> None:
    features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(pa.table({"text": ["a"], "label": [1]}).replace_schema_metadata(metadata), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").class_names == {"label": ("bad", "good")}


@pytest.mark.parametrize(
    "note", ["not JSON", "[]", "{}", '{"info": 3}', '{"info": {"features": [1]}}', '{"info": {"features": {"a": 1}}}']
)
def test_another_program_s_note_in_parquet_is_no_hindrance(tmp_path: Path, note: str) -> None:
    table = pa.table({"text": ["a"]}).replace_schema_metadata({"huggingface": note})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").class_names == {}


MISTAKES: dict[str, tuple[str, str | bytes, str]] = {
    "ragged": ("a.csv", "text,label\na,b\nc\nd,e,f\n", "lines 3 and 4"),
    "ragged in tabs": ("a.tsv", "text\tlabel\na\tb\nc\n", "line 3"),
    "open quote": ("a.csv", 'text,label\na,b\n"c,d\ne,f\n', "begins in line 3"),
    "undoubled quote": ("a.csv", 'text,label\n"a"b,c\n', "begins in line 2"),
    "name twice": ("a.csv", "text,text\na,b\n", "'text' more than once"),
    "empty": ("a.csv", "", "is empty"),
    "no rows in csv": ("a.csv", "text,label\n", "has no rows"),
    "no rows in jsonl": ("a.jsonl", "\n\n", "has no rows"),
    "latin 1": ("a.csv", b"text,label\ncaf\xe9,b\n", "line 2 holds the byte 0xe9 at offset 14"),
    "latin 1 after a mark": (
        "a.csv",
        b"\xef\xbb\xbftext,label\ncaf\xe9,b\n",
        "line 2 holds the byte 0xe9 at offset 17",
    ),
    "utf-16": ("a.csv", "text,label\na,b\n".encode("utf-16"), "is UTF-16"),
    "broken utf-8 in jsonl": ("a.jsonl", b'{"text": "a"}\n{"text": "\xff"}\n', "line 2 holds the byte 0xff"),
    "not json": ("a.jsonl", '{"text": "a"}\n{"text": \n', "line 2 is not JSON"),
    "no object": ("a.jsonl", '["a"]\n', "line 1 is not a JSON object"),
    "deep nesting": ("a.jsonl", "[" * 100_000, "line 1 is not JSON"),
    "key twice": ("a.jsonl", '{"text": "a", "text": "b"}\n', "'text' stands twice"),
    "no parquet": ("a.parquet", "text,label\n", "not a readable Parquet file"),
    "cut parquet": ("a.parquet", b"PAR1\x00\x00PAR1", "not a readable Parquet file"),
}


@pytest.mark.parametrize(("name", "content", "what"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_damaged_file_is_refused_with_its_place(tmp_path: Path, name: str, content: str | bytes, what: str) -> None:
    with pytest.raises(CildaError) as caught:
        read_table(written(tmp_path / name, content))
    assert what in caught.value.what
    assert name in caught.value.what
    assert caught.value.todo


def test_two_parquet_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), tmp_path / "a.parquet")
    with pytest.raises(CildaError, match="two columns named 'text'"):
        read_table(tmp_path / "a.parquet")


def test_a_huge_field_is_taken_for_an_open_quote(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="begins in line 2"):
        read_table(written(tmp_path / "a.csv", 'text,label\n"' + "a,b\n" * 50_000))


def test_the_ending_decides_how_a_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.xlsx"):
        read_table(written(tmp_path / "a.xlsx", "x"))
    with pytest.raises(UsageError) as caught:
        read_table(written(tmp_path / "a.csv.gz", "x"))
    assert caught.value.todo == "unpack it first"
    assert len(read_table(written(tmp_path / "A.CSV", "text\na\n"))) == 1


def test_a_file_that_is_not_there_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    written(tmp_path / "train.csv", "text\na\n")
    with pytest.raises(CildaError) as caught:
        read_table(tmp_path / "trian.csv")
    assert caught.value.todo == "did you mean train.csv?"
    with pytest.raises(CildaError) as caught:
        read_table(tmp_path / "nowhere" / "train.csv")
    assert "no folder" in caught.value.todo


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "set.csv").mkdir()
    with pytest.raises(CildaError, match="is a folder"):
        read_table(tmp_path / "set.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_of_another_owner_is_refused_in_words(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text\na\n")
    path.chmod(0)
    with pytest.raises(CildaError, match="cannot read"):
        read_table(path)


def test_a_missing_column_is_refused_with_the_nearest_one() -> None:
    table = Table("a.csv", {"text": ["a"], "label": ["b"]}, [2], unit="line")
    with pytest.raises(UsageError) as caught:
        table.column("lable")
    assert "did you mean label?" in caught.value.todo
    assert "a.csv" in caught.value.what


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([3], "line 3"),
        ([3, 1200], "lines 3 and 1,200"),
        ([1, 2, 3, 4, 5], "lines 1, 2, 3, 4 and 5"),
        (list(range(1, 101)), "lines 1, 2, 3, 4, 5 and 95 more"),
    ],
)
def test_many_places_are_named_in_few_words(places: list[int], words: str) -> None:
    assert counted_places("line", places) == words


def test_semicolons_separate_where_the_header_has_no_comma_and_the_source_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '\r\ntext;"label, gold"\r\n"a; b";good\r\nc, d;bad\r\n')
    table = read_table(path)
    assert table.columns == {"text": ["a; b", "c, d"], "label, gold": ["good", "bad"]}
    assert table.source == f"{path} (separated by semicolons)"
    commas = written(tmp_path / "b.csv", 'text,"a;b"\nx;y,z\n')
    assert read_table(commas) == Table(str(commas), {"text": ["x;y"], "a;b": ["z"]}, [2], unit="line")


def test_a_header_of_commas_and_semicolons_is_told_when_a_column_is_missed(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.csv", "text;label,note\na;good,x\n"))
    with pytest.raises(UsageError, match=r"no column in .* named 'text'") as refused:
        table.column("text")
    assert "its header has commas and semicolons" in refused.value.todo
