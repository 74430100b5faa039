"""TinyBERT: first the hidden states and attention maps of every token, then the teacher's answers."""

from cilda.methods.recipe import Method, Term

TINYBERT = Method(
    name="tinybert",
    title="first hidden states and attention of every token, then the teacher's answers",
    source="Jiao et al. 2020, arXiv:1909.10351",
    student=(
        Term("hidden_mse", on="real", weight=1 / 2, phase=1),
        Term("attention_mse", on="real", weight=1 / 2, phase=1),
        Term("logit_kl", on="real", weight=1, phase=2),
    ),
    settings={"layer_map": "uniform"},
)
