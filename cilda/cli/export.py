"""`cilda export`: a student as ONNX, checked row by row against PyTorch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.completion import complete_models, complete_runs
from cilda.cli.eval_rows import Asked as AskedRows
from cilda.cli.eval_rows import rows_for
from cilda.cli.eval_target import Target, length_of, note, target_of, teacher_of
from cilda.cli.extras import refuse_missing
from cilda.cli.new_folder import new_folder, refuse_occupied
from cilda.cli.run_options import (
    KEEP,
    LEARN,
    MODELS,
    AllowEmptyOption,
    AllowPickleOption,
    DataDirOption,
    LabelOption,
    MaxLengthOption,
    RunsDirOption,
    TaskOption,
    TextOption,
    TextPairOption,
)
from cilda.cli.settings import looked_up
from cilda.cli.table import show_json, show_table
from cilda.errors import CildaError, UsageError
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.distill.handover.report import Report
    from cilda.distill.models import Loaded
    from cilda.tasks.task import Task

LIBRARIES = ("onnx", "onnxscript", "onnxruntime")
REPORT = "export.json"
CARD = "README.md"

_LONGEST_NAME = 150
_MOST_DIFFERENT = 5


def export(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|FOLDER]",
            help="A run, a model's folder or name; by default the latest run that has a student.",
            autocompletion=complete_runs,
        ),
    ] = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="As ONNX, for onnxruntime; there is no other form yet.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Also with weights in 8 bits.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="A new folder; by default RUN-onnx, here.", rich_help_panel=KEEP
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an export that is there.", rich_help_panel=KEEP)
    ] = False,
    task: TaskOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Your own rows: CSV, TSV, JSONL or Parquet.", rich_help_panel=LEARN),
    ] = None,
    text: TextOption = None,
    text_pair: TextPairOption = None,
    label: LabelOption = None,
    allow_empty: AllowEmptyOption = None,
    data_dir: DataDirOption = None,
    max_length: MaxLengthOption = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher",
            help="To be timed beside; by default the student's own.",
            rich_help_panel=MODELS,
            autocompletion=complete_models,
        ),
    ] = None,
    allow_pickle: AllowPickleOption = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Of all forms; by default as torch has them.")
    ] = None,
    runs_dir: RunsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Write a student as ONNX, with tokenizer, labels and a card: a folder that onnxruntime can use by itself.

    All validation rows go through PyTorch and ONNX. If one of them gets another label, the folder is written all the
    same, the rows are named, and the exit code is 1. Sizes and times are shown beside the teacher's.
    """
    from cilda.runs.layout import default_runs_dir

    if not onnx:
        raise UsageError("no form is named to export to", "say --onnx, and --int8 for 8-bit weights as well")
    refuse_missing("onnx", LIBRARIES, "export --onnx")
    flags = {"data_dir": data_dir, "runs_dir": runs_dir, "allow_empty": allow_empty, "allow_pickle": allow_pickle}
    config = looked_up({**flags, "max_length": max_length})
    found = target_of(target, config.runs_dir or default_runs_dir())
    place = out or Path(f"{_plain_name(found)}-onnx")
    refuse_occupied(place, force=force)
    from cilda.cli.eval_model import loaded_for
    from cilda.cli.evaluate import task_of

    what = task_of(found, task)
    rows = AskedRows(None, file, text, text_pair, label, config.data_dir, config.allow_empty)
    splits = rows_for(what, rows, found.run)
    length = max_length or length_of(found) or config.max_length
    import torch

    from cilda.distill.disk import writing
    from cilda.distill.handover.export import Asked
    from cilda.distill.handover.export import export as exported

    model = loaded_for(found.name, what, length, allow_pickle=config.allow_pickle)
    beside = _teacher(teacher, found, what, length, allow_pickle=config.allow_pickle)
    name = found.name if found.run is None else found.run.id
    asked = Asked(name, what, splits, length, int8, threads or torch.get_num_threads())
    with writing(place, elsewhere="--out"), new_folder(place, replaced=_names()) as folder:
        report = exported(folder, model, asked, teacher=beside, tell=note)
        _write_words(folder, report, model, found)
    if as_json:
        show_json({"folder": str(place), **report.to_json()})
    else:
        _show(report)
        print(place)
    _refuse_unfaithful(report, place)


def _plain_name(target: Target) -> str:
    """A name for the folder: the run's, or the last part of the model's."""
    name = target.run.id if target.run is not None else target.name.rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w.+=-]+", "-", name)[:_LONGEST_NAME].lstrip(".-") or "model"


def _names() -> frozenset[str]:
    """Files that an earlier export may have left and a new one need not have."""
    from cilda.distill.handover.export import FILES

    return frozenset((*FILES.values(), CARD, REPORT))


def _teacher(asked: str | None, target: Target, task: Task, max_length: int, *, allow_pickle: bool) -> Loaded | None:
    """The teacher that is timed beside; None, with a line on stderr, where nobody asked and it cannot be had."""
    from cilda.cli.eval_model import loaded_for

    name = asked or teacher_of(target)
    if name is None:
        return None
    try:
        return loaded_for(name, task, max_length, allow_pickle=allow_pickle)
    except CildaError as error:
        if asked is not None:
            raise
        note(f"shown without its teacher: {error.what}")
        return None


def _write_words(folder: Path, report: Report, model: Loaded, target: Target) -> None:
    """The report for programs, and the card."""
    from cilda.distill.handover.export_card import export_card
    from cilda.runs.atomic import write_json_atomic

    own = None if target.folder is None else target.folder / CARD
    about = own.read_text(encoding="utf-8", errors="replace") if own is not None and own.is_file() else ""
    tokenizer = model.tokenizer
    assert isinstance(tokenizer.pad_token_id, int)
    padding = (tokenizer.pad_token_id, str(tokenizer.pad_token))
    (folder / CARD).write_text(export_card(report, padding, about), encoding="utf-8")
    write_json_atomic(folder / REPORT, report.to_json(), durable=False)


def _show(report: Report) -> None:
    """A split's table, and a sentence on each graph, on stdout."""
    from cilda.distill.handover.export_card import columns, on_threads, rows, verdicts

    for name, split in report.splits.items():
        print(one_line(f"{report.task.name} {name}: {split.rows:,} rows, {split.source}"))
        heads = columns(split)
        show_table(heads, rows(report, name), right=frozenset(heads[1:]))
        print("\n".join(one_line(line.replace("`", "")) for line in verdicts(report, name, split)))
    print(one_line(f"one text alone: {report.timed_texts} texts of all lengths, {on_threads(report)}"))


def _refuse_unfaithful(report: Report, place: Path) -> None:
    """Ends a command whose graph says something else than the model.

    Raises:
        CildaError: of which rows, and what.
    """
    from cilda.distill.handover.report import ONNX

    if report.faithful:
        return
    different = [row for split in report.splits.values() for row in split.differences[ONNX]]
    total = sum(split.rows for split in report.splits.values())
    shown = "; ".join(f"{row.id}: {row.found}, in PyTorch {row.pytorch}" for row in different[:_MOST_DIFFERENT])
    more = "; …" if len(different) > _MOST_DIFFERENT else ""
    raise CildaError(
        f"ONNX says otherwise than PyTorch of {len(different):,} of {total:,} rows: {shown}{more}",
        f"do not use {place} as it is; all of them stand in its {REPORT}",
    )
