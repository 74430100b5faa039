"""The whole page, as one text."""

from __future__ import annotations

from typing import Final

from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import element, rendered, said
from cilda_tui.report.sections import SECTIONS
from cilda_tui.report.sections.head import head
from cilda_tui.report.style import policy, sheet

GENERATOR: Final = '<meta name="generator" content="cilda report">'
"""What stands in the first lines of every report, and in no other file."""

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
{generator}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
{title}
<style>{style}</style>
</head>
"""


def page(found: Gathered) -> str:
    """The report as HTML: no script, nothing from elsewhere, a few megabytes at most."""
    style = sheet()
    title = rendered(element("title", f"{found.view.folder.id[:200]} – cilda report"))
    links = [element("li", element("a", called, href=f"#{where}")) for where, called, _ in SECTIONS]
    body = element(
        "body",
        head(found),
        element("nav", element("ul", links), aria_label="Parts of this page"),
        element(
            "main",
            [
                element("section", element("h2", called, id=where), part(found), class_="part-of-page")
                for where, called, part in SECTIONS
            ],
        ),
        element(
            "footer", element("p", "Written by cilda ", said(found.wanted.version), ", from the run's folder alone.")
        ),
    )
    opening = _HEAD.format(policy=policy(style), generator=GENERATOR, title=title, style=style)
    return f"{opening}{rendered(body)}\n</html>\n"
