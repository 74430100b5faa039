"""A turn's rewrites as they lie on the device, and as the records that are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from torch import Tensor

from cilda.distill.batch import Batch, SoftTokens
from cilda.distill.own_text import OwnText
from cilda.methods.recipe import Player, Sight
from cilda.rewrites.rewrite import SEPARATOR
from cilda.tasks.rows import Rows

Answers = dict[tuple[str, Sight], Tensor]


@dataclass(frozen=True)
class Played:
    """B rewritten texts on the device: nothing here has been waited for yet."""

    rows_B: Tensor
    """Positions of the texts in their split."""
    ids_BT: Tensor
    soft_ids_BT: Tensor
    attention_BT: Tensor
    special_BT: Tensor
    drawn_BT: Tensor
    """True where a token was drawn to be rewritten."""
    logits: Answers
    """(B, C) by whose (`teacher`, `student`) and of which text."""
    contrast_B: Tensor | None = None
    entropy_BT: Tensor | None = None
    """Of the generator where a token was drawn; so the next."""
    surprise_BT: Tensor | None = None
    player: Player | None = None
    """Whose turn it was, which of its turns, of all players' turns, and passes over the data until then; None where a
    whole data set is rewritten."""
    turn: int = 0
    step: int = 0
    epoch: float = 0.0

    @classmethod
    def of(cls, batch: Batch, rewrite: SoftTokens, logits: Answers, **more: Any) -> Self:
        """A batch and its rewrite, with what was said of both."""
        assert batch.rows_B is not None
        length = batch.ids_BT.shape[1]
        flat = batch.ids_BT.new_zeros(batch.ids_BT.numel())
        judged: dict[str, Any] = {
            f"{name}_BT": flat.to(values_N.dtype).index_copy(0, rewrite.drawn_N, values_N).view(-1, length)
            for name, values_N in (("entropy", rewrite.entropy_N), ("surprise", rewrite.surprise_N))
            if values_N is not None
        }
        return cls(
            rows_B=batch.rows_B,
            ids_BT=batch.ids_BT,
            soft_ids_BT=rewrite.batch.ids_BT,
            attention_BT=batch.attention_BT,
            special_BT=batch.special_BT,
            drawn_BT=flat.bool().index_fill(0, rewrite.drawn_N, value=True).view(-1, length),
            logits=logits,
            **judged,
            **more,
        )

    def chosen(self, places_P: Tensor) -> Self:
        """Some of the texts, in this order; `places_P` lies on the device and is not waited for."""
        moved: dict[str, Any] = {
            name: value.index_select(0, places_P)
            for name, value in self.__dict__.items()
            if isinstance(value, Tensor) and name != "rows_B"
        }
        rows_B = self.rows_B.to(places_P.device, non_blocking=True).index_select(0, places_P)
        logits = {key: value.index_select(0, places_P) for key, value in self.logits.items()}
        return replace(self, rows_B=rows_B, logits=logits, **moved)

    def on_cpu(self) -> Self:
        """The same texts, waited for."""
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

    def parted(self) -> Tensor | None:
        """How far apart teacher and student are on the rewrites that they put into different classes, (B,).

        −∞ where they agree; None in regression, and where one of them was not asked. Not waited for.
        """
        teacher_BC, student_BC = self.logits.get(("teacher", "soft")), self.logits.get(("student", "soft"))
        apart_B = self.apart("soft", regression=False)
        if teacher_BC is None or student_BC is None or apart_B is None or teacher_BC.shape[1] == 1:
            return None
        return apart_B.masked_fill(teacher_BC.argmax(-1) == student_BC.argmax(-1), float("-inf"))


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
            "label": rows.label(row),
            **{key: _rounded(values[place].tolist()) for key, values in said.items()},
            **{key: round(float(values[place]), 6) for key, values in apart.items()},
            **_judged(played, place),
        }


def _texts(played: Played, place: int, columns: list[str], own: OwnText) -> dict[str, Any]:
    """Both texts as words and as tokens, and where in them the drawn tokens stand."""
    kept_T = played.attention_BT[place].bool()
    ids, soft_ids = played.ids_BT[place][kept_T].tolist(), played.soft_ids_BT[place][kept_T].tolist()
    drawn = played.drawn_BT[place].nonzero().flatten().tolist()
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
    drawn_T = played.drawn_BT[place]
    means = {"entropy": played.entropy_BT, "surprise": played.surprise_BT}
    judged = {key: float(values_BT[place][drawn_T].mean()) for key, values_BT in means.items() if values_BT is not None}
    if played.contrast_B is not None:
        judged["contrast"] = float(played.contrast_B[place])
    return {key: round(value, 4) for key, value in judged.items() if math.isfinite(value)}


def _rounded(value: float | list[float]) -> float | list[float]:
    return [round(one, 4) for one in value] if isinstance(value, list) else round(value, 4)
