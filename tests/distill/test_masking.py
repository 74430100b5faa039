from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cilda.distill.batch import Batch
from cilda.distill.masking import mask
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import mask_id, tiny_batch, tokenizer_of

MASK = 99


def batch_of(special: list[list[bool]]) -> Batch:
    """A batch of rising ids with special tokens where it is said."""
    special_BT = torch.tensor(special)
    ids_BT = torch.arange(special_BT.numel()).view_as(special_BT)
    return Batch(ids_BT, torch.ones_like(ids_BT), special_BT, None)


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


grids = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=5)
)


@settings(deadline=None)
@given(special=grids, fraction=st.floats(0.01, 1), seed=st.integers(0, 2**31))
def test_only_real_tokens_are_drawn_and_all_others_stay(special: list[list[bool]], fraction: float, seed: int) -> None:
    batch = batch_of(special)
    masked = mask(batch, fraction, MASK, random(seed))
    drawn = set(masked.drawn_N.tolist())
    assert masked.drawn_N.tolist() == sorted(drawn)
    for place, special_here in enumerate(batch.special_BT.flatten().tolist()):
        here = int(masked.ids_BT.flatten()[place])
        assert here == (MASK if place in drawn else place)
        assert not (special_here and place in drawn)
    assert masked.batch is batch
    assert torch.equal(batch.ids_BT.flatten(), torch.arange(batch.ids_BT.numel()))


@settings(deadline=None)
@given(special=grids, fraction=st.floats(0.01, 1), more=st.integers(1, 5))
def test_padding_uses_up_no_random_numbers(special: list[list[bool]], fraction: float, more: int) -> None:
    short, long = batch_of(special), batch_of([[*row, *[True] * more] for row in special])
    width = short.ids_BT.shape[1]
    drawn = []
    for batch in (short, long):
        drawn_BT = torch.zeros(batch.ids_BT.numel(), dtype=torch.bool)
        drawn_BT[mask(batch, fraction, MASK, random()).drawn_N] = True
        drawn.append(drawn_BT.view_as(batch.ids_BT))
    assert torch.equal(drawn[0], drawn[1][:, :width])
    assert not drawn[1][:, width:].any()


def test_a_fraction_of_one_draws_every_real_token() -> None:
    batch = batch_of([[True, False, False, True]])
    assert mask(batch, 1.0, MASK, random()).ids_BT.tolist() == [[0, MASK, MASK, 3]]


def test_the_share_of_drawn_tokens_is_the_fraction() -> None:
    batch = batch_of([[False] * 100] * 400)
    share = len(mask(batch, 0.3, MASK, random()).drawn_N) / 40_000
    # Four standard deviations of a share of 40,000: 4 · √(0.3 · 0.7 / 40,000) = 0.009.
    assert abs(share - 0.3) < 0.009


def test_every_call_draws_anew() -> None:
    batch, stream = batch_of([[False] * 50]), random()
    first, second = mask(batch, 0.3, MASK, stream), mask(batch, 0.3, MASK, stream)
    assert first.drawn_N.tolist() != second.drawn_N.tolist()


def test_special_tokens_of_every_family_stay() -> None:
    for family in TINY_FAMILIES:
        batch = tiny_batch(family, pair=True, length=40)
        masked = mask(batch, 1.0, mask_id(family), random())
        special = set(tokenizer_of(family).all_special_ids)
        real_BT = batch.attention_BT.bool() & ~torch.isin(batch.ids_BT, torch.tensor(sorted(special)))
        assert torch.equal(masked.ids_BT == mask_id(family), real_BT), family
