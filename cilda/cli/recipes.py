"""`cilda recipes`: the papers' settings, ready to run."""

from __future__ import annotations

import sys
import tomllib
from typing import Annotated, Any

import typer

from cilda.cli.table import show_json, show_table

NOT_RUN = "not run yet"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def recipes(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A recipe to print, as TOML that --config reads.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the papers' model pairs and settings by task, or print one; run one with --config recipe:NAME.

    Published figures are those of the laboratory that made CILDA, in per cent; ours wait for a GPU.
    """
    from cilda.recipes.shelf import names, path_of

    if name is not None:
        text = path_of(name).read_text(encoding="utf-8")
        if as_json:
            show_json({"name": name, **tomllib.loads(text)})
        else:
            sys.stdout.write(text)
        return
    records = [_record(one) for one in names()]
    if as_json:
        show_json(records)
        return
    columns = (
        "recipe",
        "teacher",
        "student",
        "generator",
        "published: teacher",
        "finetune",
        "kd",
        "annealing_kd",
        "ours",
    )
    figures = ("teacher", "finetune", "kd", "annealing_kd")
    rows = [
        (
            *(record[key] for key in ("name", "teacher", "student", "generator")),
            *(f"{record['published'][one]:.1f}" if one in record["published"] else "-" for one in figures),
            NOT_RUN if record["ours"] is None else record["ours"],
        )
        for record in records
    ]
    show_table(columns, rows, right=frozenset(columns[4:]))


def _record(name: str) -> dict[str, Any]:
    from cilda.recipes.shelf import path_of, published

    settings = tomllib.loads(path_of(name).read_text(encoding="utf-8"))
    return {"name": name, **settings, "published": published(name), "ours": None}
