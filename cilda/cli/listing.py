"""`cilda tasks`, `cilda methods` and `cilda models`: what there is."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cilda.cli.table import show_json, show_table

if TYPE_CHECKING:
    from cilda.methods.recipe import Term

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def tasks(as_json: AsJson = False) -> None:
    """List the tasks: what a student can learn."""
    from cilda.tasks import TASKS

    if as_json:
        show_json([asdict(task) for task in TASKS.values()])
        return
    show_table(
        ("task", "texts", "labels", "best by", "what it asks"),
        [
            (task.name, ", ".join(task.texts), ", ".join(task.labels) or "a number", task.metric, task.title)
            for task in TASKS.values()
        ],
    )


def methods(as_json: AsJson = False) -> None:
    """List the methods: how a student learns, as weighted terms.

    The generator climbs its terms and the student descends its own. A term is a loss and the text it looks at: real, or
    soft for the generator's rewrite.
    """
    from cilda.methods import METHODS

    if as_json:
        show_json([_method_record(name) for name in METHODS])
        return
    show_table(
        ("method", "generator climbs", "student descends", "source"),
        [(method.name, _sum(method.generator), _sum(method.student), method.source) for method in METHODS.values()],
    )


def models(as_json: AsJson = False) -> None:
    """List the short names of models; a hub id or a folder can stand wherever they can."""
    from cilda.families import SHORT_NAMES

    if as_json:
        show_json([asdict(short) for short in SHORT_NAMES.values()])
        return
    show_table(
        ("model", "on the hub", "layers", "width", "masked LM", "note"),
        [
            (short.name, short.repository, str(short.layers), str(short.width), _yes(short.masked_lm), short.note)
            for short in SHORT_NAMES.values()
        ],
        right=frozenset({"layers", "width"}),
    )


def _method_record(name: str) -> dict[str, Any]:
    """A method with its terms, as JSON can say it."""
    from cilda.methods import METHODS

    method = METHODS[name]
    terms = {
        player: [{"key": term.key, **asdict(term)} for term in method.terms(player)]
        for player in ("generator", "student")
    }
    said = {"name": method.name, "title": method.title, "source": method.source, **terms}
    return {**said, "settings": dict(method.settings)}


def _sum(terms: tuple[Term, ...]) -> str:
    """The terms as one sum, such as `1/2 logit_kl.soft + 1/2 layer_contrast.soft`, on a terminal a line each."""
    by_phase: dict[int | None, list[str]] = {}
    for term in terms:
        by_phase.setdefault(term.phase, []).append(_product(term))
    sums = {phase: "\n+ ".join(products) for phase, products in by_phase.items()}
    said = [sums.pop(None)] if None in sums else []
    return ";\n".join([*said, *(f"phase {phase}: {one}" for phase, one in sums.items())]) or "-"


def _product(term: Term) -> str:
    """A term with its weight as a small fraction; a weight of 1 goes without saying."""
    weight = Fraction(term.weight).limit_denominator(1000)
    factor = "" if weight == 1 else f"{weight} "
    return f"{factor}{term.key}{'/ln B' if term.per_log_batch else ''}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
