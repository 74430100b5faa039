"""`cilda finetune`: the teacher stage alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.beforehand import looked_over, refuse_taken
from cilda.cli.description import anchored
from cilda.cli.processes import asked_for, start_anew, started_together
from cilda.cli.run_options import AS_TEACHER_SETTINGS, KEEP, OF_TEACHERS, Given, takes_settings
from cilda.cli.running import Desk, started
from cilda.cli.table import show_json
from cilda.runs.events import finite

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.task_data import TaskData
    from cilda.distill.teacher import Teacher


@takes_settings(OF_TEACHERS, as_settings=AS_TEACHER_SETTINGS)
def finetune(
    given: Given,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also save the model in this new folder.", rich_help_panel=KEEP)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Fine-tune a teacher on a task, as distill would before it begins.

    The model is kept where distill looks for it, so that the same teacher, rows and settings are not trained twice. Its
    folder is printed on stdout.
    """
    if out is not None:
        refuse_taken(out, "--out")
    config, origins = given.resolved()
    config = asked_for(config, given=origins["gpus"] != "default")
    data = looked_over(config, models=("teacher",))
    config = anchored(config)
    if config.gpus > started_together():
        start_anew(config.gpus)
    kept = None if out is None else out.absolute()
    with started(config, origins, job="finetune", purpose="finetune", out=kept) as desk:
        made = make_and_keep(config, data, desk, out=kept)
    folder = str(out or made.name)
    if as_json:
        show_json(finite({"run": desk.writer.folder.id, "folder": folder, "scores": made.scores}))
    else:
        print(folder)


def make_and_keep(config: RunConfig, data: TaskData | None, desk: Desk, *, out: Path | None) -> Teacher:
    """The job of a run that fine-tunes; the model is saved in the folder `out`, too, if one is named.

    Raises:
        CildaError: as `make_teacher`.
    """
    from cilda.distill.model_folder import save_model
    from cilda.distill.session import make_teacher
    from cilda.distill.world import world

    def save(made: Teacher) -> None:
        if out is not None and world().main:
            record = {
                "task": made.task.to_json(),
                "max_length": config.max_length,
                "scores": made.scores,
                "made_from": {"model": made.origins[-1]},
            }
            save_model(out, made.loaded.model, made.loaded.tokenizer, record, elsewhere="--out")

    return make_teacher(config, data, desk.writer, orders=desk.orders, last=save)
