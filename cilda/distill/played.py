"""A turn's rewrites as they lie on the device, and as the records that are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from cilda.distill.own_text import OwnText
from cilda.methods.recipe import Player, Sight
from cilda.rewrites.rewrite import SEPARATOR
from cilda.tasks.rows import Rows


@dataclass(frozen=True)
class Played:
    """What a turn has left of B texts: nothing here has been waited for yet."""

    rows_B: Tensor
    ids_BT: Tensor
    soft_ids_BT: Tensor
    attention_BT: Tensor
    special_BT: Tensor
    drawn_N: Tensor
    """Indices into the flattened B·T tokens, rising."""
    logits: dict[tuple[str, Sight], Tensor]
    """(B, C) by whose (`teacher`, `student`) and of which text."""
    contrast_B: Tensor | None = None
    entropy_N: Tensor | None = None
    surprise_N: Tensor | None = None
    player: Player | None = None
    """Whose turn it was, which of its turns, of all players' turns, and passes over the data until then; None where a
    whole data set is rewritten."""
    turn: int = 0
    step: int = 0
    epoch: float = 0.0

    def on_cpu(self) -> Self:
        """The same, waited for."""
        moved: dict[str, Any] = {
            name: value.cpu() for name, value in self.__dict__.items() if isinstance(value, Tensor)
        }
        return replace(self, logits={key: value.float().cpu() for key, value in self.logits.items()}, **moved)

    def apart(self, sight: Sight, *, regression: bool) -> Tensor | None:
        """KL(teacher ‖ student) in nats, (B,); in regression the distance; None where one of them was not asked."""
        teacher_BC, student_BC = (self.logits.get((who, sight)) for who in ("teacher", "student"))
        if teacher_BC is None or student_BC is None:
            return None
        if regression:
            return (student_BC - teacher_BC).abs().squeeze(1)
        gap_BC = teacher_BC.log_softmax(-1) - student_BC.log_softmax(-1)
        return (teacher_BC.softmax(-1) * gap_BC).sum(-1)

    def disagreements(self) -> list[int]:
        """Texts whose rewrites teacher and student put into different classes, those first that part them most."""
        teacher_BC, student_BC = self.logits.get(("teacher", "soft")), self.logits.get(("student", "soft"))
        apart_B = self.apart("soft", regression=False)
        if teacher_BC is None or student_BC is None or apart_B is None or teacher_BC.shape[1] == 1:
            return []
        differ_B = teacher_BC.argmax(-1) != student_BC.argmax(-1)
        places = differ_B.nonzero().flatten()
        return [int(place) for place in places[apart_B[places].argsort(descending=True, stable=True)].tolist()]


def records(
    played: Played, why: dict[int, str], rows: Rows, own: OwnText, *, regression: bool
) -> Iterator[dict[str, Any]]:
    """The records of some texts of a turn, which must lie on the CPU; `why` says by the text's place what for."""
    apart = {
        f"{'gap' if regression else 'kl'}_{sight}": apart_B
        for sight in ("real", "soft")
        if (apart_B := played.apart(sight, regression=regression)) is not None
    }
    said = {
        f"{who}_{sight}": logits_BC.squeeze(1) if regression else logits_BC.softmax(-1)
        for (who, sight), logits_BC in played.logits.items()
    }
    when: dict[str, Any] = {"turn": played.turn}
    if played.player is not None:
        when |= {"step": played.step, "epoch": round(played.epoch, 3), "player": played.player}
    for place, what_for in why.items():
        row = int(played.rows_B[place])
        yield {
            **when,
            **({"why": what_for} if what_for else {}),
            "id": rows.ids[row],
            **_texts(played, place, [column[row] for column in rows.texts], own),
            "label": None if rows.labels is None else rows.labels[row],
            **{key: _rounded(values[place].tolist()) for key, values in said.items()},
            **{key: round(float(values[place]), 6) for key, values in apart.items()},
            **_judged(played, place),
        }


def _texts(played: Played, place: int, columns: list[str], own: OwnText) -> dict[str, Any]:
    """Both texts as words and as tokens, and where in them the drawn tokens stand."""
    kept_T = played.attention_BT[place].bool()
    ids, soft_ids = played.ids_BT[place][kept_T].tolist(), played.soft_ids_BT[place][kept_T].tolist()
    drawn = (played.drawn_N[_of(played, place)] - place * played.ids_BT.shape[1]).tolist()
    shared = {
        "real_tokens": own.tokens(ids),
        "soft_tokens": own.tokens(soft_ids),
        "drawn": drawn,
    }
    spliced = own.rewritten(columns, ids, {position: soft_ids[position] for position in drawn})
    if spliced is None:
        special = played.special_BT[place][kept_T].tolist()
        return {**_joined(own.decoded(ids, special), own.decoded(soft_ids, special)), **shared}
    return {
        **_joined(spliced.real, spliced.soft),
        **shared,
        "real_spans": [spliced.real_spans[position] for position in drawn],
        "soft_spans": [spliced.soft_spans[position] for position in drawn],
    }


def _joined(real: Sequence[str], soft: Sequence[str]) -> dict[str, Any]:
    """Both texts in one piece each; of a pair also how long its first text is in both, in characters."""
    texts: dict[str, Any] = {"real": SEPARATOR.join(real), "soft": SEPARATOR.join(soft)}
    return texts if len(real) == len(soft) == 1 else {**texts, "first_lengths": [len(real[0]), len(soft[0])]}


def _judged(played: Played, place: int) -> dict[str, float]:
    """The text's share of layer_contrast, and how open the generator was at its drawn places, where known."""
    drawn = _of(played, place)
    means = {"entropy": played.entropy_N, "surprise": played.surprise_N}
    judged = {key: float(values_N[drawn].mean()) for key, values_N in means.items() if values_N is not None}
    if played.contrast_B is not None:
        judged["contrast"] = float(played.contrast_B[place])
    return {key: round(value, 4) for key, value in judged.items() if math.isfinite(value)}


def _of(played: Played, place: int) -> slice:
    """Where the drawn positions of one text begin and end among all."""
    length = played.ids_BT.shape[1]
    edges = torch.tensor([place * length, (place + 1) * length])
    begin, end = torch.searchsorted(played.drawn_N, edges).tolist()
    return slice(begin, end)


def _rounded(value: float | list[float]) -> float | list[float]:
    return [round(one, 4) for one in value] if isinstance(value, list) else round(value, 4)
