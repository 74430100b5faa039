"""Which rewrites are kept for the run's folder, and who writes them: a thread beside the training."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from cilda.distill.batch import Batch, Outputs, SoftTokens, joined
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.own_text import OwnText
from cilda.distill.played import Answers, Played, records
from cilda.distill.step import TurnResult
from cilda.methods.recipe import Player, Sight
from cilda.runs.writer import RunWriter
from cilda.tasks.rows import Rows

# Turns that may wait to be written. Each holds a batch's ids and logits, some 100 kB.
_MOST_WAITING = 32
# Of one turn so many texts are looked at for disagreement, and no more often: the student reads them once more, without
# dropout, and however few they are, all its weights go through the processor for it: 2 % of a turn on a CPU.
_CANDIDATES = 2
_LEAST_STRIDE = 2
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
    disagreements: int = 2000
    """Most rewrites kept because teacher and student put them into different classes."""
    total_turns: int = 1
    """Student turns over which the disagreements are spread."""
    seed: int = 0


class Recorder:
    """Takes what a turn has left, without waiting for the device or the disk, and writes it beside the training.

    Of the student's turns: a sample now and then, a few texts each time they come by, and the two strongest
    disagreements of every other turn, or of fewer where there are many, up to a cap that grows with the turns. Of the
    generator's turns: a sample. The student is asked once more, at rest, right after its turn. What comes faster than
    it can be written is left out; `left_out` counts those turns. Whatever goes wrong here ends the recording, never
    the run.
    """

    def __init__(
        self,
        writer: RunWriter,
        own: OwnText,
        rows: Rows,
        settings: RecordSettings,
        *,
        student: nn.Module,
        regression: bool,
        contrast: LayerContrast | None = None,
        bfloat16: bool = False,
    ) -> None:
        self.left_out = 0
        self._writer = writer
        self._own = own
        self._rows = rows
        self._settings = settings
        self._regression = regression
        self._contrast = contrast
        self._student = student
        self._bfloat16 = bfloat16
        self._stride = max(_LEAST_STRIDE, settings.total_turns // max(1, settings.disagreements))
        chosen = np.random.default_rng([settings.seed, len(rows)]).permutation(len(rows))[: settings.watched]
        self._watched = frozenset(chosen.tolist())
        self._disagreements = 0
        self._worker = ThreadPoolExecutor(1, "recorder")
        self._waiting: deque[Future[None]] = deque()
        self._broken = False

    def take(self, player: Player, batch: Batch, result: TurnResult, *, turn: int, step: int, epoch: float) -> None:
        """Takes a turn's rewrites; nothing where the turn rewrote nothing, or where nothing of it is to be kept."""
        if result.rewrite is None or batch.rows_B is None or self._broken:
            return
        try:
            self._take(player, batch, result, result.rewrite, batch.rows_B, turn=turn, step=step, epoch=epoch)
        except Exception as error:  # noqa: BLE001  no room for the student's second look, for one
            self._break(error)

    def _take(
        self,
        player: Player,
        batch: Batch,
        result: TurnResult,
        rewrite: SoftTokens,
        rows_B: Tensor,
        *,
        turn: int,
        step: int,
        epoch: float,
    ) -> None:
        why = self._chosen(rows_B.tolist(), player, turn)
        looked_at = player == "student" and self._settings.disagreements > 0 and turn % self._stride == 0
        candidates = min(_CANDIDATES, batch.size - len(why)) if looked_at else 0
        if not why and not candidates:
            return
        played = Played.of(batch, rewrite, _logits(result), player=player, turn=turn, step=step, epoch=epoch)
        parted_B = played.parted() if candidates else None
        places_P = torch.tensor(list(why), dtype=torch.long).to(batch.ids_BT.device, non_blocking=True)
        if parted_B is not None:
            others_B = parted_B.index_fill(0, places_P, float("-inf"))
            places_P = torch.cat([places_P, others_B.topk(candidates).indices])
        if not len(places_P):
            return
        played = replace(played, contrast_B=self._contrasts(result)).chosen(places_P)
        if player == "student":
            played = replace(played, logits={**played.logits, **self._at_rest(batch.chosen(places_P), played, result)})
        self._hand_on(lambda: self._write(played, list(why.values())))

    def _contrasts(self, result: TurnResult) -> Tensor | None:
        """Each text's share of layer_contrast on its rewrite, (B,)."""
        soft = result.views.get("soft")
        if self._contrast is None or soft is None or soft.teacher is None or soft.teacher.pooled_BLD is None:
            return None
        return self._contrast.by_text(soft)

    @torch.no_grad()
    def _at_rest(self, batch: Batch, played: Played, result: TurnResult) -> Answers:
        """What the student says of the chosen texts without dropout: what it said in its turn is half chance."""
        looks: dict[Sight, Batch] = {"real": batch, "soft": batch.with_ids(played.soft_ids_BT)}
        asked = [sight for sight in looks if sight in result.views]
        together = looks[asked[0]] if len(asked) == 1 else joined(looks["real"], looks["soft"])
        with torch.autocast(batch.ids_BT.device.type, torch.bfloat16, enabled=self._bfloat16):
            outputs: Outputs = self._student(together)
        parts = outputs.logits_BC.split(batch.size)
        return {("student", sight): logits_BC for sight, logits_BC in zip(asked, parts, strict=True)}

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
        if error is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        """Says once that nothing more is recorded, and why."""
        if not self._broken:
            self._broken = True
            what = f"rewrites are recorded no longer, the run goes on: {type(error).__name__}: {error}"
            self._writer.event("alert", level="warning", what=what)

    def _write(self, played: Played, why: list[str]) -> None:
        played = played.on_cpu()
        kept = dict(enumerate(why))
        parted_B = played.parted()
        changed_B = (played.ids_BT != played.soft_ids_BT).any(dim=1).tolist()
        allowed = math.ceil(self._settings.disagreements * min(1, played.turn / self._settings.total_turns))
        for place in range(len(why), len(changed_B)):
            # In its turn the student's dropout may have made the difference.
            disagree = parted_B is not None and math.isfinite(float(parted_B[place]))
            if disagree and changed_B[place] and self._disagreements < allowed:
                kept[place] = "disagreement"
                self._disagreements += 1
        for record in records(played, kept, self._rows, self._own, regression=self._regression):
            self._writer.augmentation(record)


def _logits(result: TurnResult) -> Answers:
    """What both models said of both texts, where they were asked."""
    said: Answers = {}
    for sight, view in result.views.items():
        said["student", sight] = view.student.logits_BC
        if view.teacher is not None:
            said["teacher", sight] = view.teacher.logits_BC
    return said
