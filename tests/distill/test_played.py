from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cilda.distill.batch import SoftTokens
from cilda.distill.data import tokenize
from cilda.distill.own_text import OwnText
from cilda.distill.played import Played, records
from cilda.rewrites.rewrite import rewrite_of
from cilda.tasks.rows import Rows
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import LONGEST, tokenizer_of

FIRST = ["The film | is good", "bad", "the plot is dull"]
SECOND = ["It saves the plot", "", "not | bad"]


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_both_texts_of_a_pair_can_be_told_apart_again(family: str) -> None:
    rows = Rows((FIRST, SECOND), None, ["a", "b", "c"], "made up")
    tokens = tokenize(rows, tokenizer_of(family), LONGEST, regression=False)
    batch = tokens.batch([2, 0, 1])
    drawn_N = (~batch.special_BT).flatten().nonzero().flatten()[::3]
    new_N = batch.ids_BT.flatten()[drawn_N].roll(1)
    ids_BT = batch.ids_BT.flatten().index_copy(0, drawn_N, new_N).view_as(batch.ids_BT)
    played = Played.of(batch, SoftTokens(batch.with_ids(ids_BT), drawn_N, new_N), {})
    own = OwnText(tokenizer_of(family), LONGEST)
    told = list(records(played, dict.fromkeys(range(3), ""), rows, own, regression=False))
    assert [record["id"] for record in told] == ["c", "a", "b"]
    for record, row in zip(told, (2, 0, 1), strict=True):
        rewrite = rewrite_of({"t": 0.0, **record})
        assert rewrite is not None and rewrite.first_lengths is not None
        assert rewrite.real == f"{FIRST[row]} | {SECOND[row]}" and rewrite.first_lengths[0] == len(FIRST[row])
        assert len(rewrite.texts_after) == 2 and " | ".join(rewrite.texts_after) == rewrite.soft
        assert record["label"] is None and "why" not in record and "player" not in record


def test_chosen_texts_are_those_of_the_batch_in_their_order() -> None:
    rows = Rows((FIRST,), [0, 1, 0], ["a", "b", "c"], "made up")
    batch = tokenize(rows, tokenizer_of("bert"), LONGEST, regression=False).batch([0, 1, 2])
    rewrite = SoftTokens(batch, torch.tensor([1]), torch.tensor([5]), entropy_N=torch.tensor([2.5]))
    logits_BC = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    whole = Played.of(batch, rewrite, {("student", "soft"): logits_BC, ("teacher", "soft"): logits_BC.flip(1)})
    some = whole.chosen(torch.tensor([2, 0])).on_cpu()
    assert some.rows_B.tolist() == [2, 0]
    assert torch.equal(some.ids_BT, batch.ids_BT[[2, 0]]) and some.entropy_BT is not None
    assert some.entropy_BT[1, 1] == 2.5 and some.drawn_BT.sum() == 1
    parted_B = whole.parted()
    assert parted_B is not None and (parted_B > 0).all()
    same = replace(whole, logits={**whole.logits, ("teacher", "soft"): logits_BC}).parted()
    assert same is not None and torch.isneginf(same).all()
