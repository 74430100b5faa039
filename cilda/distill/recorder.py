"""A sample of rewritten texts for the run folder, with what teacher and student said of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from cilda.distill.batch import Batch
from cilda.distill.data import TokenizedRows
from cilda.distill.step import TurnResult
from cilda.methods.recipe import Sight
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task


class Recorder:
    """Writes the first few rewrites of a turn to the run's augmentations."""

    def __init__(
        self, writer: RunWriter, tokenizer: PreTrainedTokenizerFast, task: Task, rows: TokenizedRows, texts: int
    ) -> None:
        self._writer = writer
        self._tokenizer = tokenizer
        self._task = task
        self._rows = rows
        self._texts = texts

    def record(self, batch: Batch, result: TurnResult, *, turn: int, epoch: float) -> None:
        """Records a turn's first texts; nothing where the turn rewrote nothing."""
        if result.rewrite is None or batch.rows_B is None:
            return
        said = {sight: self._said(result, sight) for sight in result.views}
        for place, row in enumerate(batch.rows_B.tolist()[: self._texts]):
            real_T, soft_T = batch.ids_BT[place].cpu(), result.rewrite.batch.ids_BT[place].cpu()
            kept_T = batch.attention_BT[place].cpu().bool()
            drawn = self._drawn(result, place, batch.ids_BT.shape[1])
            labels = self._rows.rows.labels
            self._writer.augmentation(
                {
                    "turn": turn,
                    "epoch": round(epoch, 3),
                    "id": self._rows.rows.ids[row],
                    "real": self.text(real_T, batch.special_BT[place].cpu()),
                    "soft": self.text(soft_T, batch.special_BT[place].cpu()),
                    "real_tokens": self._tokenizer.convert_ids_to_tokens(real_T[kept_T].tolist()),
                    "soft_tokens": self._tokenizer.convert_ids_to_tokens(soft_T[kept_T].tolist()),
                    "drawn": drawn,
                    "label": None if labels is None else labels[row],
                    **{f"{who}_{sight}": answers[place] for sight, by in said.items() for who, answers in by.items()},
                }
            )

    def text(self, ids_T: Tensor, special_T: Tensor) -> str:
        """The words between special tokens; the texts of a pair with " | " between them."""
        pieces: list[list[int]] = [[]]
        for token, special in zip(ids_T.tolist(), special_T.tolist(), strict=True):
            if special:
                pieces.append([])
            else:
                pieces[-1].append(token)
        return " | ".join(str(self._tokenizer.decode(piece)) for piece in pieces if piece)

    def _drawn(self, result: TurnResult, place: int, length: int) -> list[int]:
        """Drawn positions of one text, counted from its first token."""
        assert result.rewrite is not None
        drawn_N = result.rewrite.drawn_N
        inside = drawn_N[(drawn_N >= place * length) & (drawn_N < (place + 1) * length)]
        return [int(position) for position in (inside - place * length).tolist()]

    def _said(self, result: TurnResult, sight: Sight) -> dict[str, list[Any]]:
        """Probabilities (or the amount, for regression) of both models, and the KL between them in nats."""
        view = result.views[sight]
        student_BC = view.student.logits_BC[: self._texts]
        if view.teacher is None:
            return {"student": self._answers(student_BC)}
        teacher_BC = view.teacher.logits_BC[: self._texts]
        both = {"student": self._answers(student_BC), "teacher": self._answers(teacher_BC)}
        if self._task.regression:
            return {**both, "gap": (student_BC - teacher_BC).abs().squeeze(1).tolist()}
        gap_BC = teacher_BC.log_softmax(-1) - student_BC.log_softmax(-1)
        return {**both, "kl": (teacher_BC.softmax(-1) * gap_BC).sum(-1).tolist()}

    def _answers(self, logits_BC: Tensor) -> list[Any]:
        if self._task.regression:
            return [round(value, 4) for value in logits_BC.squeeze(1).tolist()]
        return [[round(value, 4) for value in row] for row in torch.softmax(logits_BC, dim=-1).tolist()]
