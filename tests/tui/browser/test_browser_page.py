"""The page names every key of the browser as the table in code has it."""

from __future__ import annotations

from pathlib import Path

from cilda_tui.browser.keymap import GROUPS, help_groups

PAGE = Path(__file__).resolve().parents[3] / "docs" / "inspect.md"
BEGIN, END = "<!-- keys: made from cilda_tui/browser/keymap.py -->\n", "<!-- end of keys -->\n"


def keys_table() -> str:
    """The key table as markdown: `python -m tests.tui.browser.test_browser_page` puts it into the page."""
    lines = ["| key | what it does |", "|---|---|"]
    for title, keys in help_groups():
        lines.append(f"| **{title}** | |")
        lines += [f"| {' '.join(f'`{name}`' for name in key.shown.split())} | {key.words} |" for key in keys]
    return "\n".join(lines)


def test_the_page_names_every_key_as_the_table_has_it() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    assert rest.partition(END)[0].strip() == keys_table(), "run: python -m tests.tui.browser.test_browser_page"


def test_every_group_has_keys() -> None:
    assert [title for title, keys in help_groups() if keys] == list(GROUPS.values())


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{keys_table()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
