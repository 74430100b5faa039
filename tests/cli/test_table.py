"""A table on a terminal: folded to its width, names kept whole while they can be, nothing read as markup."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.cli.table import harmless_json, show_json, show_table, widths


def drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of 40 columns shows."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    for name, value in {"COLUMNS": "40", "LINES": "20", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    show_table(columns, rows)
    return re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())


def test_sentences_fold_and_names_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a/name-of-twenty-char", "a note that is longer than the terminal")]
    lines = drawn(("name", "note"), rows, monkeypatch).splitlines()
    assert any("a/name-of-twenty-char" in line for line in lines)
    assert [line for line in lines if len(line) > 40] == []
    assert "terminal" in lines[-1]


def test_rows_stand_one_by_one_where_a_table_would_break_names(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("electra-small", "google/electra-small-discriminator", "12"), ("b", "c/d", "")]
    lines = drawn(("model", "on the hub", "layers"), rows, monkeypatch).splitlines()
    assert [line.rstrip() for line in lines] == [
        "electra-small",
        "  on the hub:",
        "  google/electra-small-discriminator",
        "  layers: 12",
        "b",
        "  on the hub: c/d",
    ]


def test_square_brackets_are_not_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(("token",), [("[bold]",), ("[/]",)], monkeypatch)
    assert "[bold]" in shown
    assert "[/]" in shown


def test_a_number_is_not_cut_while_a_sentence_can_fold() -> None:
    cells = [("model", "width", "note"), ("bert", "1024", "a sentence of many words")]
    assert widths(cells, 20)[1] == 5


@given(
    cells=st.integers(1, 5).flatmap(
        lambda count: st.lists(
            st.lists(st.text("ab \n", max_size=30), min_size=count, max_size=count), min_size=1, max_size=5
        )
    ),
    available=st.integers(5, 100),
)
def test_columns_never_outgrow_the_terminal(cells: list[list[str]], available: int) -> None:
    assert sum(widths(cells, available)) <= available


@given(value=st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_on_a_terminal_means_the_same_and_moves_no_cursor(value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    shown = harmless_json(text)
    assert json.loads(shown) == value
    assert all(line.isprintable() for line in shown.split("\n"))


def test_json_is_made_harmless_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show_json({"a": "\x9b31mré"})
    assert capsys.readouterr().out == '{\n  "a": "\x9b31mré"\n}\n'
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    show_json({"a": "\x9b31mré"})
    assert terminal.getvalue() == '{\n  "a": "\\u009b31mré"\n}\n'
