"""A turn's batch in parts, for devices that cannot hold it whole and for processes that share it, and as one again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from cilda.distill.batch import Batch, Masked, Outputs, SoftTokens, View
from cilda.distill.generator import written
from cilda.distill.peers import NOBODY, Peers, gathered
from cilda.distill.world import World


@dataclass(frozen=True)
class Part:
    """What one process plays of a part of a turn's batch."""

    batch: Batch
    weight: float
    """Of its texts' mean in the whole batch's."""
    masked: Masked | None
    """The draw of its tokens, where the turn rewrites."""
    peers: Peers
    drawn: tuple[int, ...] = ()
    """Drawn tokens of each of the peers."""

    def to(self, device: torch.device) -> Part:
        """The same on a device."""
        batch = self.batch.to(device)
        return replace(self, batch=batch, masked=None if self.masked is None else self.masked.to(device, batch))

    def whole_view(self, view: View) -> View:
        """What was said of all texts of the part, which other processes have said of theirs; without a gradient."""
        if not self.peers.sizes:
            return view
        teacher = None if view.teacher is None else self._whole(view.teacher)
        return View(None, self._whole(view.student), teacher)

    def whole_rewrite(self, rewrite: SoftTokens) -> SoftTokens:
        """What was written in all texts of the part: of that the drawn tokens only."""
        if not self.peers.sizes:
            return rewrite

        def whole(own_N: Tensor) -> Tensor:
            return gathered(own_N, self.drawn, self.peers.rank)

        return replace(
            rewrite,
            sampled_N=whole(rewrite.sampled_N),
            entropy_N=None if rewrite.entropy_N is None else whole(rewrite.entropy_N),
            surprise_N=None if rewrite.surprise_N is None else whole(rewrite.surprise_N),
        )

    def _whole(self, outputs: Outputs) -> Outputs:
        pooled = outputs.pooled_BLD
        return Outputs(self.peers.together(outputs.logits_BC), None if pooled is None else self.peers.together(pooled))


def own_parts(batch: Batch, drawn: Masked | None, micro_batch: int | None, world: World) -> list[Part]:
    """What this process plays of a batch: of each part its share, as even as can be.

    With several processes a part has `micro_batch` texts for each of them. A part with fewer texts than processes is
    played whole by all of them, for the same share of the gradient each.
    """
    parts = part_sizes(batch.size, None if micro_batch is None else micro_batch * world.size)
    shared = [_shares(size, world.size) for size in parts]
    sizes = [size for shares in shared for size in shares]
    if len(sizes) == 1:
        return [Part(batch, 1 / world.size, drawn, NOBODY)]
    batches = batch_parts(batch, sizes)
    masked: list[Masked | None] = [None] * len(sizes) if drawn is None else list(masked_parts(drawn, sizes))
    found = []
    for shares in shared:
        ours, their_masked = batches[: len(shares)], masked[: len(shares)]
        del batches[: len(shares)], masked[: len(shares)]
        if len(shares) == 1:
            found.append(Part(ours[0], shares[0] / batch.size / world.size, their_masked[0], NOBODY))
            continue
        tokens = tuple(0 if one is None else len(one.drawn_N) for one in their_masked)
        own = their_masked[world.rank]
        if own is not None:
            own = replace(own, first=sum(tokens[: world.rank]), of=sum(tokens))
        peers = Peers(tuple(shares), world.rank)
        found.append(Part(ours[world.rank], shares[world.rank] / batch.size, own, peers, tokens))
    return found


def _shares(texts: int, processes: int) -> list[int]:
    """The texts of each process; of fewer texts than processes none is shared."""
    small, larger = divmod(texts, processes)
    return [small + (place < larger) for place in range(processes)] if small else [texts]


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


def joined_rewrites(rewrites: Sequence[SoftTokens], drawn: Masked) -> SoftTokens:
    """The rewrite of a whole batch, of which these tokens were drawn, from its parts'; probabilities are left out."""
    if len(rewrites) == 1 and rewrites[0].drawn_N is drawn.drawn_N:
        return rewrites[0]
    sampled_N = torch.cat([rewrite.sampled_N for rewrite in rewrites])
    return SoftTokens(
        *written(drawn, sampled_N),
        entropy_N=_together([rewrite.entropy_N for rewrite in rewrites]),
        surprise_N=_together([rewrite.surprise_N for rewrite in rewrites]),
    )


def joined_views(views: Sequence[View], batch: Batch) -> View:
    """The look at a whole batch from the looks at its parts."""
    teachers = [view.teacher for view in views if view.teacher is not None]
    teacher = _joined(teachers) if teachers else None
    students = _joined([view.student for view in views])
    return View(batch.labels_B, students, teacher, batch.rows_B, batch.attention_BT)


def _joined(outputs: Sequence[Outputs]) -> Outputs:
    if len(outputs) == 1:
        return outputs[0]
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
