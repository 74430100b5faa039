"""Our kd beside TextBrewer's: `pip install textbrewer`, then `python -m tests.benchmarks.against_textbrewer [--json]`.

Both distil the same models on the same 640 texts of SST-2's lengths, 32 a turn, float32, on the CPU, by the same losses
(cross entropy with gold labels and with the teacher, in equal parts), with the same clipping and AdamW. TextBrewer's
texts come from a DataLoader in random order, padded to the longest of their batch. Ours are what a run does a turn, its
log and its learning rate among it. Neither side saves or evaluates. The sides take turns within a round; a speed-up is
the median over the rounds of TextBrewer's seconds an epoch over ours. "sorted": its batches are those that ours has, of
texts of similar length. "cached": both keep the teacher's answers, which TextBrewer keeps with the batches, always the
same ones.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from cilda.distill.batching import epoch_order
from cilda.distill.encoder import Encoder
from cilda.distill.losses.loss import LossSettings
from cilda.distill.objective import make_losses
from cilda.distill.players import Players
from cilda.distill.step import TurnSettings
from cilda.distill.trainer import Trainer
from cilda.distill.trainer_settings import TrainerSettings
from cilda.methods.kd import KD
from cilda.runs.layout import create
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task
from tests.benchmarks.figures import show_figures
from tests.benchmarks.players import BATCH_SIZE, CLIP_NORM, STUDENT_RATE, Models, make_models, make_rows, sst2_lengths
from tests.benchmarks.teacher_cache import ask

TEXTS = 640
ROUNDS = 3
ROWS = make_rows(sst2_lengths(TEXTS))
Epoch = Callable[[], None]


def ours(models: Models, folder: Path, *, cached: bool) -> Epoch:
    """An epoch of our trainer's turns."""
    players = Players(
        student=Encoder(models.student),
        losses=make_losses(KD, LossSettings(regression=False)),
        teacher=Encoder(models.teacher),
    )
    if cached:
        players = replace(players, answers=ask(Encoder(models.teacher).eval(), ROWS, folder)[0])
    trainer = Trainer(
        players=players,
        recipe=KD,
        task=Task("made_up", ("text",), labels=("no", "yes")),
        train=ROWS,
        validation={"validation": ROWS},
        settings=TrainerSettings(
            stage="student",
            total_turns=10_000,
            learning_rate=STUDENT_RATE,
            batch_size=BATCH_SIZE,
            evaluate_every=10_000,
            turn=TurnSettings(mask_id=0),
            clip_norm=CLIP_NORM,
        ),
        writer=RunWriter(create(folder, "run")),
    )

    def epoch() -> None:
        for _ in range(TEXTS // BATCH_SIZE):
            trainer.play("student")

    return epoch


def theirs(models: Models, folder: Path, *, cached: bool, alike: bool = False) -> Epoch:
    """An epoch of TextBrewer's basic distiller, `alike` on batches of similar length."""
    from textbrewer import BasicDistiller, DistillationConfig, TrainingConfig

    class Unsaved(BasicDistiller):  # type: ignore[misc]
        """Saves nothing: that is not what is measured."""

        def save_and_callback(self, *_: object) -> None:
            """Does nothing."""

    logging.getLogger("Distillation").setLevel(logging.ERROR)
    optimizer = torch.optim.AdamW(models.student.parameters(), lr=STUDENT_RATE, weight_decay=0.0)
    distiller = Unsaved(
        TrainingConfig(output_dir=str(folder), log_dir=None, device="cpu"),
        DistillationConfig(
            temperature=1, hard_label_weight=0.5, kd_loss_weight=0.5, kd_loss_type="ce", is_caching_logits=cached
        ),
        models.teacher.eval(),
        models.student.train(),
        lambda _batch, said: {"logits": (said.logits,)},
        lambda _batch, said: {"logits": (said.logits,), "losses": (said.loss,)},
    )
    order: dict[str, Any] = {"batch_size": BATCH_SIZE, "shuffle": True, "generator": torch.Generator().manual_seed(0)}
    if alike:
        order = {"batch_sampler": epoch_order(ROWS.lengths, BATCH_SIZE, 0, 0)}
    loader: DataLoader[int] = DataLoader(list(range(TEXTS)), collate_fn=_collated, **order)  # type: ignore[arg-type]
    told: dict[str, Any] = {"max_grad_norm": CLIP_NORM, "num_epochs": 1}
    if cached:
        # It asks the teacher anew at each call of `train`: asked here, and then as if it had been told not to.
        distiller.logits_cache = []
        for batch in loader:
            distiller.cache_logits(batch, {}, None)
        distiller.cache_logits = lambda *_: None
    return lambda: distiller.train(optimizer, loader, **told)


def _collated(rows: list[int]) -> dict[str, torch.Tensor]:
    batch = ROWS.batch(rows)
    assert batch.labels_B is not None
    return {"input_ids": batch.ids_BT, "attention_mask": batch.attention_BT, "labels": batch.labels_B}


def measured(rounds: int) -> dict[str, float]:
    """The figures by name."""
    models = make_models()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, cached, alike in (("asked", False, False), ("sorted", False, True), ("cached", True, False)):
            places = {side: Path(folder) / f"{name}-{side}" for side in ("ours", "theirs")}
            for place in places.values():
                place.mkdir()
            sides: dict[str, Epoch] = {
                "ours": ours(models.copy(), places["ours"], cached=cached),
                "theirs": theirs(models.copy(), places["theirs"], cached=cached, alike=alike),
            }
            taken: dict[str, list[float]] = {side: [] for side in sides}
            for number in range(rounds + 1):
                for side, epoch in sides.items():
                    began = time.perf_counter()
                    epoch()
                    # The first round is to warm up.
                    taken[side] += [time.perf_counter() - began] if number else []
            pairs = zip(taken["ours"], taken["theirs"], strict=True)
            figures[f"kd_speedup_{name}"] = statistics.median(other / own for own, other in pairs)
            for side, seconds in taken.items():
                figures[f"texts_per_second_{name}_{side}"] = TEXTS / statistics.median(seconds)
    return figures


if __name__ == "__main__":
    show_figures("against_textbrewer", measured, ROUNDS)
