"""`cilda push`: a student on the Hugging Face hub, with a card that says what it is worth."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.completion import complete_runs
from cilda.cli.eval_target import Target, length_of, note, target_of
from cilda.cli.run_options import KEEP, RunsDirOption, TaskOption
from cilda.cli.settings import looked_up
from cilda.cli.table import show_table
from cilda.errors import CildaError, UsageError
from cilda.runs.atomic import read_json

if TYPE_CHECKING:
    from cilda.distill.handover.hub_card import Facts
    from cilda.tasks.task import Task

CARD = "README.md"
REPORT = "export.json"
_DEFAULT_LENGTH = 128


def push(
    target: Annotated[
        str, typer.Argument(metavar="RUN|FOLDER", help="A run, or a model's folder.", autocompletion=complete_runs)
    ],
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository; made unless it is there.")],
    private: Annotated[bool, typer.Option("--private", help="For you alone.")] = False,
    onnx: Annotated[
        Path | None,
        typer.Option("--onnx", metavar="FOLDER", help="Also what `cilda export --onnx` has made of it."),
    ] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="Of the commit.")] = None,
    task: TaskOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the files and the card, and send nothing.", rich_help_panel=KEEP)
    ] = False,
    runs_dir: RunsDirOption = None,
) -> None:
    """Upload a student to the Hugging Face hub in one commit: weights, tokenizer, labels, and a full card.

    The card tells teacher, data, method, scores with all seeds that were run, and limits. No name of a folder of this
    machine goes along. The token is the hub's own: `hf auth login`, or HF_TOKEN. The commit's address goes to stdout.
    """
    from cilda.runs.layout import default_runs_dir

    config = looked_up({"runs_dir": runs_dir})
    found = target_of(target, config.runs_dir or default_runs_dir())
    if found.folder is None:
        raise UsageError(f"{found.name} is on the hub already", "name a run, or a model's folder")
    from cilda import __version__
    from cilda.cli.evaluate import task_of
    from cilda.distill.handover.hub import check_repository_name, files_of
    from cilda.distill.handover.hub import push as pushed
    from cilda.distill.handover.hub_card import hub_card

    check_repository_name(repository)
    what = task_of(found, task)
    graphs = [] if onnx is None else _graphs(onnx, found.folder)
    card = hub_card(_facts(repository, what, found, "" if onnx is None else _section(onnx / CARD)))
    files = files_of(found.folder, card, graphs)
    if dry_run:
        show_table(
            ("file", "MB"), [(file.name, f"{file.size_bytes / 1e6:.3f}") for file in files], right=frozenset({"MB"})
        )
        print(f"\n{card}", end="")
        return
    size = sum(file.size_bytes for file in files)
    note(f"{len(files)} files, {size / 1e6:,.1f} MB, to {repository}")
    words = message or f"{what.name}: a student, by cilda {__version__}"
    print(pushed(repository, files, private=private, message=words, bars=sys.stderr.isatty()))


def _graphs(folder: Path, model: Path) -> list[Path]:
    """The ONNX files of an export, which must be of this model and say the same as it.

    Raises:
        CildaError: it is no export, or of another model, or one that says otherwise.
    """
    from cilda.distill.repository import files_hash, find_repository

    told = read_json(folder / REPORT)
    graphs = sorted(folder.glob("model*.onnx"))
    again = f"cilda export {model} --onnx --out FOLDER makes one"
    if not told or not graphs:
        raise CildaError(f"{folder} holds no export: {REPORT} or model.onnx is missing", again)
    if told.get("weights_hash") != files_hash(find_repository(str(model)).weights):
        raise CildaError(f"{folder} was exported from another model than {model}", again)
    if told.get("faithful") is not True:
        raise CildaError(f"{folder} says otherwise than PyTorch of some rows: it is not uploaded", f"see its {REPORT}")
    return graphs


def _section(card: Path) -> str:
    """What the export's card says of its sameness."""
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return "Exported with cilda."
    found = re.search(r"^## The same as in PyTorch\?\n+(.*?)\n+## ", text, flags=re.MULTILINE | re.DOTALL)
    return found[1] if found is not None else "Exported with cilda."


def _facts(repository: str, task: Task, target: Target, onnx: str) -> Facts:
    """What the folder and its run say."""
    from cilda.distill.handover.hub_card import Facts
    from cilda.distill.model_record import recorded_origin, recorded_teacher
    from cilda.runs.other_seeds import seeds_of
    from cilda.runs.store import open_run, read_events

    assert target.folder is not None
    own = target.folder / CARD
    text = own.read_text(encoding="utf-8", errors="replace") if own.is_file() else ""
    length = length_of(target) or _DEFAULT_LENGTH
    teacher = recorded_teacher(target.folder)
    folder = Path(teacher) if teacher is not None and Path(teacher).is_dir() else target.folder
    origin = next(iter(recorded_origin(folder)), None)
    if target.run is None:
        return Facts(repository, task, length, text, origin=origin, onnx=onnx)
    run = open_run(target.run).run
    rates = [event.get("learning_rate") for event in read_events(target.run.events, {"stage"})]
    rate = rates[-1] if rates and isinstance(rates[-1], float) else None
    seed = run.get("config", {}).get("seed")
    return Facts(repository, task, length, text, run, rate, seed, seeds_of(target.run), origin, onnx)
