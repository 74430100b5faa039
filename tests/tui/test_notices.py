"""What a person reads of each kind of event."""

from __future__ import annotations

import pytest

from cilda.runs.events import KINDS
from cilda_tui.notices import notice_of
from tests.tui.made_events import evaluation, event, metrics, stage

SILENT = {"metrics", "augmentation", "system"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_but_those_that_come_all_the_time_has_a_line_even_without_its_fields(kind: str) -> None:
    notice = notice_of(event(kind, 3.0))
    assert (notice is None) == (kind in SILENT)
    assert notice is None or (notice.t, notice.kind) == (3.0, kind)


@pytest.mark.parametrize(
    ("told", "level", "what"),
    [
        (event("started", host="node7", device="cuda:0", attempt=1), "info", "began on node7 cuda:0"),
        (event("started", host="node7", attempt=2), "info", "went on (attempt 2) on node7"),
        (stage(), "info", "stage student begins: 1,000 turns"),
        (stage(40, resumed_from="step-student-00000040"), "info", "stage student goes on from turn 40 of 1,000"),
        (evaluation(10, 0.9, best=True), "good", "best: accuracy 0.9000 on validation"),
        (evaluation(10, 0.9), "info", "accuracy 0.9000 on validation"),
        (event("alert", level="error", what="oh", todo="do"), "error", "oh"),
        (event("alert", level="odd", what="oh"), "warning", "oh"),
        (event("request", what="stop", answer="refused", by="ada", why="no"), "warning", "stop refused for ada: no"),
        (event("failed", what="it broke"), "error", "it broke"),
        (event("finished", student={"validation": {"accuracy": 0.9}}), "good", "finished: accuracy 0.9000"),
        (event("note", text="hello", by="ada"), "info", "ada: hello"),
        (event("teacher", name="bert", score=0.9, metric="accuracy"), "info", "teacher bert: accuracy 0.9000"),
    ],
)
def test_lines(told: dict[str, object], level: str, what: str) -> None:
    notice = notice_of(told)
    assert notice is not None
    assert (notice.level, notice.what) == (level, what)


def test_metrics_have_none() -> None:
    assert notice_of(metrics(1)) is None
