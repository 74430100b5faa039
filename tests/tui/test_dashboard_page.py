from __future__ import annotations

from pathlib import Path

from cilda_tui.keymap import GROUPS, help_groups

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dashboard.md"
BEGIN, END = "<!-- keys: made from cilda_tui/keymap.py -->\n", "<!-- end of keys -->\n"


def keys_table() -> str:
    """The key table as markdown: `python -m tests.tui.test_dashboard_page` puts it into the page."""
    lines: list[str] = []
    for title, keys in help_groups():
        lines += [f"### {title}", "", "| key | what it does |", "|---|---|"]
        lines += [f"| {' '.join(f'`{name}`' for name in key.shown.split())} | {key.words} |" for key in keys]
        lines.append("")
    return "\n".join(lines)


def test_the_page_names_every_key_as_the_table_has_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    _, _, rest = text.partition(BEGIN)
    assert rest.partition(END)[0].strip() == keys_table().strip(), "run: python -m tests.tui.test_dashboard_page"


def test_every_group_has_keys() -> None:
    assert [title for title, keys in help_groups() if keys] == list(GROUPS.values())


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{keys_table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
