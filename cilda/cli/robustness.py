"""`cilda eval --suite robustness`: a student on sets from elsewhere, beside its teacher and its own domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.cli.eval_target import note
from cilda.cli.table import show_json, show_table
from cilda.errors import CildaError, UsageError, unknown
from cilda.runs.events import finite
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.distill.outside import Judgement
    from cilda.tasks.robustness import OutsideRows, OutsideSet
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task

SUITES = ("robustness",)
_BATCH_SIZE = 64


@dataclass(frozen=True)
class Judged:
    """One set as every model met it."""

    name: str
    source: str
    models: dict[str, Judgement]
    agreement: float | None
    """Share of rows of which student and teacher say the same; None without a teacher."""


def refuse_unsuited(suite: str | None, only: str | None, predictions: Path | None) -> None:
    """Refuses options that do not go together.

    Raises:
        UsageError: which they are.
    """
    if suite is not None and suite not in SUITES:
        raise unknown("suite", suite, SUITES)
    if suite is None and only is not None:
        raise UsageError(f"--only {only} is given without --suite", "say --suite robustness")
    if suite is not None and predictions is not None:
        raise UsageError(
            f"--predictions {predictions} and --suite {suite} are both given",
            "predictions are written of one split or file at a time",
        )


def chosen_sets(task: Task, only: str | None) -> tuple[OutsideSet, ...]:
    """The sets of a task, or those named between commas.

    Raises:
        UsageError: the task has none; or none of that name.
    """
    from cilda.tasks.robustness import sets_for

    sets = {one.name: one for one in sets_for(task.name)}
    if not sets:
        from cilda.tasks.robustness import SETS

        known = sorted({name for one in SETS.values() for name in one.folds})
        raise UsageError(
            f"there are no sets for {task.name} in the robustness suite", f"there are for {', '.join(known)}"
        )
    if only is None:
        return tuple(sets.values())
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in sets:
            raise unknown(f"set for {task.name}", name, sets)
    return tuple(sets[name] for name in names)


def gathered(
    task: Task, own: Mapping[str, Rows], sets: Sequence[OutsideSet], data_dir: Path | None, more: Mapping[str, Rows]
) -> dict[str, OutsideRows]:
    """The rows of the task's own splits, of every set that is to be had, and of `more`; what is not is told.

    Raises:
        CildaError: none of the sets is to be had, and there are no more.
    """
    from cilda.tasks.robustness import OutsideRows, outside_rows

    found = {name: OutsideRows(rows, ()) for name, rows in own.items()}
    missing: list[CildaError] = []
    count = len(found)
    for one in sets:
        try:
            found[one.name] = outside_rows(one, task, data_dir)
        except CildaError as error:
            missing.append(error)
            note(f"left out: {error.what if one.name in error.what else f'{one.name}: {error.what}'}")
    found |= {name: OutsideRows(rows, ()) for name, rows in more.items()}
    if len(found) == count:
        raise CildaError(
            f"none of the sets for {task.name} is to be had: {', '.join(one.name for one in sets)}",
            "put them under DIR/robustness and name DIR with --data-dir, or go where the hub can be reached",
        ) from (missing[0] if missing else None)
    return {name: outside for name, outside in found.items() if outside.rows.labels is not None}


def judge_all(
    task: Task,
    names: Mapping[str, str],
    sets: Mapping[str, OutsideRows],
    max_length: int,
    *,
    allow_pickle: bool,
    optional: Sequence[str] = (),
) -> list[Judged]:
    """Every model on every set; the first named is the one that matters, the `optional` ones may be missing.

    Raises:
        CildaError: a model that cannot be loaded, or does not fit the task.
    """
    from cilda.distill.outside import judged

    logits = {}
    for who, name in names.items():
        try:
            logits[who] = _logits(who, name, task, sets, max_length, allow_pickle=allow_pickle)
        except CildaError as error:
            if who not in optional:
                raise
            note(f"shown without its {who}: {error.what}")
    found = []
    for name, outside in sets.items():
        gold = outside.rows.labels or []
        models = {who: judged(task, of_model[name], gold, outside.groups) for who, of_model in logits.items()}
        said = [of_model[name].argmax(axis=1) for of_model in logits.values()]
        agreement = float((said[0] == said[1]).mean()) if len(said) > 1 else None
        found.append(Judged(name, outside.rows.source, models, agreement))
    return found


def show_suite(task: Task, judged: Sequence[Judged], *, as_json: bool, names: Mapping[str, str]) -> None:
    """The table on stdout, sets below the task's own split; as JSON with every group."""
    if as_json:
        show_json(
            finite({"task": task.name, "labels": task.labels, "models": names, "sets": [_json(one) for one in judged]})
        )
        return
    first = next(iter(judged[0].models))
    at_home = judged[0].models[first].scores["accuracy"]
    both = len(judged[0].models) > 1
    columns = [
        "set",
        "rows",
        "accuracy",
        "to home",
        "macro F1",
        "worst group",
        "in it",
        "ECE",
        *(["teacher", "agree"] if both else []),
    ]
    rows = []
    for place, one in enumerate(judged):
        mine = one.models[first]
        worst, accuracy = mine.worst
        cells = [
            one_line(one.name), f"{mine.rows:,}", f"{mine.scores['accuracy']:.4f}",
            f"{mine.scores['accuracy'] - at_home:+.4f}" if place else "home",
            f"{mine.scores['macro_f1']:.4f}", one_line(worst), f"{accuracy:.4f}", f"{mine.calibration_error:.4f}",
        ]  # fmt: skip
        if both:
            teacher = next(model for who, model in one.models.items() if who != first)
            cells += [f"{teacher.scores['accuracy']:.4f}", "-" if one.agreement is None else f"{one.agreement:.4f}"]
        rows.append(cells)
    show_table(columns, rows, right=frozenset(columns) - {"set", "worst group"})


def _json(one: Judged) -> dict[str, Any]:
    models = {who: judgement.to_json() for who, judgement in one.models.items()}
    return {"name": one.name, "source": one.source, "models": models, "agreement": one.agreement}


def _logits(
    who: str, name: str, task: Task, sets: Mapping[str, OutsideRows], max_length: int, *, allow_pickle: bool
) -> dict[str, Any]:
    from cilda.cli.eval_model import loaded_for
    from cilda.distill.data import tokenize
    from cilda.distill.encoder import Encoder
    from cilda.distill.evaluate import logits
    from cilda.distill.hardware import choose_device

    loaded = loaded_for(name, task, max_length, allow_pickle=allow_pickle)
    device = choose_device("auto")
    encoder = Encoder(loaded.model).to(device)
    found = {}
    for place, (set_name, outside) in enumerate(sets.items(), start=1):
        note(f"{who}: {set_name}, {len(outside.rows):,} rows ({place} of {len(sets)})")
        tokens = tokenize(outside.rows, loaded.tokenizer, max_length, regression=False)
        found[set_name] = logits(encoder, tokens, _BATCH_SIZE)
    return found
