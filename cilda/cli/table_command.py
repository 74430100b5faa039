"""`cilda table`: what a bench has found, as far as it has come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cilda.cli.beforehand import refuse_taken
from cilda.cli.chosen import RunsDirOption, runs_dir_of, say
from cilda.cli.completion import complete_runs
from cilda.errors import CildaError, UsageError
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.bench.table import Table
    from cilda.runs.layout import RunFolder

Form = Literal["text", "markdown", "latex", "json"]


def table(
    bench: Annotated[
        str | None,
        typer.Argument(
            metavar="BENCH",
            help="A bench's id, the beginning of one, or a path; by default the latest bench.",
            autocompletion=complete_runs,
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = "text",
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE.svg", help="Also draw scores by turn, a panel a task.")
    ] = None,
    runs_dir: RunsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show a bench's table: teacher and methods, mean and spread over seeds, a paired test, sizes, time and energy.

    It can be asked for at any time: it is made anew from the runs that have finished.
    """
    if figure is not None:
        if figure.suffix.lower() != ".svg":
            raise UsageError(f"--figure {str(figure)!r}: it is drawn as SVG", "give a name that ends in .svg")
        refuse_taken(figure, "--figure")
    folder = _latest(runs_dir) if bench is None else _found(bench, runs_dir)
    print_table(folder, "json" if as_json else form, figure=figure)


def print_table(folder: RunFolder, form: Form, *, figure: Path | None = None) -> None:
    """A bench's table on stdout, with its notes.

    Raises:
        CildaError: it is no bench, or the figure cannot be written.
    """
    from cilda.bench.formats import latex, markdown
    from cilda.bench.record import read_record
    from cilda.bench.results import results_of
    from cilda.bench.table import make_table
    from cilda.cli.table import show_json
    from cilda.runs.events import finite

    record = read_record(folder)
    results = results_of(record.plan, folder.id, record.runs_dir)
    made = make_table(record.plan, results, record.latencies_ms, equal_time=record.equal_time)
    if figure is not None:
        from cilda.bench.curves import curves_of
        from cilda.bench.curves import figure as drawn

        curves = curves_of(results)
        if not curves:
            raise CildaError(f"no run of {folder.id} was evaluated yet: there is nothing to draw", "try again later")
        _write(figure, drawn(curves, {line.task: line.metric for line in made.lines if line.metric}))
    if form == "json":
        show_json(finite({"bench": folder.id, **made.to_json()}))
    elif form == "text":
        _show(made)
    else:
        sys.stdout.write(markdown(made) if form == "markdown" else latex(made))


def _show(made: Table) -> None:
    from cilda.bench import formats
    from cilda.cli.table import show_table

    parts = (
        (formats.score_columns(made), formats.score_rows(made)),
        (formats.TEST_COLUMNS, formats.test_rows(made)),
        (formats.COST_COLUMNS, formats.cost_rows(made)),
        (formats.SIZE_COLUMNS, formats.size_rows(made)),
    )
    for place, (columns, rows) in enumerate(parts):
        if place:
            print()
        show_table(columns, rows, right=frozenset(columns[1:]))
    print()
    for note in formats.notes(made):
        print(one_line(note))


def _latest(runs_dir: Path | None) -> RunFolder:
    from cilda.runs.store import list_runs

    where = runs_dir_of(runs_dir)
    for record in reversed(list_runs(where)):
        if record.run.get("job") == "bench":
            say(f"latest bench: {record.id}")
            return record.folder
    raise CildaError(f"no bench in {where}", "begin one with: cilda bench --tasks rte,cola", exit_code=3)


def _found(reference: str, runs_dir: Path | None) -> RunFolder:
    from cilda.runs.layout import find

    return find(runs_dir_of(runs_dir), reference)


def _write(path: Path, text: str) -> None:
    from cilda.runs.atomic import refusal, write_atomic

    try:
        write_atomic(path, text.encode())
    except OSError as error:
        raise refusal(error, path, elsewhere="--figure") from error
