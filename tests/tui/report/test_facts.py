"""What a report keeps of a run's events: each warning once, and memory for no more than a page shows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.report.facts import MOST_NOTES, MOST_WARNINGS, Facts
from tests.tui.any_events import any_events
from tests.tui.made_events import event, metrics


def facts_of(*events: dict[str, Any]) -> Facts:
    facts = Facts()
    facts.take(events)
    return facts


def test_a_warning_that_comes_again_and_again_is_one_with_its_number() -> None:
    warnings = [event("alert", float(t), level="warning", what="slow disk", todo="look") for t in range(50)]
    facts = facts_of(*warnings, event("alert", 99.0, level="info", what="loading"), metrics(1, total=1.0))
    (only,) = facts.warnings
    assert (only.notice.what, only.first, only.notice.t, only.times) == ("slow disk", 0.0, 49.0, 50)


def test_of_very_many_warnings_and_notes_some_are_kept_and_all_are_counted() -> None:
    facts = facts_of(
        *(event("alert", float(t), level="error", what=f"trouble {t}") for t in range(MOST_WARNINGS + 7)),
        *(event("note", float(t), text=f"words {t}", by="ada") for t in range(MOST_NOTES + 3)),
    )
    assert (len(facts.warnings), facts.warnings_left_out) == (MOST_WARNINGS, 7)
    assert (len(facts.notes), facts.notes_seen) == (MOST_NOTES, MOST_NOTES + 3)
    assert facts.notes[-1].what == f"ada: words {MOST_NOTES + 2}"


def test_a_run_that_went_on_has_forgotten_how_it_ended_before() -> None:
    failed = event("failed", what="no memory", todo="smaller", traceback="Traceback:\n  line")
    assert facts_of(failed).traceback == "Traceback:\n  line"
    facts = facts_of(event("started", attempt=1), failed, event("started", attempt=2))
    assert (facts.failed, facts.traceback, facts.attempts) == (None, "", 2)


def test_the_teacher_s_scores_and_the_student_s_layers_are_kept() -> None:
    facts = facts_of(
        event("teacher", name="t", score=0.9, metric="accuracy", scores={"validation": {"accuracy": 0.9, "f1": "NaN"}}),
        event("layer_map", layers=[[1, 2], [2, 4], ["x", 1], 3], description="every second"),
    )
    assert facts.teacher_scores == {"validation": {"accuracy": 0.9}}
    assert (facts.layers, facts.layers_described) == (((1, 2), (2, 4)), "every second")


@given(st.lists(any_events(), max_size=5))
def test_any_event_is_taken_as_far_as_it_makes_sense(events: list[dict[str, Any]]) -> None:
    facts_of(*(one for one in events if isinstance(one["kind"], str) and isinstance(one["t"], int | float)))
