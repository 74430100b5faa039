"""The loop: turn after turn, evaluations in between, the best student kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from cilda.distill.batch import Batch
from cilda.distill.checkpoint import (
    Tree,
    load_checkpoint,
    random_states,
    remove_checkpoint,
    restore_random_states,
    save_checkpoint,
)
from cilda.distill.clock import Clock
from cilda.distill.data import BatchStream, TokenizedRows
from cilda.distill.evaluate import evaluate
from cilda.distill.ledger import Entry, Ledger
from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import Players, owner_of_projections
from cilda.distill.recorder import Recorder
from cilda.distill.schedule import Cycle
from cilda.distill.step import TurnResult, Turns, TurnSettings
from cilda.errors import CildaError
from cilda.methods.recipe import Method, Player
from cilda.runs.writer import RunWriter
from cilda.tasks.metric_names import METRICS
from cilda.tasks.task import Task

Stage = Literal["teacher", "student"]


@dataclass(frozen=True)
class TrainerSettings:
    """How long, how fast and how often. Turns are student turns unless said otherwise."""

    stage: Stage
    total_turns: int
    learning_rate: float
    batch_size: int
    evaluate_every: int
    turn: TurnSettings
    generator_turns: int = 10
    student_turns: int = 100
    weight_decay: float = 0.0
    clip_norm: float = 5.0
    warmup_fraction: float = 0.06
    generator_learning_rate: float = 5e-7
    generator_clip_norm: float = 5.0
    projection_learning_rate: float = 1e-3
    early_stopping: int | None = None
    evaluation_batch_size: int = 64
    gradient_norms_every: int = 100
    record_every: int = 50
    keep_state: bool = True
    """Whether full checkpoints are written, from which a run can go on."""


@dataclass(frozen=True)
class Best:
    """The best evaluation so far."""

    score: float
    turn: int
    scores: dict[str, dict[str, float]]
    """By split and metric."""


class Trainer:
    """Plays a method's turns on tokenised rows until its turns are done or the score stops rising.

    The validation split named first decides what is best, by the task's metric. The best student's weights lie in
    `checkpoints/best-<stage>-<turn>`. The same seed on the same machine gives the same numbers.
    """

    def __init__(
        self,
        *,
        players: Players,
        recipe: Method,
        task: Task,
        train: TokenizedRows,
        validation: dict[str, TokenizedRows],
        settings: TrainerSettings,
        writer: RunWriter,
        recorder: Recorder | None = None,
    ) -> None:
        self.players = players
        self.task = task
        self.settings = settings
        self.validation = validation
        self.writer = writer
        self._recorder = recorder
        self._clock = Clock()
        generator_turns = settings.generator_turns if recipe.generator else 0
        self.cycle = Cycle(settings.total_turns, generator_turns, settings.student_turns)
        self.optimizers = _optimizers(players, recipe, settings, self.cycle)
        self.turns = Turns(players, recipe, self.optimizers, settings.turn, self._clock)
        seed = settings.turn.seed
        self.streams: dict[Player, BatchStream] = {
            "student": BatchStream(train, settings.batch_size, seed),
            "generator": BatchStream(train, settings.batch_size, seed + 1),
        }
        self.done: dict[Player, int] = {"student": 0, "generator": 0}
        self.best: Best | None = None
        self._evaluations_without_gain = 0
        self._ledger = Ledger(self._write, train.rows, writer.folder.path)
        self.device = self.turns.device
        torch.manual_seed(seed)

    @property
    def _checkpoints(self) -> Path:
        return self.writer.folder.checkpoints

    def _best_path(self, best: Best) -> Path:
        return self._checkpoints / f"best-{self.settings.stage}-{best.turn:08d}"

    def run(self) -> Best:
        """Plays all turns and gives the best evaluation; the student then holds the best weights.

        Raises:
            CildaError: a term is not finite.
        """
        settings = self.settings
        self.writer.event(
            "stage",
            stage=settings.stage,
            total_turns=settings.total_turns,
            generator_turns=self.cycle.generator_total,
            batch_size=settings.batch_size,
            batches_per_epoch=self.streams["student"].batches_per_epoch,
            learning_rate=settings.learning_rate,
            metric=self.task.metric,
        )
        while (player := self.cycle.player(self.done["generator"], self.done["student"])) is not None:
            self.play(player)
            due = self.done["student"] % settings.evaluate_every == 0 or self.done["student"] == settings.total_turns
            if player == "student" and due and self._evaluate():
                break
        self._ledger.look()
        if self.best is None:
            what = f"no evaluation gave a {self.task.metric}: it was never a number"
            raise CildaError(what, "see that the validation rows differ from each other, and lower the learning rate")
        best = load_checkpoint(self._best_path(self.best))
        self.players.student.load_state_dict(best["student"])
        return self.best

    def play(self, player: Player) -> None:
        """One turn of a player."""
        began = time.perf_counter()
        settings = self.settings
        with self._clock("data"):
            batch = self.streams[player].take()
            # Counted on the CPU: asking the device would wait for it.
            rewritable = int((~batch.special_BT).sum())
            batch = batch.to(self.device)
        turn = self.done[player] + 1
        rate = self.optimizers[player].learning_rate
        norms = turn % settings.gradient_norms_every == 0
        play = self.turns.student if player == "student" else self.turns.generator
        result = play(batch, norms_by_term=norms)
        self.done[player] = turn
        if player == "student" and self._recorder is not None and turn % settings.record_every == 0:
            self._recorder.record(batch, result, turn=turn, epoch=self.epoch)
        numbers = {"learning_rate": rate, "texts_per_second": batch.size / (time.perf_counter() - began)}
        if result.drawn:
            numbers["drawn_fraction"] = result.drawn / rewritable
        self._ledger.add(self._entry(player, turn, batch, result, numbers))

    @property
    def epoch(self) -> float:
        """Passes of the student over the training rows so far."""
        stream = self.streams["student"]
        return stream.epoch + stream.place / stream.batches_per_epoch

    def _entry(self, player: Player, turn: int, batch: Batch, result: TurnResult, numbers: dict[str, float]) -> Entry:
        """What the ledger is to know of a turn; the seconds since the last one are taken from the clock."""
        parts = {f"seconds.{part}": value for part, value in self._clock.take().items()}
        return Entry(
            player=player,
            turn=turn,
            step=sum(self.done.values()),
            epoch=self.epoch,
            values=result.values,
            numbers={**numbers, **parts},
            batch=batch,
            rewritten_ids_BT=None if result.rewrite is None else result.rewrite.batch.ids_BT,
        )

    def _write(self, entry: Entry, values: dict[str, float]) -> None:
        stage = self.settings.stage
        self.writer.metrics(stage, entry.player, entry.turn, round(entry.epoch, 4), values, step=entry.step)
        self.writer.state(
            "running",
            stage=stage,
            step=entry.step,
            total=self.settings.total_turns + self.cycle.generator_total,
            turn=self.done["student"],
            total_turns=self.settings.total_turns,
            epoch=round(entry.epoch, 4),
        )

    def _evaluate(self) -> bool:
        """Scores the student, keeps it if it is the best so far; says whether it is time to stop early."""
        self._ledger.look()
        settings, turn = self.settings, self.done["student"]
        scores = {
            split: evaluate(self.players.student, self.task, rows, settings.evaluation_batch_size).scores
            for split, rows in self.validation.items()
        }
        score = next(iter(scores.values()))[self.task.metric]
        metric = METRICS[self.task.metric]
        gained = metric.better(score, metric.worst if self.best is None else self.best.score)
        if gained:
            beaten, self.best = self.best, Best(score, turn, scores)
            path = self._best_path(self.best)
            save_checkpoint(path.parent, path.name, {"student": self.players.student.state_dict()})
            if beaten is not None:
                remove_checkpoint(self._best_path(beaten))
        self._evaluations_without_gain = 0 if gained else self._evaluations_without_gain + 1
        for place, (split, of_split) in enumerate(scores.items()):
            self.writer.event(
                "evaluation",
                stage=settings.stage,
                turn=turn,
                epoch=round(self.epoch, 4),
                split=split,
                scores=of_split,
                metric=self.task.metric,
                best=gained and place == 0,
            )
        if settings.keep_state:
            self._save_state()
        if self.best is not None:
            self.writer.state("running", best=self.best.score, best_turn=self.best.turn)
        patience = settings.early_stopping
        if patience is not None and self._evaluations_without_gain >= patience and turn < settings.total_turns:
            what = f"stopped early at turn {turn}: {patience} evaluations without a better {self.task.metric}"
            self.writer.event("alert", level="info", what=what)
            return True
        return False

    def _save_state(self) -> None:
        """Writes a full checkpoint, and then lets go of the one before."""
        step = sum(self.done.values())
        earlier = list(self._checkpoints.glob("step-*"))
        path = save_checkpoint(self._checkpoints, f"step-{step:08d}", self.state())
        for old in earlier:
            if old != path:
                remove_checkpoint(old)
        self.writer.event("checkpoint", turn=self.done["student"], path=path.name)

    def state(self) -> dict[str, Tree]:
        """All that is needed to go on as if nothing had happened."""
        players = self.players
        best = self.best
        return {
            "student": players.student.state_dict(),
            "generator": {} if players.generator is None else players.generator.state_dict(),
            "losses": players.losses.state_dict(),
            "optimizers": {name: optimizer.state() for name, optimizer in self.optimizers.items()},
            "random": random_states(self.turns.random),
            "position": {
                "done": dict(self.done),
                "streams": {name: [stream.epoch, stream.place] for name, stream in self.streams.items()},
                "best": None if best is None else {"score": best.score, "turn": best.turn, "scores": best.scores},
                "evaluations_without_gain": self._evaluations_without_gain,
            },
        }

    def load_state(self, state: dict[str, Tree]) -> None:
        """Takes up a state given by `state`, also after a trip through `checkpoint.py`."""
        self.players.student.load_state_dict(state["student"])
        if self.players.generator is not None:
            self.players.generator.load_state_dict(state["generator"])
        self.players.losses.load_state_dict(state["losses"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state(state["optimizers"][name])
        restore_random_states(state["random"], self.turns.random)
        position: dict[str, Any] = state["position"]
        self.done.update(position["done"])
        for player, stream in self.streams.items():
            stream.epoch, stream.place = position["streams"][player]
        self.best = None if position["best"] is None else Best(**position["best"])
        self._evaluations_without_gain = position["evaluations_without_gain"]


def _optimizers(
    players: Players, recipe: Method, settings: TrainerSettings, cycle: Cycle
) -> dict[str, PlayerOptimizer]:
    """One optimiser a player, and one for the critic; the projections go to their owner."""
    owner = owner_of_projections(recipe, settings.turn.projection)
    projections = [(players.losses["layer_contrast"], settings.projection_learning_rate)] if owner else []
    optimizers = {
        "student": PlayerOptimizer(
            players.student,
            learning_rate=settings.learning_rate,
            total_turns=settings.total_turns,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            warmup_fraction=settings.warmup_fraction,
            also=projections if owner == "student" else [],
        )
    }
    if recipe.generator and players.generator is not None:
        optimizers["generator"] = PlayerOptimizer(
            players.generator,
            learning_rate=settings.generator_learning_rate,
            total_turns=cycle.generator_total,
            clip_norm=settings.generator_clip_norm,
            warmup_fraction=settings.warmup_fraction,
            also=projections if owner == "generator" else [],
        )
    if owner == "critic":
        optimizers["critic"] = PlayerOptimizer(
            players.losses["layer_contrast"],
            learning_rate=settings.projection_learning_rate,
            total_turns=settings.total_turns,
            warmup_fraction=settings.warmup_fraction,
        )
    return optimizers
