"""`cilda distill --demo`: a masked LM, a teacher, a plain and a distilled student, all made on the spot."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cilda.cli.beforehand import looked_over
from cilda.cli.running import started
from cilda.cli.settings import flag_of
from cilda.cli.table import aligned, show_json
from cilda.errors import UsageError
from cilda.runs.events import finite

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.demo import Pretraining
    from cilda.distill.session import Outcome

DEMO_SETTINGS = {
    "student": "2L-64H",
    "max_length": 48,
    "teacher_epochs": 4.0,
    "teacher_learning_rate": 5e-4,
    "epochs": 10.0,
    "learning_rate": 1e-3,
    "generator_learning_rate": 1e-5,
}
"""Defaults, under everything that the user says."""

DEMO_TASK = {
    "task": "demo", "data_dir": None, "train_file": None, "validation_file": None, "text": None, "text_pair": None,
    "label": None,
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
    plain_name = None if config.name is None else f"{config.name}-plain"
    plain_config = config.model_copy(update={"method": "finetune", "weights": {}, "name": plain_name})
    for one in (plain_config, config):
        data = looked_over(one, models=("student",))

    from cilda.distill.demo import Pretraining, demo_base_folder, make_demo_base
    from cilda.distill.session import distil

    making = pretraining or Pretraining()
    folder = demo_base_folder(config, making)
    made = {"teacher": str(folder), "generator": str(folder)}
    config, plain_config = config.model_copy(update=made), plain_config.model_copy(update=made)
    with started(config, origins) as writer:
        distilled = distil(config, data, writer, first=lambda: make_demo_base(folder, writer, making))
    with started(plain_config, origins) as plain_writer:
        plain = distil(plain_config, data, plain_writer)
    _print_table(config, plain, distilled)
    if as_json:
        shown = {
            "run": writer.folder.id,
            "plain_run": plain_writer.folder.id,
            "student_folder": str(writer.folder.student),
            "plain": plain.to_json(),
            **distilled.to_json(),
        }
        show_json(finite(shown))
    else:
        print(writer.folder.student)


def _print_table(config: RunConfig, plain: Outcome, distilled: Outcome) -> None:
    """Teacher, plain student and distilled student, on stderr."""
    metric = distilled.metric
    (split,) = distilled.student
    rows = [
        ("teacher", f"{distilled.teacher_parameters:,}", f"{distilled.teacher[split][metric]:.3f}"),
        ("plain student (finetune)", f"{plain.student_parameters:,}", f"{plain.student[split][metric]:.3f}"),
        (f"{config.method} student", f"{distilled.student_parameters:,}", f"{distilled.student[split][metric]:.3f}"),
    ]
    table = aligned(("", "parameters", metric), rows, right=frozenset({"parameters", metric}))
    print("\n".join(("", *table, "")), file=sys.stderr)
