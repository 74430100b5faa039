"""`cilda distill`: the main job, from a teacher's name to a student's folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.beforehand import looked_over
from cilda.cli.demo import DEMO_SETTINGS, DEMO_TASK, refuse_own_task, run_demo
from cilda.cli.running import started
from cilda.cli.settings import (
    KEEP,
    METHOD,
    AllowEmptyOption,
    AllowPickleOption,
    BatchSizeOption,
    ConfigOption,
    DataDirOption,
    EpochsOption,
    GeneratorOption,
    LabelOption,
    LearningRateOption,
    LimitOption,
    MaxLengthOption,
    MaxTurnsOption,
    MethodOption,
    NameOption,
    RunsDirOption,
    SeedOption,
    SetOption,
    StudentOption,
    TaskOption,
    TeacherEpochsOption,
    TeacherOption,
    TextOption,
    TextPairOption,
    TrainOption,
    ValidationOption,
    WeightOption,
    as_toml,
    resolved,
)
from cilda.cli.table import aligned, show_json
from cilda.runs.events import finite

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.outcome import Outcome
    from cilda.runs.layout import RunFolder


def distill(
    task: TaskOption = None,
    data_dir: DataDirOption = None,
    train: TrainOption = None,
    validation: ValidationOption = None,
    text: TextOption = None,
    text_pair: TextPairOption = None,
    label: LabelOption = None,
    allow_empty: AllowEmptyOption = None,
    limit: LimitOption = None,
    max_length: MaxLengthOption = None,
    teacher: TeacherOption = None,
    student: StudentOption = None,
    generator: GeneratorOption = None,
    allow_pickle: AllowPickleOption = None,
    method: MethodOption = None,
    weight: WeightOption = None,
    setting: SetOption = None,
    config_file: ConfigOption = None,
    seed: SeedOption = None,
    epochs: EpochsOption = None,
    max_turns: MaxTurnsOption = None,
    teacher_epochs: TeacherEpochsOption = None,
    batch_size: BatchSizeOption = None,
    learning_rate: LearningRateOption = None,
    runs_dir: RunsDirOption = None,
    name: NameOption = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="The built-in demo: made-up reviews and small models, no network.", rich_help_panel=KEEP
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print every setting with its origin, as TOML, and stop.", rich_help_panel=METHOD
        ),
    ] = False,
    foreground: Annotated[  # noqa: ARG001  until there is a background
        bool, typer.Option("--foreground", help="Stay until the run ends; so far every run does.", rich_help_panel=KEEP)
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Compress a fine-tuned encoder into a smaller one.

    A teacher that does not know the task yet is fine-tuned first and kept for the next time. The student's folder is
    printed on stdout; progress goes to stderr.
    """
    flags = {
        "task": task, "data_dir": data_dir, "train_file": train, "validation_file": validation, "text": text,
        "text_pair": text_pair, "label": label, "allow_empty": allow_empty, "limit": limit, "max_length": max_length,
        "teacher": teacher, "student": student, "generator": generator, "allow_pickle": allow_pickle, "method": method,
        "seed": seed, "epochs": epochs, "max_turns": max_turns, "teacher_epochs": teacher_epochs,
        "batch_size": batch_size, "learning_rate": learning_rate, "runs_dir": runs_dir, "name": name,
    }  # fmt: skip
    if demo:
        refuse_own_task(flags)
    config, origins = resolved(
        flags,
        settings=setting,
        weights=weight,
        config_file=config_file,
        base=DEMO_SETTINGS if demo else {},
        fixed=DEMO_TASK if demo else {},
    )
    if dry_run:
        sys.stdout.write(as_toml(config, origins))
        _print_terms(config)
        return
    if demo:
        run_demo(config, origins, as_json=as_json)
        return
    data = looked_over(config)
    with started(config, origins) as writer:
        from cilda.distill.session import distil

        outcome = distil(config, data, writer)
    _print_outcome(writer.folder, outcome, as_json=as_json)


def _print_terms(config: RunConfig) -> None:
    """The recipe as comments below the settings."""
    recipe = config.recipe
    print(f"\n# {recipe.name}: {recipe.title} ({recipe.source})")
    for player in ("generator", "student"):
        for term in recipe.terms(player):
            per = " / ln B" if term.per_log_batch else ""
            verb = "climbs" if player == "generator" else "descends"
            print(f"# {player} {verb} {term.weight:.4g}{per} * {term.key}")


def _print_outcome(folder: RunFolder, outcome: Outcome, *, as_json: bool) -> None:
    """The comparison on stderr; on stdout the student's folder, or everything as JSON."""
    rows = [
        (split, metric, f"{outcome.teacher[split][metric]:.4f}", f"{score:.4f}")
        for split, scores in outcome.student.items()
        for metric, score in scores.items()
    ]
    sizes = [f"{count:,}" for count in (outcome.teacher_parameters, outcome.student_parameters)]
    rows.append(("", "parameters", sizes[0], sizes[1]))
    print("\n".join(aligned(("split", "metric", "teacher", "student"), rows)), file=sys.stderr)
    if as_json:
        show_json(finite({"run": folder.id, "student_folder": str(folder.student), **outcome.to_json()}))
    else:
        print(folder.student)
