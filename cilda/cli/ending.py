"""What a command that started a run leaves behind: the run's id, or after its end the comparison of both models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from cilda.cli.launch import tell_started
from cilda.cli.run_words import RUN_FAILED
from cilda.cli.table import aligned, show_json
from cilda.cli.terminal import interactive
from cilda.runs.events import finite
from cilda.runs.layout import RunFolder
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.distill.outcome import Outcome


def left_alone(folder: RunFolder, *, detach: bool, as_json: bool) -> None:
    """Follows a run that was started in the background, where a person can look at it; else prints its id.

    Raises:
        typer.Exit: the run ended while it was looked at, and not well (exit code 4).
    """
    if detach or not interactive():
        tell_started(folder)
        if as_json:
            show_json({"run": folder.id, "folder": str(folder.path.absolute())})
        else:
            print(folder.id)
        return
    from cilda.cli.dashboard import open_dashboard

    print(one_line(f"run {folder.id} in {folder.path.parent}; q leaves, the run goes on"), file=sys.stderr)
    status = open_dashboard(folder, folder.path.parent)
    if status is None or not status.ended:
        return
    if status.word != "finished":
        raise typer.Exit(RUN_FAILED)
    outcome = recorded_outcome(folder)
    if outcome is not None:
        print_outcome(folder, outcome, as_json=as_json)


def recorded_outcome(folder: RunFolder) -> Outcome | None:
    """What a finished run's last event says; None where it is not there, or of a run that made no student."""
    from cilda.distill.outcome import Outcome
    from cilda.runs.store import read_events

    fields = set(Outcome.__dataclass_fields__)
    for event in read_events(folder.events, {"finished"}):
        if fields <= event.keys():
            return Outcome(**{field: event[field] for field in fields})
    return None


def print_outcome(folder: RunFolder, outcome: Outcome, *, as_json: bool) -> None:
    """The comparison on stderr; on stdout the student's folder, or everything as JSON."""
    rows = [
        (split, metric, f"{outcome.teacher[split][metric]:.4f}", f"{score:.4f}")
        for split, scores in outcome.student.items()
        for metric, score in scores.items()
    ]
    sizes = [f"{count:,}" for count in (outcome.teacher_parameters, outcome.student_parameters)]
    rows.append(("", "parameters", sizes[0], sizes[1]))
    print("\n".join(aligned(("split", "metric", "teacher", "student"), rows)), file=sys.stderr)
    if as_json:
        show_json(finite({"run": folder.id, "student_folder": str(folder.student), **outcome.to_json()}))
    else:
        print(folder.student)
