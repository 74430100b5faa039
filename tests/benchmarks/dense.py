"""Turns in the dense formulation: soft rows for every position over the whole vocabulary.

The same method, losses and settings as our turns, written as the published scripts write them (the official MATE-KD
script, and TKC002/CILDA-plus-minILD): every text is padded to 128 tokens; the generator's vocabulary head runs at
every position; soft rows (B, T, V) are multiplied with the embedding tables of teacher and student, and the positions
that were not drawn are put back afterwards; teacher and student read the real text and its rewrite one after the
other and keep all hidden states. Nothing is detached in a student turn: its backward pass runs through teacher and
generator. Student and generator always ask for weight gradients, and who does not learn lets them pile up.

Where those scripts leave a choice, the cheaper one is taken: the teacher's weights are frozen, as both scripts have
them; nobody but a learning student has dropout; the noise is that of torch's own `gumbel_softmax`; the real text
goes in as ids. AdamW is torch's default, one operation a tensor on a CPU, as such scripts have it.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from cilda.distill.batch import Batch, Outputs, View
from cilda.distill.losses.hard_label import HardLabel
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.losses.logit_kl import LogitKL
from tests.benchmarks.players import CLIP_NORM, GENERATOR_RATE, MASK_FRACTION, PROJECTION_RATE, STUDENT_RATE, Models


class DenseTurns:
    """CILDA's turns on batches of any length, each with one optimiser step."""

    def __init__(self, models: Models, contrast: LayerContrast, mask_id: int, *, bfloat16: bool = False) -> None:
        self.teacher = models.teacher.eval().requires_grad_(False)
        self.student_model = models.student.eval()
        self.generator_model = models.generator.eval()
        self.contrast = contrast
        self.kl = LogitKL(regression=False)
        self.hard = HardLabel(regression=False)
        self.mask_id = mask_id
        self.autocast = partial(torch.autocast, models.student.device.type, torch.bfloat16, enabled=bfloat16)
        self.optimizers = {
            "student": torch.optim.AdamW(self.student_model.parameters(), lr=STUDENT_RATE, weight_decay=0.0),
            "generator": torch.optim.AdamW(self.generator_model.parameters(), lr=GENERATOR_RATE, weight_decay=0.0),
            "critic": torch.optim.AdamW(contrast.parameters(), lr=PROJECTION_RATE, weight_decay=0.0),
        }

    def generator(self, batch: Batch) -> Tensor:
        """The generator ascends ½ · logit_kl(x') + ½ · layer_contrast(x'); the objective's value."""
        with self.autocast():
            soft = self._soft_view(batch)
        objective: Tensor = 1 / 2 * self.kl(soft) + 1 / 2 * self.contrast(soft)
        self._step("generator", -objective, self.generator_model)
        return objective.detach()

    def student(self, batch: Batch) -> Tensor:
        """The student descends ⅓ · hard_label(x) + ⅓ · logit_kl(x) + ⅓ · logit_kl(x'), then the critic its own part."""
        self.student_model.train()
        with self.autocast():
            soft = self._soft_view(batch)
            real = View(batch.labels_B, self._plain(self.student_model, batch), self._plain(self.teacher, batch))
        objective: Tensor = 1 / 3 * self.hard(real) + 1 / 3 * self.kl(real) + 1 / 3 * self.kl(soft)
        self._step("student", objective, self.student_model)
        self.student_model.eval()
        assert soft.teacher is not None
        self._step("critic", self.contrast(View(None, soft.student.detach(), soft.teacher.detach())), self.contrast)
        return objective.detach()

    def _soft_view(self, batch: Batch) -> View:
        """What both models say of a rewrite that keeps its graph to the generator."""
        drawn_BT = (torch.rand(batch.ids_BT.shape, device=batch.ids_BT.device) < MASK_FRACTION) & ~batch.special_BT
        ids_BT = batch.ids_BT.masked_fill(drawn_BT, self.mask_id)
        logits_BTV = self.generator_model(input_ids=ids_BT, attention_mask=batch.attention_BT).logits
        soft_BTV = F.gumbel_softmax(F.log_softmax(logits_BTV, dim=-1), tau=1.0, hard=True)
        student, teacher = (self._fed(model, batch, soft_BTV, drawn_BT) for model in (self.student_model, self.teacher))
        return View(batch.labels_B, student, teacher)

    def _fed(self, model: PreTrainedModel, batch: Batch, soft_BTV: Tensor, drawn_BT: Tensor) -> Outputs:
        """A model's word on soft rows: mixed embeddings at all positions, of which only the drawn ones stay."""
        table: nn.Embedding = model.get_input_embeddings()  # type: ignore[assignment]
        drawn_BT1 = drawn_BT.unsqueeze(-1).float()
        embeds_BTD = (soft_BTV @ table.weight) * drawn_BT1 + table(batch.ids_BT) * (1 - drawn_BT1)
        out = model(inputs_embeds=embeds_BTD, attention_mask=batch.attention_BT, output_hidden_states=True)
        pooled_BLD = torch.stack([hidden_BTD[:, 0] for hidden_BTD in out.hidden_states[1:]], dim=1)
        return Outputs(out.logits.float(), pooled_BLD.float())

    def _plain(self, model: PreTrainedModel, batch: Batch) -> Outputs:
        """A model's word on the real text."""
        return Outputs(model(input_ids=batch.ids_BT, attention_mask=batch.attention_BT).logits.float())

    def _step(self, player: str, loss: Tensor, learner: nn.Module) -> None:
        self.optimizers[player].zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learner.parameters(), CLIP_NORM)
        self.optimizers[player].step()
