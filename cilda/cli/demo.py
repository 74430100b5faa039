"""`cilda distill --demo`: a masked LM, a teacher, a plain and a distilled student, all made on the spot."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cilda.cli.running import started
from cilda.cli.table import aligned, show_json

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.session import Outcome

DEMO_SETTINGS = {
    "task": "demo",
    "student": "2L-64H",
    "max_length": 48,
    "teacher_epochs": 4.0,
    "teacher_learning_rate": 5e-4,
    "epochs": 10.0,
    "learning_rate": 1e-3,
    "generator_learning_rate": 1e-5,
}


def run_demo(config: RunConfig, origins: dict[str, str], *, as_json: bool) -> None:
    """Runs the demo under a config that has the demo's settings; both runs are kept like any other.

    The student's folder is printed on stdout, the table on stderr.

    Raises:
        CildaError: as any run.
    """
    from cilda.distill.demo import demo_base_folder, make_demo_base
    from cilda.distill.session import distil

    base = str(demo_base_folder(config))
    config = config.model_copy(update={"teacher": base, "generator": base})
    with started(config, origins) as writer:
        make_demo_base(demo_base_folder(config), writer)
        distilled = distil(config, writer)
    plain_name = None if config.name is None else f"{config.name}-plain"
    plain_config = config.model_copy(update={"method": "finetune", "weights": {}, "name": plain_name})
    with started(plain_config, origins) as plain_writer:
        plain = distil(plain_config, plain_writer)
    _print_table(config, plain, distilled)
    if as_json:
        show_json(
            {
                "run": writer.folder.id,
                "plain_run": plain_writer.folder.id,
                "student_folder": str(writer.folder.student),
                "plain": plain.to_json(),
                **distilled.to_json(),
            }
        )
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
