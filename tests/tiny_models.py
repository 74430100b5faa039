"""Tiny random models of every family, each with a small tokenizer of the family's kind, made without a network.

    folder = tiny_classifier("bert", tmp_path / "teacher", labels=("negative", "positive"))
    folder = tiny_masked_lm("bert", tmp_path / "generator")

Models of one family share one vocabulary, whatever their depth, width or seed. Weights are drawn wider than usual, so
that texts and layers make a difference. The tables of DeBERTa and ModernBERT are padded beyond the
tokenizer, as the published ones are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    BertTokenizer,
    DebertaV2Config,
    DebertaV2Tokenizer,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaTokenizer,
)

from cilda.distill.loading import quiet, seeded, set_labels
from cilda.families import FAMILIES

TINY_FAMILIES = tuple(FAMILIES)
LONGEST = 128
LISTED = """
the an of and but not is was are it this that with for to in on very quite rather too so no never
film movie plot acting story music scene ending cast script book camera one two all more less up down
good great fine superb warm funny bad dull poor slow weak boring awful saves ruins makes gives keeps lets
"""
WORDS = tuple(sorted(set(LISTED.split())))
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PUNCTUATION = ".,!?'-:;()"


def tiny_classifier(
    family: str,
    folder: Path,
    *,
    labels: int | tuple[str, ...] = 2,
    layers: int = 4,
    width: int = 32,
    seed: int = 0,
    **settings: Any,
) -> Path:
    """Save a random encoder with a classification head; the folder.

    Labels by number have no names (LABEL_0, …); 1 or an empty tuple means regression. `settings` go to the config.
    """
    config = tiny_config(family, layers=layers, width=width, **settings)
    if isinstance(labels, int):
        config.num_labels = labels
        config.problem_type = "regression" if labels == 1 else None
    else:
        set_labels(config, labels)
    return _save(AutoModelForSequenceClassification, config, family, folder, seed)


def tiny_masked_lm(
    family: str, folder: Path, *, layers: int = 3, width: int = 32, seed: int = 0, **settings: Any
) -> Path:
    """Save a random masked language model; the folder."""
    config = tiny_config(family, layers=layers, width=width, **settings)
    return _save(AutoModelForMaskedLM, config, family, folder, seed)


def tiny_config(family: str, *, layers: int = 4, width: int = 32, **settings: Any) -> PreTrainedConfig:
    """A config of the family: 4 attention heads, room for 128 tokens."""
    tokenizer = tiny_tokenizer(family)
    shared: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.1,
        "max_position_embeddings": LONGEST,
    }
    usual = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "intermediate_size": 2 * width,
    }
    if family == "bert":
        return BertConfig(**{**shared, **usual, **settings})
    if family == "roberta":
        positions = {"max_position_embeddings": LONGEST + 2, "type_vocab_size": 1, "bos_token_id": 0, "eos_token_id": 2}
        return RobertaConfig(**{**shared, **usual, **positions, **settings})
    if family == "distilbert":
        sizes = {"dim": width, "n_layers": layers, "n_heads": 4, "hidden_dim": 2 * width}
        return DistilBertConfig(**{**shared, **sizes, **settings})
    if family == "electra":
        return ElectraConfig(**{**shared, **usual, "embedding_size": width // 2, **settings})
    padded = {"vocab_size": len(tokenizer) // 8 * 8 + 16}
    if family == "deberta-v2":
        relative = {
            "relative_attention": True,
            "position_biased_input": False,
            "pos_att_type": ["p2c", "c2p"],
            "share_att_key": True,
            "norm_rel_ebd": "layer_norm",
            "position_buckets": 16,
            "pooler_hidden_size": width,
        }
        return DebertaV2Config(**{**shared, **usual, **padded, **relative, **settings})
    if family == "modernbert":
        special = {
            f"{ours}_token_id": getattr(tokenizer, f"{theirs}_token_id")
            for ours, theirs in (("bos", "cls"), ("cls", "cls"), ("eos", "sep"), ("sep", "sep"))
        }
        return ModernBertConfig(**{**shared, **usual, **padded, "local_attention": 8, **special, **settings})
    raise AssertionError(family)


def tiny_tokenizer(family: str) -> PreTrainedTokenizerFast:
    """A tokenizer of the family's kind that spells what it does not know."""
    with quiet():
        if family == "roberta":
            tokenizer: PreTrainedTokenizerFast = _roberta()
        elif family == "deberta-v2":
            tokenizer = _deberta()
        elif family == "modernbert":
            tokenizer = _modernbert()
        else:
            pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PUNCTUATION, *LETTERS]
            pieces += [f"##{letter}" for letter in LETTERS] + list(WORDS)
            tokenizer = BertTokenizer(vocab={piece: index for index, piece in enumerate(pieces)}, do_lower_case=True)
    tokenizer.model_max_length = LONGEST
    return tokenizer


def _roberta() -> PreTrainedTokenizerFast:
    """Byte-level BPE with RoBERTa's special tokens at RoBERTa's places."""
    pieces, merges = _byte_pairs()
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *pieces, "<mask>"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    # Pairs are what the tokenizer wants, whatever its annotation says.
    return RobertaTokenizer(vocab=vocabulary, merges=merges)  # type: ignore[arg-type]


def _deberta() -> PreTrainedTokenizerFast:
    """Unigram pieces, with the mask token last."""
    pieces = [("[PAD]", 0.0), ("[CLS]", 0.0), ("[SEP]", 0.0), ("[UNK]", 0.0), ("▁", -6.0)]
    pieces += [(f"▁{word}", -3.0) for word in WORDS]
    pieces += [(letter, -5.0) for letter in PUNCTUATION + LETTERS] + [("[MASK]", 0.0)]
    return DebertaV2Tokenizer(vocab=pieces, unk_id=3)


def _modernbert() -> PreTrainedTokenizerFast:
    """Byte-level BPE with special tokens after the pieces."""
    pieces, merges = _byte_pairs()
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    vocabulary = {piece: index for index, piece in enumerate([*pieces, *special])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    names = {f"{token.strip('[]').lower()}_token": token for token in special}
    inputs = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_input_names=inputs, **names)


def _byte_pairs() -> tuple[list[str], list[tuple[str, str]]]:
    """All bytes and a dozen words after a space, each built from left to right: pieces and merges."""
    pieces, merges = sorted(pre_tokenizers.ByteLevel.alphabet()), []
    for word in ("the", "film", "plot", "good", "great", "bad", "dull", "not", "very", "but", "acting", "story"):
        built = "Ġ"
        for letter in word:
            if built + letter not in pieces:
                pieces.append(built + letter)
                merges.append((built, letter))
            built += letter
    return pieces, merges


def _save(kind: Any, config: PreTrainedConfig, family: str, folder: Path, seed: int) -> Path:
    """Draw the weights from the seed and save model and tokenizer as safetensors."""
    with quiet(), seeded(seed):
        model = kind.from_config(config, dtype=torch.float32)
        model.save_pretrained(folder)
        tiny_tokenizer(family).save_pretrained(folder)
    return folder
