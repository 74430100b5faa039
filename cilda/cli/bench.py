"""`cilda bench`: methods on tasks with seeds, each a run of its own, and one table of what came out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cilda.cli.beforehand import looked_over
from cilda.cli.completion import complete_methods, complete_tasks
from cilda.cli.description import anchored
from cilda.cli.ending import left_alone
from cilda.cli.launch import launch
from cilda.cli.processes import asked_for, started_together
from cilda.cli.run_options import BUDGET, KEEP, LEARN, METHOD, Given, takes_settings
from cilda.cli.student_fits import refuse_impossible_student
from cilda.errors import UsageError, unknown

if TYPE_CHECKING:
    from cilda.bench.plan import Cell, Plan
    from cilda.config import RunConfig
    from cilda.config_sources import Layer
    from cilda.runs.layout import RunFolder

DEFAULT_METHODS = "finetune,kd,mate_kd,cilda"
_DEFAULT_SEEDS = 3


@takes_settings(but=["task", "method", "keep"])
def bench(
    tasks: Annotated[
        str | None,
        typer.Option(
            "--tasks",
            metavar="A,B",
            help="Names from `cilda tasks`.",
            rich_help_panel=LEARN,
            autocompletion=complete_tasks,
        ),
    ] = None,
    methods: Annotated[
        str,
        typer.Option(
            "--methods",
            metavar="A,B",
            help="Names from `cilda methods`.",
            rich_help_panel=METHOD,
            autocompletion=complete_methods,
        ),
    ] = DEFAULT_METHODS,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds", metavar="N", min=1, help="Runs of each method, from --seed on.", rich_help_panel=BUDGET
        ),
    ] = _DEFAULT_SEEDS,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep",
            metavar="KEY=A,B,C",
            help="Values of a setting or a term's weight; repeatable.",
            rich_help_panel=METHOD,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="METHOD",
            help="What the others are compared with, by default kd; of a sweep 'pkd layer_map=last'.",
            rich_help_panel=METHOD,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            help="Runs at once; by default what memory and processors allow.",
            rich_help_panel=BUDGET,
        ),
    ] = None,
    budget: Annotated[
        Literal["turns", "time"],
        typer.Option("--budget", help="What is equal for all methods: student turns, or time.", rich_help_panel=BUDGET),
    ] = "turns",
    *,
    given: Given,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the runs that there would be, and stop.", rich_help_panel=METHOD)
    ] = False,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay with it in this process.", rich_help_panel=KEEP)
    ] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", help="Print the bench's id and return; so it is without a terminal.", rich_help_panel=KEEP
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the table, or with --detach the run.")] = False,
) -> None:
    """Compare methods: every method on every task with every seed, then one table.

    The bench goes on in the background; its runs are ordinary ones that `cilda ps` shows, and every method gets the
    same student turns, or time. `cilda table` shows the table, also before the end; `cilda stop` and `cilda resume`
    work as with a run. A setting for one task alone is `--set TASK:KEY=VALUE`; `{task}` in --teacher stands for the
    task's name.
    """
    if foreground and detach:
        raise UsageError("--foreground and --detach exclude each other", "leave one of them out")
    if started_together() > 1:
        raise UsageError("a bench starts the processes of its runs itself", "leave the launcher out, and say --gpus N")
    chosen = _tasks(tasks, given.flags["train_file"])
    everywhere, by_task = _settings_by_task(given.settings, chosen)
    layers = given.layers(settings=everywhere)
    plan, configs = _planned(chosen, methods, seeds, sweep or [], against, layers, by_task)
    for task in plan.tasks:
        # One of them stands for all: rows, models and names are the same.
        config = next(config for cell, config in configs.items() if cell.task == task)
        looked_over(config.model_copy(update={"name": None}))
    for config in configs.values():
        asked_for(config, given=True)
        refuse_impossible_student(config)
    if dry_run:
        _print_plan(plan, configs)
        return
    folder = _new_bench(plan, configs, jobs, equal_time=budget == "time")
    if foreground:
        from cilda.cli.bench_job import run_bench
        from cilda.cli.running import working
        from cilda.cli.table_command import print_table

        with working(folder, attempt=1) as desk:
            run_bench(desk)
        print_table(folder, "json" if as_json else "text")
        return
    launch(folder)
    left_alone(folder, detach=detach, as_json=as_json)


def _tasks(names: str | None, train: Path | None) -> list[str]:
    """The tasks asked for; of a user's own file its name."""
    from cilda.tasks import TASKS

    if train is not None:
        if names is not None:
            raise UsageError(f"--tasks {names} and --train {train} are both given", "choose one of them")
        return [train.stem]
    if names is None or not _listed(names):
        raise UsageError("no tasks are named", "say which with --tasks, for example --tasks rte,cola; or --train FILE")
    chosen = _listed(names)
    for task in chosen:
        if task not in TASKS:
            raise unknown("task", task, TASKS)
    return chosen


def _listed(text: str) -> list[str]:
    """Names between commas, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _settings_by_task(settings: Sequence[str], tasks: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """`--set` for all tasks, and those of the form TASK:KEY=VALUE by task."""
    everywhere: list[str] = []
    by_task: dict[str, list[str]] = {task: [] for task in tasks}
    for text in settings:
        task, colon, rest = text.partition(":")
        if colon and "=" not in task:
            if task not in by_task:
                raise UsageError(
                    f"--set {text!r} is for {task}, which is no task of this bench", f"there: {', '.join(tasks)}"
                )
            if not rest:
                raise UsageError(f"--set {text!r} sets nothing", f"for example --set {task}:max_turns=1000")
            by_task[task].append(rest)
        else:
            everywhere.append(text)
    return everywhere, by_task


def _planned(
    tasks: Sequence[str],
    methods: str,
    seeds: int,
    sweep: Sequence[str],
    against: str | None,
    layers: list[Layer],
    by_task: Mapping[str, list[str]],
) -> tuple[Plan, dict[Cell, RunConfig]]:
    """The plan, and each cell's settings.

    Raises:
        UsageError: what is wrong with a setting, a sweep or a name.
    """
    from cilda.bench.concerns import is_term
    from cilda.bench.plan import make_plan, parse_sweeps
    from cilda.config_sources import Layer, resolve, settings_layer, weights_layer

    if not _listed(methods):
        raise UsageError("no methods are named", f"say which with --methods, for example --methods {DEFAULT_METHODS}")
    base, _ = resolve(layers)
    first = base.seed
    plan = make_plan(tasks, _listed(methods), range(first, first + seeds), parse_sweeps(sweep), against)
    configs = {}
    for cell in plan.cells:
        swept = [f"{key}={value}" for key, value in cell.settings if not is_term(key)]
        weights = [f"{key}={value}" for key, value in cell.settings if is_term(key)]
        task = {} if base.train_file is not None else {"task": cell.task}
        own = {"method": cell.method, "seed": cell.seed, "data_seed": first, **task}
        cell_layers = [
            *layers,
            settings_layer(by_task[cell.task]),
            Layer("the bench", own),
            settings_layer(swept),
            weights_layer(weights),
        ]
        config, _ = resolve(cell_layers)
        named = config.model_copy(update={"teacher": config.teacher.replace("{task}", cell.task)})
        configs[cell] = anchored(named)
    return plan, configs


def _print_plan(plan: Plan, configs: Mapping[Cell, RunConfig]) -> None:
    """A line a run."""
    from cilda.cli.table import show_table

    rows = [
        (cell.task, cell.method, cell.variant or "-", str(cell.seed), config.teacher, config.student)
        for cell, config in configs.items()
    ]
    show_table(("task", "method", "sweep", "seed", "teacher", "student"), rows)
    print(f"{len(plan.cells):,} runs; the others are compared with {plan.reference}", file=sys.stderr)


def _new_bench(plan: Plan, configs: Mapping[Cell, RunConfig], jobs: int | None, *, equal_time: bool) -> RunFolder:
    """The bench's own folder with its plan and the settings of its runs.

    Raises:
        CildaError: a run of that name is there; the disk refuses; or one of the cells' names is taken by another run.
    """
    from cilda.bench.record import keep_record, refuse_strangers
    from cilda.cli.launch import new_run

    first = next(iter(configs.values()))
    more: dict[str, Any] = {"bench": {"tasks": plan.tasks, "methods": plan.labels, "seeds": plan.seeds}}
    folder = new_run(first, {}, job="bench", purpose="bench", **more)
    keep_record(folder, plan, configs, jobs=jobs, equal_time=equal_time)
    try:
        refuse_strangers(folder)
    except BaseException:
        import shutil

        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder
