"""`cilda inspect FOLDER "a text"`: a text of one's own put to a student, its teacher and a generator."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.completion import complete_models
from cilda.cli.eval_target import Target, note, target_of
from cilda.cli.settings import looked_up
from cilda.errors import CildaError, UsageError

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.runs.layout import RunFolder

PROBE = "A text of your own"
MOST_REWRITES = 1000

TextPairOption = Annotated[
    str | None, typer.Option("--text-pair", metavar="TEXT", help="The second text of a pair.", rich_help_panel=PROBE)
]
TeacherOption = Annotated[
    str | None,
    typer.Option(
        "--teacher",
        help="To be asked, too; by default the student's own.",
        rich_help_panel=PROBE,
        autocompletion=complete_models,
    ),
]
StudentOption = Annotated[
    str | None,
    typer.Option("--student", help="To be asked beside a teacher's folder.", rich_help_panel=PROBE),
]
GeneratorOption = Annotated[
    str | None,
    typer.Option(
        "--generator",
        help="Masked LM that rewrites; by default the run's own.",
        rich_help_panel=PROBE,
        autocompletion=complete_models,
    ),
]
RewritesOption = Annotated[
    int, typer.Option("--rewrites", metavar="N", help="Rewrites of each text; by default 5.", rich_help_panel=PROBE)
]
MaskFractionOption = Annotated[
    float | None,
    typer.Option("--mask-fraction", help="Share of tokens drawn anew; by default the run's.", rich_help_panel=PROBE),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Of the rewrites; by default 42.", rich_help_panel=PROBE)
]


def probe(
    target: str | Path | None,
    texts: Sequence[str] = (),
    *,
    text_pair: str | None = None,
    teacher: str | None = None,
    student: str | None = None,
    generator: str | None = None,
    rewrites: int = 5,
    mask_fraction: float | None = None,
    seed: int | None = None,
    max_length: int | None = None,
    device: str | None = None,
    allow_pickle: bool | None = None,
    runs_dir: Path | None = None,
    as_json: bool = False,
) -> None:
    """Says of each text what teacher and student say, how alike their layers are, and what a generator makes of it.

    `target` is a model's folder or name, or a run; None is the latest run that has a student. Without texts they are
    asked for in a terminal, and else read from stdin, one a line; a pair in one line has ` ||| ` between its texts.
    `as_json` prints one object a text.

    Raises:
        CildaError: no such run or model, models that do not fit each other, a text that cannot be answered.
        typer.Exit: some of the lines of stdin could not be answered; 1.
    """
    from cilda.runs.layout import default_runs_dir

    if text_pair is not None and len(texts) != 1:
        raise UsageError(
            f"--text-pair is given with {len(texts)} texts", "it is the second of a pair: give one text before it"
        )
    config = _settings(rewrites, mask_fraction, seed, device, allow_pickle, runs_dir)
    found = _found(target, config.runs_dir or default_runs_dir())
    # Asked now: to load torch and the models takes seconds, in which a person may begin to type.
    typed = not texts and sys.stdin.isatty()
    from cilda.cli.probe_desk import Desk, ask, lines_of_stdin
    from cilda.distill.probe import written
    from cilda.distill.probe_models import Asked, summoned
    from cilda.distill.probe_rewrites import Rewriting

    for text in texts:
        # An empty one is refused before anything is loaded.
        written(text, None, text_pair)
    asked = Asked(
        target=found.name,
        folder=found.folder,
        run=found.run or _run_of(found, config.runs_dir or default_runs_dir()),
        by_run=found.run is not None and found.name != str(target),
        teacher=teacher,
        student=student,
        generator=generator,
        max_length=max_length,
        allow_pickle=config.allow_pickle,
        device=config.device,
    )
    models = summoned(asked, note)
    fraction = models.mask_fraction if mask_fraction is None else mask_fraction
    desk = Desk(models, Rewriting(rewrites, fraction, config.seed), as_json=as_json)
    if typed:
        ask(desk)
    elif texts:
        for text in texts:
            desk.answer(text, text_pair)
    elif not desk.answered(lines_of_stdin()):
        raise typer.Exit(1)


def _settings(
    rewrites: int,
    mask_fraction: float | None,
    seed: int | None,
    device: str | None,
    allow_pickle: bool | None,
    runs_dir: Path | None,
) -> RunConfig:
    """What is not given on the command line, from the user's own settings; the rest is checked.

    Raises:
        UsageError: a value out of bounds.
    """
    check_rewrites(rewrites)
    flags = {"seed": seed, "device": device, "allow_pickle": allow_pickle, "runs_dir": runs_dir}
    return looked_up(flags if mask_fraction is None else {**flags, "mask_fraction": mask_fraction})


def check_rewrites(count: int) -> None:
    """Refuses a number of rewrites that nobody could read, or none could be made of.

    Raises:
        UsageError: it is below 0 or above 1000.
    """
    if not 0 <= count <= MOST_REWRITES:
        raise UsageError(f"{count:,} rewrites of a text are asked for", f"ask for 0 to {MOST_REWRITES:,}")


def _found(target: str | Path | None, runs_dir: Path) -> Target:
    """The model meant, and the run behind it.

    Raises:
        CildaError: nothing of that name, or a folder that holds neither a model nor a run.
    """
    from cilda.runs.layout import RunFolder

    reference = None if target is None else str(target)
    path = None if reference is None else Path(reference).expanduser()
    if path is not None and path.is_dir() and not (path / "config.json").is_file() and not RunFolder(path).exists():
        inner = next((name for name in ("student", "teacher") if (path / name / "config.json").is_file()), None)
        todo = "a model's folder holds config.json, model.safetensors and a tokenizer; a run's holds run.json"
        raise CildaError(
            f"{reference} holds neither a model nor a run", f"did you mean {path / inner}?" if inner else todo
        )
    return target_of(reference, runs_dir)


def _run_of(found: Target, runs_dir: Path) -> RunFolder | None:
    """The run that a student's record names, if it lies among the runs: the student may have been copied."""
    from cilda.distill.model_record import RECORD
    from cilda.runs.atomic import read_json
    from cilda.runs.layout import RunFolder

    name = None if found.folder is None else read_json(found.folder / RECORD).get("run")
    if not isinstance(name, str) or Path(name).name != name:
        return None
    run = RunFolder(runs_dir / name)
    return run if run.exists() else None
