"""CoDIR: kd, and a text's layers are told from those of remembered texts of other classes."""

from cilda.methods.recipe import Method, Term

CODIR = Method(
    name="codir",
    title="kd, and a contrast of the layers with a memory of texts of other classes",
    source="Sun et al. 2020, arXiv:2009.14167",
    student=(
        Term("hard_label", on="real", weight=2 / 5),
        Term("logit_kl", on="real", weight=2 / 5),
        Term("crd_memory", on="real", weight=1 / 5),
    ),
    settings={"layer_map": "all", "pooling": "mean"},
)
