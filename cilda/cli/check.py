"""`cilda check`: whether a run will fit and how long it will take, before it begins."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cilda.cli.beforehand import looked_over
from cilda.cli.chosen import say
from cilda.cli.demo import DEMO_SETTINGS, DEMO_TASK, refuse_own_task
from cilda.cli.processes import asked_for
from cilda.cli.run_options import KEEP, Given, takes_settings
from cilda.cli.table import show_json
from cilda.runs.events import finite

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.preflight import Known, Preflight


@takes_settings(but=["keep", "track"])
def check(
    given: Given,
    demo: Annotated[bool, typer.Option("--demo", help="Look over the built-in demo.", rich_help_panel=KEEP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Look a run over: whether it fits, and how long it takes.

    Takes the options of `cilda distill` and plays one turn of each kind on the longest texts. Nothing is trained, and
    nothing is kept. Exit code 1 or, for a wrong option, 2 if the run would not go.
    """
    if demo:
        refuse_own_task(given.flags)
    config, _ = given.resolved(base=DEMO_SETTINGS if demo else {}, fixed=DEMO_TASK if demo else {})
    config = asked_for(config, given=True)
    from cilda.cli.main import printable

    preflight, notes = _looked_at(config)
    if as_json:
        show_json(finite({**preflight.to_json(), "notes": notes}))
    else:
        from cilda.cli.check_report import report

        print("\n".join(printable(line) for line in report(preflight, notes)))
    for trouble in preflight.troubles:
        print(f"cilda: {printable(trouble)}", file=sys.stderr)
    if preflight.troubles:
        print(f"       {printable(preflight.todo)}", file=sys.stderr)
        raise typer.Exit(1)


def _looked_at(config: RunConfig) -> tuple[Preflight, list[str]]:
    """The look-over, and what was said on the way; the folder in which it was said is gone afterwards."""
    say("looking at names, rows and disk")
    data = looked_over(config)
    say("loading PyTorch and the models")
    from cilda.distill.assembly import assemble_generator
    from cilda.distill.budget import Budget
    from cilda.distill.rehearsal import rehearsed
    from cilda.distill.teacher import load_teacher
    from cilda.runs.layout import create, default_runs_dir
    from cilda.runs.writer import RunWriter

    notes: list[str] = []

    def listen(event: dict[str, Any]) -> None:
        if event["kind"] == "alert":
            notes.append(str(event["what"]))

    with tempfile.TemporaryDirectory(prefix="cilda-check-") as scratch:
        writer = RunWriter(create(Path(scratch), "check"), listeners=[listen])
        with writer:
            base = load_teacher(config, data.task, writer)
            generator = assemble_generator(config, config.recipe, base, writer)
            folder = config.runs_dir or default_runs_dir()
            preflight = rehearsed(config, data, base, generator, folder, budget=Budget(tell=_tell), known=_tell_known)
    return preflight, notes


def _tell(what: str) -> None:
    say(f"{what} …")


def _tell_known(known: Known) -> None:
    """Says at once what needs no measuring."""
    from cilda.cli.check_report import models_line
    from cilda.runs.words import size_words

    say(models_line(known.models))
    pairs = ", ".join(f"{student} from {teacher}" for student, teacher in known.layer_map)
    say(f"layer map (student from teacher): {pairs or 'no layer is copied'}")
    if known.free_bytes is not None:
        say(f"disk: {size_words(known.free_bytes)} are free")
    say("measuring turns on the longest texts and on usual ones; on a CPU that may take minutes")
