"""Reports of made runs, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cilda.runs.layout import RunFolder
from cilda_tui.report.gathered import Gathered, Wanted, gather
from cilda_tui.report.page import page
from tests.tui.made_run import MADE
from tests.tui.report.strict_html import Page

WANTED = Wanted(labels=("negative", "positive"), defaults={"seed": 42, "mask_fraction": 0.2}, version="0.1.0")


def gathered(folder: RunFolder, now: float, wanted: Wanted = WANTED) -> Gathered:
    """What a report of this run tells, at a time."""
    return gather(folder, wanted, lambda: now)


def page_of(folder: RunFolder, now: float, wanted: Wanted = WANTED) -> Page:
    """The report, read strictly."""
    return Page(page(gathered(folder, now, wanted)))


@dataclass(frozen=True)
class Report:
    """What was gathered, and the page that came of it."""

    found: Gathered
    html: str
    page: Page


class Reports:
    """Reports of the made runs by their situations, each made once."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._made: dict[str, Report] = {}

    def __getitem__(self, situation: str) -> Report:
        if situation not in self._made:
            with MADE[situation](self._runs_dir / situation.replace(" ", "-")) as made:
                found = gathered(made.folder, made.now)
                html = page(found)
                self._made[situation] = Report(found, html, Page(html))
        return self._made[situation]
