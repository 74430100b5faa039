"""The loop: turn after turn, evaluations in between, the best student kept."""

from __future__ import annotations

import time
from typing import Any

import torch

from cilda.distill.batch import Batch
from cilda.distill.best import Best, Contest
from cilda.distill.checkpoint import Tree, random_states, restore_random_states
from cilda.distill.clock import Clock
from cilda.distill.data import BatchStream, TokenizedRows
from cilda.distill.evaluate import evaluate
from cilda.distill.fit import check_fit, fingerprint
from cilda.distill.heeding import Heeding, Kept
from cilda.distill.keeper import Keeper
from cilda.distill.ledger import Entry, Ledger
from cilda.distill.losses.loss import Moment
from cilda.distill.optimizers import make_optimizers
from cilda.distill.out_of_memory import play_within_memory
from cilda.distill.players import Players
from cilda.distill.recorder import Recorder
from cilda.distill.step import TurnResult, Turns
from cilda.distill.trainer_settings import TrainerSettings
from cilda.distill.world import world
from cilda.errors import CildaError
from cilda.methods.recipe import Method, Player
from cilda.runs.control import Orders
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task


class Trainer:
    """Plays a method's turns on tokenised rows until its turns are done or the score stops rising.

    The validation split named first decides what is best, by the task's metric. The same seed on the same machine gives
    the same numbers, also when the run is ended anywhere on its way and begun again: it goes on from the newest whole
    checkpoint of its stage in the run's folder. That may have been written by another number of processes: then the
    turns are the same but for dropout, and for the rounding of sums.
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
        orders: Orders | None = None,
    ) -> None:
        self.players = players
        self.task = task
        self.settings = settings
        self.validation = validation
        self.writer = writer
        self._recorder = recorder
        self._world = world()
        self._keeper = Keeper(writer, settings.stage, settings.keep_checkpoints, writes=self._world.main)
        self._newest: tuple[int, str] | None = None
        self._heeding = None if orders is None else Heeding(orders, writer, self._checkpoint, self._place)
        self._clock = Clock()
        self.cycle = settings.cycle(recipe)
        self.optimizers = make_optimizers(players, recipe, settings, self.cycle)
        self.turns = Turns(players, recipe, self.optimizers, settings.turn, self._clock)
        seed = settings.turn.seed
        self.streams: dict[Player, BatchStream] = {
            "student": BatchStream(train, settings.batching, seed),
            "generator": BatchStream(train, settings.batching, seed + 1),
        }
        self.done: dict[Player, int] = {"student": 0, "generator": 0}
        self._contest = Contest(task.metric, settings.early_stopping)
        self._ledger = Ledger(self._write, train.rows, writer.folder.path)
        self.device = self.turns.device
        self._fingerprint = fingerprint(players, recipe, settings, train, self.device)
        torch.manual_seed(seed)

    def run(self) -> Best:
        """Plays all turns that are left and gives the best evaluation; the student then holds the best weights.

        Raises:
            CildaError: a term is not finite, or the run's checkpoint does not fit what is to go on from it.
            RunStopped: somebody asked for it.
        """
        settings = self.settings
        resumed_from = self._resume()
        self._world.same(self.players.student, self.players.generator, self.players.losses)
        self.writer.event(
            "stage",
            stage=settings.stage,
            turn=self.done["student"],
            total_turns=settings.total_turns,
            generator_turns=self.cycle.generator_total,
            **settings.batching.to_json(),
            batches_per_epoch=self.streams["student"].batches_per_epoch,
            learning_rate=settings.learning_rate,
            metric=self.task.metric,
            **({} if resumed_from is None else {"resumed_from": resumed_from}),
            **({} if self.best is None else {"best": self.best.score, "best_turn": self.best.turn}),
            **({} if self._world.alone else {"processes": self._world.size}),
        )
        self._tell_state()
        try:
            while not self._contest.over:
                player = self.cycle.player(self.done["generator"], self.done["student"])
                if player is None:
                    break
                self.play(player)
                self._look_after(player)
        finally:
            if self._heeding is not None:
                self._heeding.leave()
            if self._recorder is not None:
                self._recorder.close()
        self._ledger.look()
        best, weights = self.best, self._keeper.best_weights
        if best is None or weights is None:
            what = f"no evaluation gave a {self.task.metric}: it was never a number"
            raise CildaError(what, "see that the validation rows differ from each other, and lower the learning rate")
        self.players.student.load_state_dict(weights)
        return best

    def _resume(self) -> str | None:
        """Takes up the newest whole checkpoint; gives its name, or None where the run begins."""
        found = self._world.told(self._keeper.newest)
        if found is None:
            return None
        self._keeper.best = self._world.told(lambda: self._keeper.best)
        name, state = found
        check_fit(name, state["position"]["fingerprint"], self._fingerprint)
        self.load_state(state)
        # Older checkpoints do not say it.
        before = state["position"].get("processes", 1)
        if before != self._world.size:
            what = f"written by {before} processes, {self._world.size} go on: the same batches, other dropout"
            self.writer.event("alert", level="info", what=f"{name} was {what}")
        self._newest = (self._step, name)
        return name

    def _look_after(self, player: Player) -> None:
        """What is due after a turn: an evaluation, a checkpoint, answers."""
        settings, turn = self.settings, self.done["student"]
        if player == "student":
            last = turn == settings.total_turns
            if last or turn % settings.evaluate_every == 0:
                self._evaluate()
            if last or self._contest.over or turn % (settings.checkpoint_every or settings.evaluate_every) == 0:
                self._checkpoint()
        # Whoever hears of a stop takes all others along.
        self._world.told(self._heed)

    def _heed(self) -> None:
        if self._heeding is not None:
            self._heeding.heed()

    def play(self, player: Player) -> None:
        """One turn of a player; nothing is counted before it has succeeded."""
        began = time.perf_counter()
        self._world.seed_turn(self.settings.turn.seed, self._step)
        rate = self.optimizers[player].learning_rate
        with self._clock("data"):
            batch = self._take(player)
            rewritable = int((~batch.special_BT).sum())
        result = self._play(player, batch)
        self.done[player] = turn = self.done[player] + 1
        if self._recorder is not None:
            self._recorder.take(player, result.batch, result, turn=turn, step=self._step, epoch=self.epoch)
        numbers = {"learning_rate": rate, "texts_per_second": batch.size / (time.perf_counter() - began)}
        if result.drawn:
            numbers["drawn_fraction"] = result.drawn / rewritable
        if self._world.main:
            self._ledger.add(self._entry(player, turn, batch, result, numbers))

    def _take(self, player: Player) -> Batch:
        """The player's next batch, on the CPU: there its tokens can be counted without waiting for the device."""
        return self.streams[player].take()

    def _play(self, player: Player, batch: Batch) -> TurnResult:
        """The player's next turn on a batch."""
        if player == "student":
            phase, share = self.settings.place_in_phase(self.done["student"])
            self.turns.enter(phase, Moment(self.streams["student"].epoch, share))
        norms = (self.done[player] + 1) % self.settings.gradient_norms_every == 0
        return play_within_memory(
            self.turns,
            player,
            batch,
            norms_by_term=norms,
            # A process alone cannot change the parts that all of them play.
            auto_batch=self.settings.auto_batch and self._world.alone,
            tell=lambda what, _: self.writer.event("alert", level="warning", what=what, todo=""),
        )

    @property
    def _step(self) -> int:
        """Turns of all players so far."""
        return sum(self.done.values())

    @property
    def best(self) -> Best | None:
        """The best evaluation so far."""
        return self._contest.best

    def _place(self) -> dict[str, Any]:
        return {"stage": self.settings.stage, "turn": self.done["student"]}

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
            step=self._step,
            epoch=self.epoch,
            values=result.values,
            numbers={**numbers, **parts},
            batch=batch,
            rewritten_ids_BT=None if result.rewrite is None else result.rewrite.batch.ids_BT,
        )

    def _write(self, entry: Entry, values: dict[str, float]) -> None:
        stage = self.settings.stage
        self.writer.metrics(stage, entry.player, entry.turn, round(entry.epoch, 4), values, step=entry.step)
        self._tell_state()

    def _tell_state(self) -> None:
        self.writer.state(
            "running" if self._heeding is None else self._heeding.status,
            **self._place(),
            step=self._step,
            total=self.settings.total_turns + self.cycle.generator_total,
            total_turns=self.settings.total_turns,
            epoch=round(self.epoch, 4),
            # Of this stage: an earlier one's best would be another model's.
            best=None if self.best is None else self.best.score,
            best_turn=None if self.best is None else self.best.turn,
        )

    def _evaluate(self) -> None:
        """Scores the student, and keeps it if it is the best so far."""
        self._ledger.look()
        began = time.perf_counter()
        settings, turn = self.settings, self.done["student"]
        scores = {
            split: evaluate(
                self.players.student, self.task, rows, settings.evaluation_batch_size, tick=self._tell_state
            ).scores
            for split, rows in self.validation.items()
        }
        seconds = time.perf_counter() - began
        # What a first phase learns is often no answer yet.
        gained = self._contest.enter(turn, scores, waits=turn > (settings.phase_begins or 0))
        if gained:
            self._keeper.keep_best(turn, self.players.student.state_dict())
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
                # Of all splits together.
                **({"seconds": round(seconds, 3)} if place == 0 else {}),
            )
        self._tell_state()
        if self._contest.over and turn < settings.total_turns:
            patience = settings.early_stopping
            what = f"stopped early at turn {turn}: {patience} evaluations without a better {self.task.metric}"
            self.writer.event("alert", level="info", what=what)

    def _checkpoint(self) -> Kept:
        """Writes a full checkpoint, unless this very state lies on the disk already, or another process does."""
        if not self._world.main:
            return Kept(None)
        self._ledger.look()
        if self._newest is not None and self._newest[0] == self._step and self._keeper.holds(self._newest[1]):
            return Kept(self._newest[1])
        name = self._keeper.write(self._step, self.state())
        if name is None:
            trouble = self._keeper.trouble
            return Kept(None, "" if trouble is None else trouble.what)
        self._newest = (self._step, name)
        self.writer.event("checkpoint", stage=self.settings.stage, turn=self.done["student"], path=name)
        return Kept(name)

    def state(self) -> dict[str, Tree]:
        """All that is needed to go on as if nothing had happened."""
        players = self.players
        return {
            "student": players.student.state_dict(),
            "generator": {} if players.generator is None else players.generator.state_dict(),
            "losses": players.losses.state_dict(),
            "optimizers": {name: optimizer.state() for name, optimizer in self.optimizers.items()},
            "random": random_states(self.turns.random),
            "position": {
                "fingerprint": self._fingerprint,
                "done": dict(self.done),
                "streams": {name: [stream.epoch, stream.place] for name, stream in self.streams.items()},
                **self._contest.state(),
                "processes": self._world.size,
                # Only auto_batch changes it.
                "micro_batch": self.turns.micro_batch,
                "disagreements": 0 if self._recorder is None else self._recorder.settle(),
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
        self._contest.load_state(position)
        self.turns.micro_batch = position["micro_batch"]
        if self._recorder is not None:
            # Older checkpoints do not say it.
            self._recorder.go_on(position.get("disagreements", 0))
