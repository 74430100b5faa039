"""What `cilda check` found, as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cilda.cli.table import aligned

if TYPE_CHECKING:
    from cilda.distill.model_facts import ModelFacts
    from cilda.distill.preflight import Preflight
    from cilda.distill.stage_forecast import StageForecast

_LABELS_SHOWN = 6


def report(preflight: Preflight, notes: Sequence[str]) -> list[str]:
    """The whole report."""
    from cilda.distill.preflight import duration

    lines = [*_models(preflight), "", *_layers(preflight), ""]
    for stage in preflight.stages:
        lines += [*_stage(stage, preflight), ""]
    lines += [f"all together  about {duration(preflight.seconds)}, if nothing stops it early", *_disk(preflight)]
    lines += ["", *(f"note     {note}" for note in notes)] if notes else []
    lines += ["", *(f"warning  {warning}" for warning in preflight.warnings)] if preflight.warnings else []
    return [*lines, "", "it will not run" if preflight.troubles else "it will run"]


def models_line(models: Sequence[ModelFacts]) -> str:
    """The models in one line."""
    return "; ".join(f"{model.role} {model.name}, {model.parameters:,} parameters" for model in models)


def _models(preflight: Preflight) -> list[str]:
    """One row a model, then what they share: those that were refused for a misfit never come here."""
    columns = ("model", "name", "family", "layers", "width", "heads", "parameters", "attention", "tokens", "longest")
    rows = [
        (
            model.role,
            model.name,
            model.family,
            str(model.layers),
            str(model.width),
            str(model.heads),
            f"{model.parameters:,}",
            model.attention,
            f"{model.tokens:,}",
            "any" if model.longest is None else str(model.longest),
        )
        for model in preflight.models
    ]
    lines = aligned(columns, rows, right=frozenset({"layers", "width", "heads", "parameters", "tokens", "longest"}))
    lines.append("")
    for model in preflight.models:
        labels = ", ".join(model.labels[:_LABELS_SHOWN]) + (", …" if len(model.labels) > _LABELS_SHOWN else "")
        said = "; ".join(filter(None, (model.about, f"labels {labels}" if labels else "")))
        lines += [f"{model.role}: {said}"] if said else []
    first = preflight.models[0]
    same = all(model.special_ids == first.special_ids for model in preflight.models)
    ids = ", ".join(f"{kind} {number}" for kind, number in first.special_ids.items())
    lines.append(f"special ids: {ids}" + (" in all models" if same else f" in the {first.role}; others differ"))
    return lines


def _layers(preflight: Preflight) -> list[str]:
    if not preflight.layer_map:
        return ["layer map: no layer is copied from the teacher"]
    pairs = ", ".join(f"{student} from {teacher}" for student, teacher in preflight.layer_map)
    return [f"layer map (student from teacher): {pairs}"]


def _stage(stage: StageForecast, preflight: Preflight) -> list[str]:
    from cilda.distill.preflight import duration, memory_words

    found = stage.fit
    parts = "" if stage.micro_batch is None else f", in parts of at most {stage.micro_batch}"
    lines = [
        f"{stage.stage} stage on {preflight.device}, {'bfloat16' if preflight.bfloat16 else 'float32'}",
        f"  largest batch   {found.texts} texts of {found.length} tokens{parts}",
        f"  memory          {memory_words(stage)}",
    ]
    if found.proposal is not None:
        taken = (
            "taken, by --auto-batch" if stage.runs else f"take it with --auto-batch or --micro-batch {found.proposal}"
        )
        lines.append(f"  proposal        parts of {found.proposal} texts: {taken}")
    for player, told in stage.players.items():
        most = "" if told.largest_seconds is None else f", {_seconds(told.largest_seconds)} the largest"
        # In the teacher's stage it is the teacher who learns.
        who = "turns" if stage.stage == "teacher" else f"{player} turns"
        lines.append(f"  {who:16}{told.turns:,} of {_seconds(told.seconds)}{most}")
    lines.append(f"  evaluations     {stage.evaluations:,} of {_seconds(stage.evaluation_seconds)}")
    lines.append(f"  time            about {duration(stage.seconds)}")
    return lines


def _disk(preflight: Preflight) -> list[str]:
    from cilda.runs.words import size_words

    disk = preflight.disk
    free = "what is free is not told" if disk.free_bytes is None else f"{size_words(disk.free_bytes)} are free"
    return [f"disk          {size_words(disk.needed_bytes)} for checkpoints and student; {free}"]


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
