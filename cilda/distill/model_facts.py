"""What a model of a run is, in facts that a person compares: size, vocabulary, special tokens, labels, attention."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.distill.compatibility import SPECIAL_TOKENS, count_parameters, longest_text
from cilda.distill.loading import label_names


@dataclass(frozen=True)
class ModelFacts:
    """One model of a run."""

    role: str
    name: str
    family: str
    layers: int
    width: int
    heads: int
    parameters: int
    attention: str
    """How transformers computes it: sdpa, eager, …"""
    longest: int | None
    """Tokens for which it has positions; None where they are relative only."""
    tokens: int
    """Of its tokenizer; tables of embeddings may be padded beyond."""
    special_ids: dict[str, int]
    labels: tuple[str, ...]
    """Empty for a model that gives no labels."""
    about: str = ""


def facts(
    role: str, name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, *, about: str = ""
) -> ModelFacts:
    """The facts of a loaded model."""
    config = model.config
    classifies = any(key.startswith("classifier.") for key in model.state_dict())
    ids = {kind: getattr(tokenizer, f"{kind}_token_id") for kind in SPECIAL_TOKENS}
    return ModelFacts(
        role=role,
        name=name,
        family=config.model_type,
        layers=int(config.num_hidden_layers),
        width=int(config.hidden_size),
        heads=int(config.num_attention_heads),
        parameters=count_parameters(model),
        attention=str(config._attn_implementation),  # noqa: SLF001 - transformers has no public name to read it by
        longest=longest_text(model),
        tokens=len(tokenizer.get_vocab()),
        special_ids={kind: number for kind, number in ids.items() if isinstance(number, int)},
        labels=label_names(config) if classifies else (),
        about=about,
    )
