"""A turn's batch in parts, for devices that cannot hold it whole, and what the parts gave as one again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from cilda.distill.batch import Batch, Masked, Outputs, SoftTokens, View


def part_sizes(texts: int, most: int | None) -> list[int]:
    """Sizes of the fewest parts of at most `most` texts, as even as can be: 10 in fours gives 4, 3, 3.

    Even, because texts are contrasted within a part: a last part of one text would have nothing to compare.
    """
    if most is None or most >= texts:
        return [texts]
    parts = -(-texts // most)
    small, larger = divmod(texts, parts)
    return [small + (place < larger) for place in range(parts)]


def batch_parts(batch: Batch, sizes: Sequence[int]) -> list[Batch]:
    """Consecutive texts of a batch, still padded to the batch's longest."""
    return [_slice(batch, start, end) for start, end in pairwise(accumulate(sizes, initial=0))]


def masked_parts(masked: Masked, sizes: Sequence[int]) -> Iterator[Masked]:
    """The same draw of tokens, cut where the batch is cut. Waits for the device once."""
    length = masked.ids_BT.shape[1]
    edges = [end * length for end in accumulate(sizes, initial=0)]
    edges_E = torch.tensor(edges, device=masked.drawn_N.device)
    places: list[int] = torch.searchsorted(masked.drawn_N, edges_E).tolist()
    for batch, (first, last), edge in zip(batch_parts(masked.batch, sizes), pairwise(places), edges, strict=False):
        start = edge // length if length else 0
        yield Masked(batch, masked.ids_BT[start : start + batch.size], masked.drawn_N[first:last] - edge)


def joined_rewrites(rewrites: Sequence[SoftTokens], batch: Batch) -> SoftTokens:
    """The rewrite of a whole batch from those of its parts; probabilities are left out."""
    if len(rewrites) == 1:
        return rewrites[0]
    edges = accumulate((rewrite.batch.ids_BT.numel() for rewrite in rewrites), initial=0)
    drawn = [rewrite.drawn_N + edge for rewrite, edge in zip(rewrites, edges, strict=False)]
    return SoftTokens(
        batch.with_ids(torch.cat([rewrite.batch.ids_BT for rewrite in rewrites])),
        torch.cat(drawn),
        torch.cat([rewrite.sampled_N for rewrite in rewrites]),
        entropy_N=_together([rewrite.entropy_N for rewrite in rewrites]),
        surprise_N=_together([rewrite.surprise_N for rewrite in rewrites]),
    )


def joined_views(views: Sequence[View], batch: Batch) -> View:
    """The look at a whole batch from the looks at its parts."""
    if len(views) == 1:
        return views[0]
    teachers = [view.teacher for view in views if view.teacher is not None]
    students = [view.student for view in views]
    teacher = _joined(teachers) if teachers else None
    return View(batch.labels_B, _joined(students), teacher, batch.rows_B, batch.attention_BT)


def _joined(outputs: Sequence[Outputs]) -> Outputs:
    return Outputs(torch.cat([one.logits_BC for one in outputs]), _together([one.pooled_BLD for one in outputs]))


def _together(parts: Sequence[Tensor | None]) -> Tensor | None:
    """The parts as one; None where there are none."""
    known = [part for part in parts if part is not None]
    return torch.cat(known) if known else None


def _slice(batch: Batch, start: int, end: int) -> Batch:
    def cut(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor[start:end]

    return replace(
        batch,
        ids_BT=batch.ids_BT[start:end],
        attention_BT=batch.attention_BT[start:end],
        special_BT=batch.special_BT[start:end],
        labels_B=cut(batch.labels_B),
        types_BT=cut(batch.types_BT),
        rows_B=cut(batch.rows_B),
    )
