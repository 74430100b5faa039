"""`cilda resume`: a paused run is told to go on, a dead one is started again from its last checkpoint."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from cilda.cli.beforehand import Role, still_there
from cilda.cli.chosen import AsJson, RunArgument, RunsDirOption, chosen, named, say
from cilda.cli.ending import left_alone, print_outcome, recorded_outcome
from cilda.cli.going_on import place_of
from cilda.cli.launch import launch
from cilda.cli.processes import asked_for, rank, start_anew, started_together
from cilda.cli.train import asked_of, work
from cilda.cli.writable import refuse_unwritable
from cilda.errors import CildaError, UsageError
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder, give_up
from cilda.runs.locks import BUSY, await_release
from cilda.runs.status import status_of
from cilda.runs.store import open_run

ANSWER_SECONDS = 10.0


def resume(
    run: RunArgument = None,
    runs_dir: RunsDirOption = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Train in this process.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Print the run's id and return; so it is without a terminal.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also a run that contact was lost with: its machine is surely dead.")
    ] = False,
    gpus: Annotated[
        int | None,
        typer.Option(
            "--gpus", metavar="N", min=1, help="By so many processes now; by default as many as it began with."
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Give up damaged checkpoints: begin anew where none is whole.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run: one that was paused, stopped or killed.

    It continues from its last whole checkpoint, with every random state, as if nothing had happened. Another number of
    processes goes on with the same batches, but with other dropout.
    """
    if foreground and detach:
        raise UsageError("--foreground and --detach exclude each other", "leave one of them out")
    folder = chosen(run, runs_dir)
    if rank():
        # The main process asks whether it may go on.
        work(folder)
        return
    status = status_of(folder)
    if status.word != "finished":
        refuse_unwritable(folder)
    # An orphan, too, may have been paused.
    if status.word == "paused" or (status.word == "orphaned" and open_run(folder).state.get("status") == "paused"):
        _wake(folder)
        return
    if status.word == "finished":
        raise CildaError(f"{folder.id} is finished", f"begin another like it: cilda distill --from {named(folder)}")
    if status.word == "lost" and not force:
        raise CildaError(f"contact with {folder.id} is lost: {status.why}", "ask on its machine, or use --force")
    if not status.ended and status.word != "lost":
        why = f" ({status.why})" if status.why else ""
        todo = f"look at it with: cilda watch {named(folder)}; end it first with: cilda stop {named(folder)}"
        raise CildaError(f"{folder.id} is {status.shown}{why}", todo, exit_code=BUSY)
    asked, config = asked_of(folder)
    rows = open_run(folder).state.get("rows")
    models: Sequence[Role] = ("teacher",) if asked.get("job") == "finetune" else ("teacher", "student", "generator")
    config = asked_for(config if gpus is None else config.model_copy(update={"gpus": gpus}), given=gpus is not None)
    still_there(config, rows, models, run=named(folder))
    await_release(folder.supervisor_lock, folder.trainer_lock)
    _look_where(folder, anew=anew)
    if foreground and config.gpus > started_together():
        start_anew(config.gpus)
    if foreground or started_together() > 1:
        work(folder)
        outcome = recorded_outcome(folder)
        if outcome is not None:
            print_outcome(folder, outcome, as_json=as_json)
        return
    launch(folder, processes=config.gpus)
    left_alone(folder, detach=detach, as_json=as_json)


def _wake(folder: RunFolder) -> None:
    """Tells a paused trainer to go on, and waits for its word."""
    from cilda.runs.control import Answers, ask, refused

    answers = Answers(folder)
    request = ask(folder, "resume")
    deadline = time.monotonic() + ANSWER_SECONDS
    for answer in answers.of(request):
        if answer is not None and answer["answer"] == "refused":
            raise refused(answer, named(folder))
        if answer is not None and answer["answer"] == "done":
            say(f"{folder.id} goes on")
            return
        if time.monotonic() > deadline:
            raise CildaError(f"{folder.id} has not answered yet", "see: cilda ps")
        time.sleep(0.1)


def _look_where(folder: RunFolder, *, anew: bool) -> None:
    """Says on stderr from which checkpoint the run will go on; with `anew` gives up those that nobody can use.

    Raises:
        CildaError: there are some, and none is whole.
    """
    if read_json(folder.run_json).get("job") == "bench":
        say(_bench_words(folder))
        return
    place = place_of(folder)
    for error in place.damaged:
        say(error.what)
    if place.name is None and (place.lost or place.damaged) and not anew:
        listed = ", ".join((*place.damaged_names, *place.lost))
        raise CildaError(
            f"none of {folder.id}'s checkpoints is whole: {listed}",
            f"to give them up and begin anew: cilda resume {named(folder)} --anew; they stay in {folder.checkpoints}",
        )
    if anew:
        give_up(folder, place.damaged_names if place.name is None else ())
    if place.name is not None:
        said = (
            f"it goes on from the one before, {place.name}" if place.damaged else f"its last checkpoint is {place.name}"
        )
    else:
        said = "it begins anew" if place.lost or place.damaged else "there is no checkpoint: it begins anew"
    say(f"{folder.id}: {said}")


def _bench_words(folder: RunFolder) -> str:
    """How far a bench has come."""
    from cilda.bench.record import read_record

    record = read_record(folder)
    runs = [record.run_of(cell) for cell in record.plan.cells]
    done = sum(run.exists() and status_of(run).word == "finished" for run in runs)
    return f"{folder.id}: {done} of {len(runs)} runs have finished, it goes on with the others"
