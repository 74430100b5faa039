"""The encoder families cilda knows, with the names people use for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """What differs between encoder families outside their own model code.

    `layers` is the path from the base model to its list of transformer layers; `small_generator` is a published
    masked LM with the family's usual vocabulary, used when the user names none.
    """

    model_type: str
    title: str
    layers: str
    small_generator: str | None = None


FAMILIES: dict[str, Family] = {
    family.model_type: family
    for family in (
        Family("bert", "BERT, MiniLM", "encoder.layer", small_generator="google/bert_uncased_L-4_H-256_A-4"),
        Family("roberta", "RoBERTa", "encoder.layer", small_generator="distilbert/distilroberta-base"),
        Family("distilbert", "DistilBERT", "transformer.layer", small_generator="google/bert_uncased_L-4_H-256_A-4"),
        Family("electra", "ELECTRA", "encoder.layer", small_generator="google/electra-small-generator"),
        Family("deberta-v2", "DeBERTa v2 and v3", "encoder.layer"),
        Family("modernbert", "ModernBERT", "layers", small_generator="answerdotai/ModernBERT-base"),
    )
}


@dataclass(frozen=True)
class ShortName:
    """A name people type, and the hub repository it stands for."""

    name: str
    repository: str
    layers: int
    width: int
    masked_lm: bool
    note: str = ""


SHORT_NAMES: dict[str, ShortName] = {
    short.name: short
    for short in (
        ShortName("bert-base", "google-bert/bert-base-uncased", 12, 768, masked_lm=True),
        ShortName("bert-large", "google-bert/bert-large-uncased", 24, 1024, masked_lm=True),
        ShortName("bert-base-cased", "google-bert/bert-base-cased", 12, 768, masked_lm=True),
        ShortName("bert-medium", "google/bert_uncased_L-8_H-512_A-8", 8, 512, masked_lm=True),
        ShortName("bert-small", "google/bert_uncased_L-4_H-512_A-8", 4, 512, masked_lm=True),
        ShortName(
            "bert-mini",
            "google/bert_uncased_L-4_H-256_A-4",
            4,
            256,
            masked_lm=True,
            note="the default generator for BERT",
        ),
        ShortName("bert-tiny", "google/bert_uncased_L-2_H-128_A-2", 2, 128, masked_lm=True),
        ShortName("roberta-base", "FacebookAI/roberta-base", 12, 768, masked_lm=True),
        ShortName("roberta-large", "FacebookAI/roberta-large", 24, 1024, masked_lm=True),
        ShortName("distilbert", "distilbert/distilbert-base-uncased", 6, 768, masked_lm=True),
        ShortName(
            "distilroberta",
            "distilbert/distilroberta-base",
            6,
            768,
            masked_lm=True,
            note="the default generator for RoBERTa",
        ),
        ShortName("electra-small", "google/electra-small-discriminator", 12, 256, masked_lm=False),
        ShortName("electra-base", "google/electra-base-discriminator", 12, 768, masked_lm=False),
        ShortName("electra-large", "google/electra-large-discriminator", 24, 1024, masked_lm=False),
        ShortName(
            "electra-small-generator",
            "google/electra-small-generator",
            12,
            256,
            masked_lm=True,
            note="the default generator for ELECTRA",
        ),
        ShortName("deberta-v3-small", "microsoft/deberta-v3-small", 6, 768, masked_lm=False),
        ShortName("deberta-v3-base", "microsoft/deberta-v3-base", 12, 768, masked_lm=False),
        ShortName("deberta-v3-large", "microsoft/deberta-v3-large", 24, 1024, masked_lm=False),
        ShortName("modernbert-base", "answerdotai/ModernBERT-base", 22, 768, masked_lm=True),
        ShortName("modernbert-large", "answerdotai/ModernBERT-large", 28, 1024, masked_lm=True),
        ShortName("minilm-l6", "nreimers/MiniLM-L6-H384-uncased", 6, 384, masked_lm=False),
        ShortName("minilm-l12", "microsoft/MiniLM-L12-H384-uncased", 12, 384, masked_lm=False),
    )
}
