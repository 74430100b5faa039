"""MATE-KD and its kin as a script would write them: dense, one text and one token at a time where that is plainer.

The vocabulary head at every position, one-hot rows times whole embedding tables, every view through a model by itself,
autograd through everything, torch's own AdamW. Slow, and with nothing of ours but the order in which random numbers are
drawn. Only for models without dropout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from cilda.distill.batch import Batch


class LiteralScript:
    """Turns of a recipe given as plain weights by `loss.view`; `values` of each turn by the same names."""

    def __init__(
        self,
        *,
        teacher: PreTrainedModel,
        student: PreTrainedModel,
        generator: PreTrainedModel,
        maps: tuple[nn.Linear, nn.Linear] | None,
        mask_id: int,
        climbs: Mapping[str, float],
        descends: Mapping[str, float],
        per_log_batch: bool,
        maps_owner: str,
        rates: Mapping[str, float],
        totals: Mapping[str, int],
        warmup_fraction: float,
        clip_norms: Mapping[str, float],
        randoms: Mapping[str, torch.Generator],
        teacher_entropy: bool,
        contrast_temperature: float,
        mask_fraction: float,
    ) -> None:
        self.teacher, self.student, self.generator, self.maps = teacher, student, generator, maps
        self.mask_id, self.climbs, self.descends, self.per_log_batch = mask_id, climbs, descends, per_log_batch
        self.randoms, self.teacher_entropy = randoms, teacher_entropy
        self.contrast_temperature, self.mask_fraction = contrast_temperature, mask_fraction
        self.warmup_fraction, self.clip_norms, self.totals, self.rates = warmup_fraction, clip_norms, totals, rates
        weights: dict[str, list[list[nn.Parameter]]] = {
            "student": [list(student.parameters())], "generator": [list(generator.parameters())]
        }  # fmt: skip
        if maps is not None:
            weights.setdefault(maps_owner, []).append([weight for linear in maps for weight in linear.parameters()])
        self.weights = {who: [weight for group in groups for weight in group] for who, groups in weights.items()}
        self.optimizers = {}
        for who, groups in weights.items():
            names = ["maps" if place or who == "critic" else who for place in range(len(groups))]
            named = [{"params": group, "name": name} for group, name in zip(groups, names, strict=True)]
            self.optimizers[who] = torch.optim.AdamW(named, lr=0.0, weight_decay=0.0)
        self.turns = dict.fromkeys(weights, 0)

    def generator_turn(self, batch: Batch) -> dict[str, float]:
        """The generator climbs."""
        drawn_BT, masked_BT = self._masked(batch, "generator")
        logits_BTV = self.generator(input_ids=masked_BT, attention_mask=batch.attention_BT).logits
        noise_BTV = torch.zeros_like(logits_BTV)
        noise_BTV[drawn_BT] = (
            -torch.empty_like(logits_BTV[drawn_BT]).exponential_(generator=self.randoms["generator"]).log()
        )
        soft_BTV = torch.softmax(torch.log_softmax(logits_BTV, dim=-1) + noise_BTV, dim=-1)
        hard_BTV = F.one_hot(soft_BTV.argmax(dim=-1), soft_BTV.shape[-1]).float()
        rows_BTV = hard_BTV - soft_BTV.detach() + soft_BTV
        views = {"soft": self._fed(batch, rows_BTV, drawn_BT)}
        values = {name: self._loss(name, views, batch) for name in self.climbs}
        total = torch.stack([weight * values[name] for name, weight in self.climbs.items()]).sum()
        norm = self._move("generator", -total)
        return {**{name: value.item() for name, value in values.items()}, "total": total.item(), "gradient_norm": norm}

    def student_turn(self, batch: Batch) -> dict[str, float]:
        """The student descends, and then the critic."""
        drawn_BT, masked_BT = self._masked(batch, "student")
        with torch.no_grad():
            logits_BTV = self.generator(input_ids=masked_BT, attention_mask=batch.attention_BT).logits
        ids_BT = batch.ids_BT.clone()
        ids_BT[drawn_BT] = self._written(torch.softmax(logits_BTV[drawn_BT], dim=-1))
        views = {"real": self._plain(batch, batch.ids_BT), "soft": self._plain(batch, ids_BT)}
        values = {name: self._loss(name, views, batch) for name in self.descends}
        scale = {
            name: 1 / math.log(batch.size) if self.per_log_batch and "contrast" in name else 1.0 for name in values
        }
        total = torch.stack([weight * scale[name] * values[name] for name, weight in self.descends.items()]).sum()
        norm = self._move("student", total)
        told = {name: value.item() for name, value in values.items()} | {"total": total.item(), "gradient_norm": norm}
        if "critic" in self.optimizers:
            held = {"soft": {key: value.detach() for key, value in views["soft"].items()}}
            measured = self._loss("layer_contrast.soft", held, batch)
            self._move("critic", self.climbs["layer_contrast.soft"] * measured)
            told["critic.layer_contrast.soft"] = measured.item()
        return told

    def _masked(self, batch: Batch, who: str) -> tuple[Tensor, Tensor]:
        """Token by token: drawn or not."""
        real = int((~batch.special_BT).sum())
        chances = iter(torch.rand(real, generator=self.randoms[who]).tolist())
        drawn_BT, ids_BT = torch.zeros_like(batch.special_BT), batch.ids_BT.clone()
        for text in range(batch.size):
            for token in range(batch.ids_BT.shape[1]):
                if not batch.special_BT[text, token] and next(chances) < self.mask_fraction:
                    drawn_BT[text, token], ids_BT[text, token] = True, self.mask_id
        return drawn_BT, ids_BT

    def _written(self, chances_NV: Tensor) -> Tensor:
        """One id a row: the first at which the sum of chances exceeds a random number, the second of two drawn."""
        random = self.randoms["student"]
        torch.rand(len(chances_NV), generator=random)
        ids = []
        for chances, threshold in zip(chances_NV, torch.rand(len(chances_NV), generator=random).tolist(), strict=True):
            running, place = 0.0, 0
            for place, chance in enumerate(chances.tolist()):  # noqa: B007  the last place counts
                running += chance
                if running > threshold:
                    break
            ids.append(place)
        return torch.tensor(ids, dtype=torch.long)

    def _fed(self, batch: Batch, rows_BTV: Tensor, drawn_BT: Tensor) -> dict[str, Tensor]:
        """Both models on soft rows: rows times the whole table at every position, of which only the drawn ones stay."""
        found: dict[str, Tensor] = {}
        drawn_BT1 = drawn_BT.unsqueeze(-1).float()
        for who, model in (("teacher", self.teacher), ("student", self.student)):
            table = model.get_input_embeddings().weight
            embeds = (rows_BTV @ table) * drawn_BT1 + table[batch.ids_BT] * (1 - drawn_BT1)  # type: ignore[operator, index]
            found |= self._said(who, model, batch, inputs_embeds=embeds)
        return found

    def _plain(self, batch: Batch, ids_BT: Tensor) -> dict[str, Tensor]:
        found = self._said("student", self.student, batch, input_ids=ids_BT)
        with torch.no_grad():
            return found | self._said("teacher", self.teacher, batch, input_ids=ids_BT)

    def _said(self, who: str, model: PreTrainedModel, batch: Batch, **inputs: Tensor) -> dict[str, Tensor]:
        answer: Any = model(attention_mask=batch.attention_BT, output_hidden_states=True, **inputs)
        layers = torch.cat([hidden_BTD[:, 0] for hidden_BTD in answer.hidden_states[1:]], dim=1)
        return {who: answer.logits, f"{who} layers": layers}

    def _loss(self, name: str, views: Mapping[str, dict[str, Tensor]], batch: Batch) -> Tensor:
        kind, _, sight = name.partition(".")
        view = views[sight]
        teacher, student = view.get("teacher"), view["student"]
        if kind == "hard_label":
            assert batch.labels_B is not None
            return -torch.log_softmax(student, dim=-1)[torch.arange(batch.size), batch.labels_B].mean()
        assert teacher is not None
        if kind == "logit_kl":
            p = torch.softmax(teacher, dim=-1)
            cross = -(p * torch.log_softmax(student, dim=-1)).sum(dim=-1).mean()
            return (
                cross if self.teacher_entropy else cross + (p * torch.log_softmax(teacher, dim=-1)).sum(dim=-1).mean()
            )
        assert self.maps is not None
        u, v = self.maps[0](view["teacher layers"]), self.maps[1](view["student layers"])
        total: Tensor = u.new_zeros(())
        for text in range(batch.size):
            likes = (
                torch.stack([torch.cosine_similarity(u[text], other, dim=0) for other in v]) / self.contrast_temperature
            )
            total = total - (likes[text] - torch.logsumexp(likes, dim=0))
        return total / batch.size

    def _move(self, who: str, loss: Tensor) -> float:
        """Backward, clip, step at this turn's rate; every other gradient is thrown away."""
        turn, total = self.turns[who], self.totals[who]
        warmup = math.ceil(total * self.warmup_fraction)
        share = (turn + 1) / (warmup + 1) if turn < warmup else (total - turn) / max(1, total - warmup)
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(self.weights[who], self.clip_norms.get(who, math.inf)))
        for group in self.optimizers[who].param_groups:
            group["lr"] = self.rates[group["name"]] * share
        self.optimizers[who].step()
        self.turns[who] += 1
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        for model in (self.teacher, self.student, self.generator, *(self.maps or ())):
            model.zero_grad()
        return norm
