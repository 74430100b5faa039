"""A trainer over tiny players: whole runs in well under a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cilda.distill.data import TokenizedRows
from cilda.distill.players import Players
from cilda.distill.step import TurnSettings
from cilda.distill.trainer import Trainer
from cilda.distill.trainer_settings import TrainerSettings
from cilda.methods import METHODS
from cilda.methods.recipe import Method
from cilda.runs.control import Orders
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder, create
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task
from tests.tiny_players import mask_id, tiny_players, tiny_tokenized

TASK = Task("made_up", ("text",), labels=("no", "yes"))
MATTHEWS = Task(
    "made_up", ("text",), labels=("no", "yes"), metric="matthews_correlation", metrics=("matthews_correlation",)
)


def tiny_trainer(
    runs_dir: Path,
    recipe: Method = METHODS["kd"],
    *,
    name: str = "run",
    players: Players | None = None,
    task: Task = TASK,
    validation: TokenizedRows | None = None,
    turn: TurnSettings | None = None,
    attempt: int = 1,
    **settings: Any,
) -> Trainer:
    """A trainer on 10 rows in batches of 4, with an evaluation after every third of 9 turns.

    The first attempt makes the run's folder; the others go on in it.
    """
    writer = RunWriter(create(runs_dir, name) if attempt == 1 else RunFolder(runs_dir / name), attempt=attempt)
    turn = turn or TurnSettings(mask_id("bert"))
    chosen: dict[str, Any] = {
        "stage": "student",
        "total_turns": 9,
        "learning_rate": 1e-3,
        "batch_size": 4,
        "evaluate_every": 3,
        "turn": turn,
        "generator_turns": 1,
        "student_turns": 2,
        "generator_learning_rate": 1e-3,
        "phase_begins": 5 if recipe.phases == 2 else None,
        "generator_until": 5 if recipe.generator and recipe.phases == 2 else None,
        **settings,
    }
    return Trainer(
        players=players or tiny_players("bert", recipe),
        recipe=recipe,
        task=task,
        train=tiny_tokenized("bert", 10),
        validation={"validation": validation or tiny_tokenized("bert", 12)},
        settings=TrainerSettings(**chosen),
        writer=writer,
        orders=Orders(writer.folder, writer),
    )


def orders_of(trainer: Trainer) -> Orders:
    """Where requests to a trainer arrive."""
    assert trainer._heeding is not None
    return trainer._heeding._orders


def fresh_players(recipe: Method, *, seed: int = 40) -> Players:
    """The same teacher, which comes from its own folder; all others begin elsewhere."""
    same = tiny_players("bert", recipe)
    # Their seed is the run's own, and decides more than how their weights begin.
    for weight in same.losses.parameters():
        weight.data += 0.1
    return replace(tiny_players("bert", recipe, seed=seed), teacher=same.teacher, losses=same.losses)


def events_of(trainer: Trainer, kind: str) -> list[Event]:
    """The events of one kind that lie on disk."""
    trainer.writer.close()
    return list(read_events(trainer.writer.folder.events, {kind}))
