"""The masked language model that rewrites texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from cilda.distill.attention import padding_mask
from cilda.distill.batch import Batch, Masked, SoftTokens

# Rows of this many vocabulary entries are summed first when a token is drawn: a running sum over the whole
# vocabulary costs several times as much and loses digits.
_BLOCK = 256

# e to this power is 0 in float32; 0 times it is 0, too, as 0 times −inf is not.
_NEVER = -200.0


class Generator(nn.Module):
    """Fills the drawn positions of a masked batch.

    The vocabulary head runs at drawn positions only. Special tokens are never written unless `special_ids` is empty.
    `vocabulary` is the number of ids that teacher, student and generator share.
    """

    def __init__(
        self, model: PreTrainedModel, vocabulary: int, special_ids: list[int], temperature: float = 1.0
    ) -> None:
        super().__init__()
        self.model = model
        self.vocabulary = vocabulary
        self.temperature = temperature
        self._head = head_of(model)
        self._takes_types = hasattr(model.config, "type_vocab_size") and model.config.type_vocab_size > 1
        self.register_buffer("special_ids", torch.tensor(special_ids, dtype=torch.long), persistent=False)

    special_ids: Tensor

    def logits(self, masked: Masked) -> Tensor:
        """Vocabulary logits at the drawn positions, shape (N, V), float32; −inf at forbidden ids."""
        logits_NV = self._scores(masked)
        return logits_NV.index_fill(1, self.special_ids, float("-inf")) if len(self.special_ids) else logits_NV

    def _scores(self, masked: Masked) -> Tensor:
        """The same logits, with forbidden ids as the model has them."""
        batch = masked.batch
        inputs = {"input_ids": masked.ids_BT, "attention_mask": padding_mask(self.model, batch)}
        if batch.types_BT is not None and self._takes_types:
            inputs["token_type_ids"] = batch.types_BT
        hidden_BTD = self.model.base_model(**inputs)[0]
        return self._head(hidden_BTD.flatten(0, 1)[masked.drawn_N]).float()[:, : self.vocabulary]

    def soft(self, masked: Masked, random: torch.Generator) -> SoftTokens:
        """A rewrite with a gradient: straight-through Gumbel-softmax samples and the probabilities behind them.

        softmax((log softmax(g) + gumbel) / τ) equals softmax((g + gumbel) / τ), because softmax does not see a
        constant added to a row. Source: Jang et al. 2017, arXiv:1611.01144.
        """
        scores_NV = self._scores(masked)
        # Every tensor of this size is paid for in fresh memory: forbidden ids are struck out in the noise, which has no
        # gradient, and a division by 1 is left out. Head, noise and backward: 905 → 773 ms of CPU at N = 400.
        minus_gumbel_NV = masked.own(
            lambda rows: scores_NV.new_empty(rows, self.vocabulary).exponential_(generator=random)
        ).log_()
        noisy_NV = scores_NV - minus_gumbel_NV.index_fill_(1, self.special_ids, float("inf"))
        soft_NV = torch.softmax(noisy_NV if self.temperature == 1 else noisy_NV / self.temperature, dim=-1)
        return SoftTokens(*written(masked, soft_NV.detach().argmax(dim=-1)), soft_NV=soft_NV)

    @torch.no_grad()
    def plain(self, masked: Masked, random: torch.Generator) -> SoftTokens:
        """A rewrite without a gradient: ids only, drawn from the same distribution as `soft`.

        The argmax of g + gumbel is a draw from softmax(g), whatever τ is: no noise over the vocabulary is needed.
        """
        drawn = draw(self.logits(masked), random, masked)
        return SoftTokens(*written(masked, drawn.ids_N), entropy_N=drawn.entropy_N, surprise_N=drawn.surprise_N)


def written(masked: Masked, sampled_N: Tensor) -> tuple[Batch, Tensor, Tensor]:
    """A rewritten batch, where it was drawn, and what was drawn there."""
    ids_BT = masked.batch.ids_BT.flatten().index_copy(0, masked.drawn_N, sampled_N).view_as(masked.ids_BT)
    return masked.batch.with_ids(ids_BT), masked.drawn_N, sampled_N


@dataclass(frozen=True)
class Draw:
    """One id for each of N distributions, and how open each distribution was."""

    ids_N: Tensor
    entropy_N: Tensor
    """Of the distribution, in nats."""
    surprise_N: Tensor
    """−log of the probability of the drawn id, in nats."""


@torch.no_grad()
def draw(logits_NV: Tensor, random: torch.Generator, masked: Masked | None = None) -> Draw:
    """One id a row from softmax(logits), by inverting the cumulative distribution in two steps.

    One uniform number picks a block of the vocabulary, a second one an id within it. Ids of probability 0 are never
    drawn. `masked` says of which tokens, where other processes draw for others.
    """

    def uniform(rows: int) -> Tensor:
        return torch.rand(rows, 1, generator=random, device=logits_NV.device)

    rows, vocabulary = logits_NV.shape
    blocks = -(-vocabulary // _BLOCK)
    below_NV = (logits_NV - logits_NV.amax(dim=-1, keepdim=True)).clamp_(min=_NEVER)
    # Not normalised: exp(logit − row maximum), with the last block filled up with zeros.
    weights_NV = logits_NV.new_zeros(rows, blocks * _BLOCK)
    torch.exp(below_NV, out=weights_NV[:, :vocabulary])
    weights_NKW = weights_NV.view(rows, blocks, _BLOCK)
    sums_NK = weights_NKW.sum(dim=-1)
    uniform_N1, fresh_N1 = (uniform(rows) if masked is None else masked.own(uniform) for _ in range(2))
    block_N = _first_above(sums_NK, uniform_N1)
    chosen_NW = weights_NKW[torch.arange(rows, device=logits_NV.device), block_N]
    ids_N = block_N * _BLOCK + _first_above(chosen_NW, fresh_N1)
    # −Σ p ln p = ln Z − Σ w (logit − maximum) / Z, with w = exp(logit − maximum) and Z their sum.
    total_N = sums_NK.sum(dim=-1)
    mean_below_N = torch.linalg.vecdot(weights_NV[:, :vocabulary], below_NV) / total_N
    drawn_below_N = below_NV.gather(1, ids_N.unsqueeze(1)).squeeze(1)
    return Draw(ids_N, total_N.log() - mean_below_N, total_N.log() - drawn_below_N)


def _first_above(weights_NW: Tensor, uniform_N1: Tensor) -> Tensor:
    """Where the running sum of each row first exceeds `uniform` times its total: a draw with these weights."""
    running_NW = weights_NW.cumsum(dim=-1)
    threshold_N1 = uniform_N1 * running_NW[:, -1:]
    place_N1 = torch.searchsorted(running_NW, threshold_N1, right=True)
    # Rounding can put the threshold at the total itself: then the last entry with any weight is meant.
    last_N1 = torch.searchsorted(running_NW, running_NW[:, -1:].contiguous())
    return torch.minimum(place_N1, last_N1).squeeze(1)


def head_of(model: PreTrainedModel) -> Callable[[Tensor], Tensor]:
    """The vocabulary head of a masked LM as a function from hidden states (…, D) to logits (…, V)."""
    parts: dict[str, tuple[str, ...]] = {
        "bert": ("cls",),
        "roberta": ("lm_head",),
        "distilbert": ("vocab_transform", "activation", "vocab_layer_norm", "vocab_projector"),
        "electra": ("generator_predictions", "generator_lm_head"),
        "modernbert": ("head", "decoder"),
        "deberta-v2": ("cls",),
    }
    if hasattr(model, "lm_predictions"):
        # DeBERTa's own head, as it was published, borrows the word embeddings.
        head, words = model.get_submodule("lm_predictions"), model.get_input_embeddings()
        return lambda hidden: head(hidden, words)
    # A bound method, not a module: the head's weights stay the model's own and are not saved twice.
    return nn.Sequential(*(model.get_submodule(part) for part in parts[model.config.model_type])).forward
