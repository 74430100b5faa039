"""The page about filters says what the code does: its columns, its examples, its grammar's limits."""

from __future__ import annotations

import re
from pathlib import Path

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.query import parse
from cilda.rewrites.query_parser import DEEPEST, LONGEST_QUERY
from cilda.rewrites.query_reader import SIGN
from cilda.rewrites.query_terms import SWAPPED
from cilda.rewrites.tables import FORMATS, PIECES, REST

PAGE = Path(__file__).resolve().parents[2] / "docs" / "inspect.md"
BEGIN, END = "<!-- columns: made from cilda/rewrites/columns.py -->\n", "<!-- end of columns -->\n"
LABELS = ("neutral", "entailment")


def columns_table() -> str:
    """The columns as markdown: `python -m tests.rewrites.test_inspect_page` puts them into the page."""
    rows: list[tuple[str, str, str]] = [(column.name, column.kind, column.what) for column in COLUMNS.values()]
    rows += [(name, "words", what) for name, (_, what) in SWAPPED.items()]
    return "\n".join(
        ("| column | | |", "|---|---|---|", *(f"| `{name}` | {kind} | {what} |" for name, kind, what in rows))
    )


def test_the_page_names_every_column_as_the_table_has_it() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    assert rest.partition(END)[0].strip() == columns_table(), "run: python -m tests.rewrites.test_inspect_page"


def test_every_filter_on_the_page_is_one() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("### Filters")[2].partition("A mistake is told")[0]
    (example,) = re.findall(r"^```\n(.*?)\n```", text, flags=re.MULTILINE | re.DOTALL)
    parse(example, LABELS)
    filters = [
        part for row in re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE) for part in re.findall(r"`(.+?)`", row)
    ]
    assert len(filters) > 7
    for one in filters:
        parse(one, LABELS)
    commands = re.findall(r"--where '(.*?)'", PAGE.read_text(encoding="utf-8"))
    for command in commands:
        parse(command, LABELS)


def test_the_page_tells_signs_limits_and_formats() -> None:
    text = PAGE.read_text(encoding="utf-8")
    signs = re.findall(r'"(.+?)"', text.partition("\nsign ")[2].partition(";")[0])
    assert all(SIGN.fullmatch(sign) for sign in signs)
    assert len(signs) == 8
    assert f"at most {LONGEST_QUERY:,} letters, and {DEEPEST} parentheses" in text
    assert all(f"| `{form}` |" in text for form in FORMATS)
    assert all(f"`{name}`" in text for name in (*REST, *PIECES))


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{columns_table()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
