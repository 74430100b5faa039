"""Which rewrites are kept for the run's folder, and who writes them: a thread beside the training."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from cilda.distill.batch import Batch
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.own_text import OwnText
from cilda.distill.played import Played, records
from cilda.distill.step import TurnResult
from cilda.methods.recipe import Player, Sight
from cilda.runs.writer import RunWriter
from cilda.tasks.rows import Rows

# Turns that may wait to be written. Each holds a batch's ids and logits, some 100 kB.
_MOST_WAITING = 32
# A disk that takes longer has other troubles, which the writer tells.
_SETTLE_SECONDS = 30.0


@dataclass(frozen=True)
class RecordSettings:
    """How much is kept."""

    every: int = 20
    """Turns of a player between samples; the first turn has one, too."""
    texts: int = 4
    """Rewrites in a sample, from all over the batch. 0 keeps nothing at all."""
    watched: int = 8
    """Training texts, drawn from the seed, whose rewrites are kept each time that they come by."""
    disagreements: int = 5000
    """Most rewrites kept because teacher and student put them into different classes."""
    total_turns: int = 1
    """Student turns over which the disagreements are spread."""
    seed: int = 0


class Recorder:
    """Takes what a turn has left, without waiting for the device or the disk, and writes it beside the training.

    Of the student's turns: a sample now and then, a few texts each time they come by, and every disagreement up to a
    cap that grows with the turns. Of the generator's turns: a sample. What comes faster than it can be written is left
    out; `left_out` counts those turns. Whatever goes wrong here ends the recording, never the run.
    """

    def __init__(
        self,
        writer: RunWriter,
        own: OwnText,
        rows: Rows,
        settings: RecordSettings,
        *,
        regression: bool,
        contrast: LayerContrast | None = None,
    ) -> None:
        self.left_out = 0
        self._writer = writer
        self._own = own
        self._rows = rows
        self._settings = settings
        self._regression = regression
        self._contrast = contrast
        chosen = np.random.default_rng([settings.seed, len(rows)]).permutation(len(rows))[: settings.watched]
        self._watched = frozenset(chosen.tolist())
        self._disagreements = 0
        self._worker = ThreadPoolExecutor(1, "recorder")
        self._waiting: deque[Future[None]] = deque()
        self._broken = False

    def take(self, player: Player, batch: Batch, result: TurnResult, *, turn: int, step: int, epoch: float) -> None:
        """Takes a turn's rewrites; nothing where the turn rewrote nothing, or where nothing of it is to be kept."""
        rewrite, settings = result.rewrite, self._settings
        if rewrite is None or batch.rows_B is None or self._broken:
            return
        why = self._chosen(batch.rows_B.tolist(), player, turn)
        if not why and not (player == "student" and settings.disagreements):
            return
        soft = result.views.get("soft")
        contrasted = soft is not None and soft.teacher is not None and soft.teacher.pooled_BLD is not None
        contrast = self._contrast if contrasted else None
        played = Played(
            player=player,
            turn=turn,
            step=step,
            epoch=epoch,
            rows_B=batch.rows_B,
            ids_BT=batch.ids_BT,
            soft_ids_BT=rewrite.batch.ids_BT,
            attention_BT=batch.attention_BT,
            special_BT=batch.special_BT,
            drawn_N=rewrite.drawn_N,
            logits=_logits(result),
            contrast_B=None if contrast is None or soft is None else contrast.by_text(soft),
            entropy_N=rewrite.entropy_N,
            surprise_N=rewrite.surprise_N,
        )
        self._hand_on(lambda: self._write(played, why))

    def settle(self) -> int:
        """Waits until all that was taken is written; how many disagreements have been kept so far."""
        wait(self._waiting, timeout=_SETTLE_SECONDS)
        self._look()
        return self._disagreements

    def go_on(self, disagreements: int) -> None:
        """Goes on where an earlier process of the run has kept so many."""
        self._disagreements = disagreements

    def close(self) -> None:
        """Writes what waits, and tells what was left out."""
        self.settle()
        self._worker.shutdown(wait=False, cancel_futures=True)
        if self.left_out:
            what = f"the rewrites of {self.left_out:,} turns came too fast to be written, and are not recorded"
            self._writer.event("alert", level="info", what=what)
            self.left_out = 0

    def _chosen(self, rows: list[int], player: Player, turn: int) -> dict[int, str]:
        """What is kept whatever the models say, by place in the batch."""
        why: dict[int, str] = {}
        if player == "student":
            why = {place: "watched" for place, row in enumerate(rows) if row in self._watched}
        if turn == 1 or turn % self._settings.every == 0:
            # A batch is sorted by length: its first texts would be its shortest.
            count = min(self._settings.texts, len(rows))
            why |= {(2 * number + 1) * len(rows) // (2 * count): "sample" for number in range(count)}
        return why

    def _hand_on(self, work: Callable[[], None]) -> None:
        while self._waiting and self._waiting[0].done():
            self._look_at(self._waiting.popleft())
        if len(self._waiting) >= _MOST_WAITING:
            self.left_out += 1
        else:
            self._waiting.append(self._worker.submit(work))

    def _look(self) -> None:
        while self._waiting:
            self._look_at(self._waiting.popleft())

    def _look_at(self, written: Future[None]) -> None:
        error = written.exception() if written.done() else None
        if error is not None and not self._broken:
            self._broken = True
            what = f"rewrites are recorded no longer, the run goes on: {type(error).__name__}: {error}"
            self._writer.event("alert", level="warning", what=what)

    def _write(self, played: Played, why: dict[int, str]) -> None:
        played = played.on_cpu()
        if played.player == "student":
            allowed = math.ceil(self._settings.disagreements * min(1, played.turn / self._settings.total_turns))
            more = [place for place in played.disagreements() if place not in why]
            more = more[: max(0, allowed - self._disagreements)]
            self._disagreements += len(more)
            why = why | dict.fromkeys(more, "disagreement")
        for record in records(played, why, self._rows, self._own, regression=self._regression):
            self._writer.augmentation(record)


def _logits(result: TurnResult) -> dict[tuple[str, Sight], Tensor]:
    """What both models said of both texts, where they were asked."""
    said: dict[tuple[str, Sight], Tensor] = {}
    for sight, view in result.views.items():
        said["student", sight] = view.student.logits_BC
        if view.teacher is not None:
            said["teacher", sight] = view.teacher.logits_BC
    return said
