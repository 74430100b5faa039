"""PKD: kd, and the student follows the teacher through its layers, at the first token."""

from cilda.methods.recipe import Method, Term

PKD = Method(
    name="pkd",
    title="kd, and the layers' first tokens come near the teacher's, layer by layer",
    source="Sun et al. 2019, arXiv:1908.09355",
    student=(
        Term("hard_label", on="real", weight=4 / 9),
        Term("logit_kl", on="real", weight=4 / 9),
        Term("layer_distance", on="real", weight=1 / 9),
    ),
    settings={"layer_map": "skip", "pooling": "first", "distance": "layerwise"},
)
