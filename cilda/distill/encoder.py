"""An encoder with a classification head, fed with plain or soft tokens, its layers pooled as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from transformers import PreTrainedModel

from cilda.distill.attention import padding_mask
from cilda.distill.batch import Batch, Outputs, SoftTokens
from cilda.distill.pooling import Pooling, pool
from cilda.families import FAMILIES


class StraightThroughLookup(torch.autograd.Function):
    """Rows of an embedding table at sampled ids, with the gradient of the probabilities behind the samples.

    Forward it is `table[ids]`; backward it is what autograd gives for `(onehot − stopgrad(soft) + soft) @ table`
    with respect to `soft`. The table itself gets no gradient. Nothing of size N·V is made but that gradient.
    Source: Jang et al. 2017, arXiv:1611.01144, straight-through Gumbel-softmax.
    """

    @staticmethod
    def forward(ctx: Any, soft_NV: Tensor, sampled_N: Tensor, table_VD: Tensor) -> Tensor:
        """The table's rows, shape (N, D)."""
        ctx.save_for_backward(table_VD)
        ctx.vocabulary = soft_NV.shape[1]
        return table_VD[sampled_N]

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of `soft_NV`, shape (N, V)."""
        (table_VD,) = ctx.saved_tensors  # type: ignore[attr-defined]
        (rows_ND,) = gradients
        return rows_ND @ table_VD[: ctx.vocabulary].to(rows_ND.dtype).T, None, None  # type: ignore[attr-defined]


class Encoder(nn.Module):
    """A teacher or a student: texts in, logits and pooled layers out.

    Every transformer layer is pooled to one vector a text the moment it is computed, so that no B·T·D tensor is
    kept for its own sake. The embedding layer is not among them. As in transformers' own hidden states, ModernBERT's
    last layer is taken after its final norm, and the first layer of a DeBERTa with a convolution after that.
    """

    def __init__(self, model: PreTrainedModel, pooling: Pooling = "first", *, attention_maps: bool = False) -> None:
        super().__init__()
        if attention_maps:
            # The usual attention computes no maps, and gives none without a word.
            model.set_attn_implementation("eager")
        self.model = model
        self.pooling = pooling
        self._takes_types = hasattr(model.config, "type_vocab_size") and model.config.type_vocab_size > 1

    @property
    def layers(self) -> list[nn.Module]:
        """The modules whose outputs are the layers, from the first to the last."""
        base = self.model.base_model
        modules = self.transformer_layers
        convolution = getattr(getattr(base, "encoder", None), "conv", None)
        if convolution is not None:
            modules[0] = convolution
        final_norm = getattr(base, "final_norm", None)
        if final_norm is not None:
            modules[-1] = final_norm
        return modules

    @property
    def transformer_layers(self) -> list[nn.Module]:
        """The transformer layers themselves; the input of the first is the embeddings' output."""
        base = self.model.base_model
        return list(base.get_submodule(FAMILIES[self.model.config.model_type].layers).children())

    @property
    def depth(self) -> int:
        """Transformer layers."""
        return int(self.model.config.num_hidden_layers)

    @property
    def width(self) -> int:
        """Width of the hidden layers."""
        return int(self.model.config.hidden_size)

    def forward(
        self,
        texts: Batch | SoftTokens,
        *,
        want_layers: bool = False,
        want_tokens: bool = False,
        want_attention: bool = False,
    ) -> Outputs:
        """Logits, and what is wanted of the layers: pooled, every token's hidden states, attention.

        Soft tokens that carry probabilities are embedded by straight-through lookup, so that the gradient reaches
        the generator; all other tokens go in as ids.
        """
        batch = texts.batch if isinstance(texts, SoftTokens) else texts
        inputs: dict[str, Any] = {"attention_mask": padding_mask(self.model, batch)}
        if isinstance(texts, SoftTokens) and texts.soft_NV is not None:
            inputs["inputs_embeds"] = self._embed(texts, texts.soft_NV)
        else:
            inputs["input_ids"] = batch.ids_BT
        if batch.types_BT is not None and self._takes_types:
            inputs["token_type_ids"] = batch.types_BT
        if want_attention:
            inputs["output_attentions"] = True
        pooled: list[Tensor] = []
        hidden: list[Tensor] = []
        with ExitStack() as stack:
            if want_layers:
                keep = partial(_keep, pooled, partial(pool, attention_BT=batch.attention_BT, how=self.pooling))
                stack.enter_context(_hooked(self.layers, keep))
            if want_tokens:
                stack.enter_context(_first_input(self.transformer_layers[0], hidden))
                stack.enter_context(_hooked(self.layers, partial(_keep, hidden, _as_it_is)))
            answer = self.model(**inputs)
        return Outputs(
            answer.logits.float(),
            torch.stack(pooled, dim=1) if want_layers else None,
            torch.stack(hidden, dim=1) if want_tokens else None,
            torch.stack(tuple(answer.attentions), dim=1) if want_attention and answer.attentions else None,
        )

    def _embed(self, texts: SoftTokens, soft_NV: Tensor) -> Tensor:
        """Word embeddings of a rewrite, shape (B, T, E), with a gradient to the drawn positions only."""
        table_VE = embedding_table(self.model)
        rows_NE: Tensor = StraightThroughLookup.apply(soft_NV, texts.sampled_N, table_VE)  # type: ignore[no-untyped-call]
        flat_QE = table_VE[texts.batch.ids_BT.flatten()]
        return flat_QE.index_copy(0, texts.drawn_N, rows_NE).view(*texts.batch.ids_BT.shape, -1)


@contextmanager
def _hooked(layers: list[nn.Module], hook: Callable[..., None]) -> Iterator[None]:
    """While open, the hook sees every layer's output."""
    handles = [layer.register_forward_hook(hook) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _first_input(layer: nn.Module, kept: list[Tensor]) -> Iterator[None]:
    """While open, what goes into the layer is put into the list."""

    def keep(_layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        kept.append(inputs[0] if inputs else named["hidden_states"])

    handle = layer.register_forward_pre_hook(keep, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def embedding_table(model: PreTrainedModel) -> Tensor:
    """A model's word embeddings (V, E), without a gradient."""
    table_VE = model.get_input_embeddings().weight
    assert isinstance(table_VE, Tensor)
    return table_VE.detach()


def _keep(
    kept: list[Tensor], made_of: Callable[[Tensor], Tensor], _layer: nn.Module, _inputs: object, output: Any
) -> None:
    """A forward hook that keeps what is made of a layer's output, which some families give as the first of a tuple."""
    kept.append(made_of(output[0] if isinstance(output, tuple) else output))


def _as_it_is(hidden_BTD: Tensor) -> Tensor:
    return hidden_BTD
