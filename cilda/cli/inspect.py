"""`cilda inspect`: what a run's generator did, and what models say of a text of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cilda.cli.chosen import RunsDirOption, chosen
from cilda.cli.completion import complete_runs
from cilda.cli.inspect_rows import EXPORT, Wanted, refuse_impossible, show_rewrites
from cilda.cli.looks import AsciiOption, MouseOption, ThemeOption
from cilda.cli.probe import (
    GeneratorOption,
    MaskFractionOption,
    RewritesOption,
    SeedOption,
    StudentOption,
    TeacherOption,
    TextPairOption,
)
from cilda.cli.terminal import interactive
from cilda.errors import UsageError

_DEFAULT_REWRITES = 5


def inspect(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|FOLDER",
            help="A run, by default the latest; or a model's folder, to put texts of your own to.",
            autocompletion=complete_runs,
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT", help="Texts of your own, to be put to the models; - for lines of stdin, or a prompt."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="FILTER", help="Only rewrites that fit: 'flip and kl>1 \"not good\"'; repeatable."
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="COLUMN", help="kl for rising, -kl for falling; else as written.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", metavar="N", help="At most so many: the newest, or the first of --sort."),
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Their figures instead: words, KL, flips, the generator's judgement.")
    ] = False,
    beside: Annotated[
        str | None,
        typer.Option("--with", metavar="RUN", help="Figures beside another run's.", autocompletion=complete_runs),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="json, jsonl, csv or parquet.", rich_help_panel=EXPORT),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Where to; its ending names the format.", rich_help_panel=EXPORT
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.", rich_help_panel=EXPORT)] = False,
    text_pair: TextPairOption = None,
    teacher: TeacherOption = None,
    student: StudentOption = None,
    generator: GeneratorOption = None,
    rewrites: RewritesOption = _DEFAULT_REWRITES,
    mask_fraction: MaskFractionOption = None,
    seed: SeedOption = None,
    runs_dir: RunsDirOption = None,
    ascii_only: AsciiOption = False,
    mouse: MouseOption = True,
    theme: ThemeOption = None,
) -> None:
    """See what the generator does: its rewrites, and what teacher and student said of them.

    In a terminal they can be browsed; with --limit, or without a terminal, the newest are shown; with --format all that
    fit are written for other programs. Given texts of your own, or a model's folder, it puts texts to student, teacher
    and generator. docs/inspect.md has keys and filters.
    """
    rows = Wanted(tuple(where or ()), sort, limit, form, out, as_json)
    probed = {
        "text_pair": text_pair,
        "teacher": teacher,
        "student": student,
        "generator": generator,
        "mask_fraction": mask_fraction,
        "seed": seed,
    }
    asked = [name for name, value in probed.items() if value is not None]
    if rewrites != _DEFAULT_REWRITES:
        asked.append("rewrites")
    if texts or is_model_folder(target):
        _refuse_both(rows, {"--summary": summary, "--with": beside})
        from cilda.cli.probe import probe

        probe(
            target,
            () if texts == ["-"] else texts or (),
            text_pair=text_pair,
            teacher=teacher,
            student=student,
            generator=generator,
            rewrites=rewrites,
            mask_fraction=mask_fraction,
            seed=seed,
            runs_dir=runs_dir,
            as_json=as_json,
        )
        return
    if asked:
        option = asked[0].replace("_", "-")
        raise UsageError(
            f"--{option} is about a text of your own, and there is none", 'write one: cilda inspect RUN "a text"'
        )
    refuse_impossible(rows)
    if summary or beside is not None:
        from cilda.cli.rewrites_summary import show_comparison, show_summary

        folder = chosen(target, runs_dir)
        if beside is None:
            show_summary(folder, rows, plain=ascii_only)
        else:
            show_comparison(folder, chosen(beside, runs_dir), rows, plain=ascii_only)
        return
    if rows.browsed and interactive():
        from cilda.cli.browser import Choices, open_browser

        open_browser(chosen(target, runs_dir), rows.where, sort, Choices(ascii=ascii_only, mouse=mouse, theme=theme))
        return
    show_rewrites(chosen(target, runs_dir), rows)


def is_model_folder(target: str | None) -> bool:
    """Whether a model lies there, and no run."""
    from cilda.runs.layout import RunFolder

    if not target:
        return False
    path = Path(target).expanduser()
    try:
        return (path / "config.json").is_file() and not RunFolder(path).exists()
    except OSError:
        return False


def _refuse_both(rows: Wanted, more: Mapping[str, object]) -> None:
    """A text of one's own, or a model, has no recorded rewrites to choose from."""
    given = [name for name, value in {**rows.options(), **more}.items() if value]
    if given:
        raise UsageError(
            f"{given[0]} chooses among a run's rewrites, and here a text is put to models",
            "leave it out, or name a run and no text",
        )
