"""RAIL-KD: kd, and the layers together come near a random choice of the teacher's, redrawn every epoch."""

from cilda.methods.recipe import Method, Term

RAIL_KD = Method(
    name="rail_kd",
    title="kd, and the layers together come near a random choice of the teacher's, redrawn every epoch",
    source="Haidar et al. 2022, arXiv:2109.10164",
    student=(
        Term("hard_label", on="real", weight=1 / 3),
        Term("logit_kl", on="real", weight=1 / 3),
        Term("layer_distance", on="real", weight=1 / 3),
    ),
    settings={"layer_map": "random", "pooling": "mean", "distance": "concatenated"},
)
