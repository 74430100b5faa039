"""`cilda distill`: the main job, from a teacher's name to a student's folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.beforehand import looked_over, named_things_exist
from cilda.cli.completion import complete_runs
from cilda.cli.demo import DEMO_SETTINGS, DEMO_TASK, refuse_own_task, run_demo
from cilda.cli.description import anchored
from cilda.cli.ending import left_alone, print_outcome
from cilda.cli.launch import launch, new_run
from cilda.cli.processes import asked_for, start_anew, started_together
from cilda.cli.row_files import refuse_missing, refuse_unreadable_rows
from cilda.cli.run_options import KEEP, METHOD, Given, takes_settings
from cilda.cli.running import started
from cilda.cli.settings import as_toml
from cilda.cli.student_fits import refuse_impossible_student
from cilda.errors import UsageError
from cilda.runs.layout import check_new, default_runs_dir, find

if TYPE_CHECKING:
    from cilda.config import RunConfig


@takes_settings()
def distill(
    given: Given,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="The built-in demo, minutes, in this process: made-up reviews and small models, no network.",
            rich_help_panel=KEEP,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print every setting with its origin, as TOML, and stop.", rich_help_panel=METHOD
        ),
    ] = False,
    from_run: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Begin with the settings of another run.",
            rich_help_panel=METHOD,
            autocompletion=complete_runs,
        ),
    ] = None,
    foreground: Annotated[
        bool,
        typer.Option(
            "--foreground", help="Train in this process: for SLURM, containers, scripts.", rich_help_panel=KEEP
        ),
    ] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", help="Print the run's id and return; so it is without a terminal.", rich_help_panel=KEEP
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the outcome, or with --detach the run.")] = False,
) -> None:
    """Compress a fine-tuned encoder into a smaller one.

    A teacher that does not know the task yet is fine-tuned first and kept for the next time. The run goes on in the
    background: in a terminal it is shown until you leave, elsewhere its id is printed on stdout. With --foreground this
    process trains, and prints the student's folder at the end. So does --demo, always; interrupted and called again it
    takes the teacher that it has made.
    """
    if foreground and detach:
        raise UsageError("--foreground and --detach exclude each other", "leave one of them out")
    if detach and started_together() > 1:
        raise UsageError("--detach is given to processes that a launcher has started", "leave it out: they stay")
    flags = given.flags
    if demo:
        refuse_own_task(flags)
    else:
        # Before their columns are asked for.
        refuse_missing(flags["train_file"], flags["validation_file"], flags["unlabeled_file"])
    config, origins = given.resolved(
        run=None if from_run is None else find(flags["runs_dir"] or default_runs_dir(), from_run),
        base=DEMO_SETTINGS if demo else {},
        fixed=DEMO_TASK if demo else {},
    )
    if dry_run:
        if demo:
            check_new(config.runs_dir or default_runs_dir(), config.name)
        else:
            named_things_exist(config)
            refuse_unreadable_rows(config)
            refuse_impossible_student(config)
        sys.stdout.write(as_toml(config, origins))
        _print_terms(config)
        return
    if demo:
        if detach:
            raise UsageError("--demo makes several runs, one after the other, and stays", "leave --detach out")
        if config.gpus > 1 or started_together() > 1:
            raise UsageError("--demo is played by one process", "leave --gpus, or the launcher, out")
        run_demo(config, origins, as_json=as_json)
        return
    config = asked_for(config, given=origins["gpus"] != "default")
    data = looked_over(config)
    refuse_impossible_student(config)
    config = anchored(config)
    if foreground and config.gpus > started_together():
        start_anew(config.gpus)
    if foreground or started_together() > 1:
        with started(config, origins, job="distill") as desk:
            from cilda.distill.session import distil

            outcome = distil(config, data, desk.writer, orders=desk.orders)
        print_outcome(desk.writer.folder, outcome, as_json=as_json)
        return
    folder = new_run(config, origins, job="distill")
    launch(folder)
    left_alone(folder, detach=detach, as_json=as_json)


def _print_terms(config: RunConfig) -> None:
    """The recipe as comments below the settings."""
    recipe = config.recipe
    print(f"\n# {recipe.name}: {recipe.title} ({recipe.source})")
    for player in ("generator", "student"):
        for term in recipe.terms(player):
            per = " / ln B" if term.per_log_batch else ""
            verb = "climbs" if player == "generator" else "descends"
            when = f" in phase {term.phase}" if term.phase else ""
            print(f"# {player} {verb} {term.weight:.4g}{per} * {term.key}{when}")
