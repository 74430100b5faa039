"""A table on a terminal: folded to its width, names kept whole while they can be, nothing read as markup."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.cli.table import show_table, widths


@pytest.fixture(name="terminal")
def _terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Makes stdout a terminal of 40 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in {"COLUMNS": "40", "LINES": "20", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("terminal")
def test_sentences_fold_and_names_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name", "note"), [("a/name-of-twenty-char", "a note that is longer than the terminal")])
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert any("a/name-of-twenty-char" in line for line in lines)
    assert all(len(line) <= 40 for line in lines)
    assert "terminal" in lines[-1]


@pytest.mark.usefixtures("terminal")
def test_square_brackets_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("token",), [("[bold]",), ("[/]",)])
    shown = capsys.readouterr().out
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
