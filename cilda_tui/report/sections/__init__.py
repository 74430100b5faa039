"""The parts of a page, in their order. To add one: one file beside this one, one row here."""

from __future__ import annotations

from cilda_tui.report.sections.events import events
from cilda_tui.report.sections.examples import examples
from cilda_tui.report.sections.losses import losses
from cilda_tui.report.sections.machine import machine
from cilda_tui.report.sections.rewrites import rewrites
from cilda_tui.report.sections.scores import scores
from cilda_tui.report.sections.settings import settings

SECTIONS = (
    ("scores", "Scores", scores),
    ("losses", "Losses", losses),
    ("rewrites", "What the generator did", rewrites),
    ("examples", "Rewritten texts", examples),
    ("events", "Warnings and notes", events),
    ("machine", "The machine", machine),
    ("settings", "Settings", settings),
)
"""Where it stands on the page, its title, and what makes it."""
