"""`cilda distill --demo`: a masked LM, a teacher, a plain and a distilled student, all made on the spot."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from cilda.cli.beforehand import looked_over
from cilda.cli.running import started
from cilda.cli.settings import flag_of
from cilda.cli.table import aligned, show_json
from cilda.errors import UsageError
from cilda.runs.events import finite
from cilda.runs.layout import check_new, default_runs_dir

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.demo import Pretraining
    from cilda.distill.outcome import Outcome

DEMO_SETTINGS = {
    "student": "2L-64H",
    "limit": 2000,
    "max_length": 48,
    "teacher_epochs": 2.0,
    "teacher_learning_rate": 7e-4,
    "epochs": 10.0,
    "learning_rate": 1e-3,
    "clip_norm": 1.0,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
    "generator_learning_rate": 1e-5,
}
"""Defaults, under everything that the user says. The limit is the students'; the teacher learns from all rows."""

DEMO_TASK = {
    "task": "demo", "data_dir": None, "train_file": None, "validation_file": None, "unlabeled_file": None,
    "text": None, "text_pair": None, "label": None,
}  # fmt: skip
"""What the demo is, whatever the environment and files of settings say."""


def refuse_own_task(flags: Mapping[str, Any]) -> None:
    """Refuses flags that would make something else of the demo.

    Raises:
        UsageError: a task, rows, teacher or generator are named beside --demo.
    """
    for key in (*DEMO_TASK, "teacher", "generator"):
        if flags[key] is not None:
            flag = flag_of(key)
            raise UsageError(
                f"--demo comes with a task and models of its own, and {flag} is given", f"leave --demo or {flag} out"
            )


def run_demo(
    config: RunConfig, origins: dict[str, str], *, as_json: bool, pretraining: Pretraining | None = None
) -> None:
    """Runs the demo under a config that has the demo's settings; both runs are kept like any other.

    The student's folder is printed on stdout, the table on stderr. `pretraining` replaces how the masked LM is made.

    Raises:
        CildaError: as any run.
    """
    # Its own name first: those of the other two are made of it.
    check_new(config.runs_dir or default_runs_dir(), config.name)
    names = {purpose: None if config.name is None else f"{config.name}-{purpose}" for purpose in ("teacher", "plain")}
    plain_config = config.model_copy(update={"method": "finetune", "weights": {}, "name": names["plain"]})
    teacher_config = config.model_copy(update={"limit": None, "name": names["teacher"]})
    all_rows, _, data = (looked_over(one, models=("student",)) for one in (teacher_config, plain_config, config))

    from cilda.distill.demo import Pretraining, demo_models, make_demo_models
    from cilda.distill.session import distil, make_teacher

    making = pretraining or Pretraining()
    models = demo_models(config, making)
    teacher_config = teacher_config.model_copy(update={"teacher": str(models.encoder)})
    with started(teacher_config, origins, job="finetune", purpose="finetune") as desk:
        prepare = partial(make_demo_models, models, desk.writer, making)
        teacher = make_teacher(teacher_config, all_rows, desk.writer, orders=desk.orders, first=prepare)
    made = {"teacher": teacher.name, "generator": str(models.masked_lm)}
    config, plain_config = config.model_copy(update=made), plain_config.model_copy(update=made)
    with _begun_again():
        with started(plain_config, origins, job="distill") as plain_desk:
            plain = distil(plain_config, data, plain_desk.writer, orders=plain_desk.orders)
        with started(config, origins, job="distill") as desk:
            distilled = distil(config, data, desk.writer, orders=desk.orders)
    folder = desk.writer.folder
    _print_table(config, plain, distilled)
    if as_json:
        shown = {
            "run": folder.id,
            "plain_run": plain_desk.writer.folder.id,
            "student_folder": str(folder.student),
            "plain": plain.to_json(),
            **distilled.to_json(),
        }
        show_json(finite(shown))
    else:
        print(folder.student)


@contextmanager
def _begun_again() -> Iterator[None]:
    """Says, where somebody ends the demo behind its teacher, what a second call will not make again."""
    try:
        yield
    except (typer.Exit, KeyboardInterrupt, SystemExit):
        print("the demo's teacher is kept: cilda distill --demo, once more, takes it", file=sys.stderr)
        raise


def _print_table(config: RunConfig, plain: Outcome, distilled: Outcome) -> None:
    """Teacher, plain student and distilled student, on stderr."""
    from cilda.tasks.demo import SIZES

    metric = distilled.metric
    (split,) = distilled.student
    few, many = f"{config.limit or SIZES['train']:,}", f"{SIZES['train']:,}"
    rows = [
        ("teacher", many, f"{distilled.teacher_parameters:,}", f"{distilled.teacher[split][metric]:.3f}"),
        ("plain student", few, f"{plain.student_parameters:,}", f"{plain.student[split][metric]:.3f}"),
        (
            f"{config.method} student",
            few,
            f"{distilled.student_parameters:,}",
            f"{distilled.student[split][metric]:.3f}",
        ),
    ]
    columns = ("", "labelled texts", "parameters", metric)
    table = aligned(columns, rows, right=frozenset(columns[1:]))
    print("\n".join(("", *table, "")), file=sys.stderr)
