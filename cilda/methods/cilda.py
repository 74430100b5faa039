"""CILDA: the generator makes teacher and student disagree in their answers and in their hidden layers."""

from cilda.methods.recipe import Method, Term

CILDA = Method(
    name="cilda",
    title="mate_kd, and the generator also parts the hidden layers (contrastive)",
    source="Haidar et al. 2022, arXiv:2204.07674",
    generator=(
        Term("logit_kl", on="soft", weight=1 / 2),
        Term("layer_contrast", on="soft", weight=1 / 2),
    ),
    student=(
        Term("hard_label", on="real", weight=1 / 3),
        Term("logit_kl", on="real", weight=1 / 3),
        Term("logit_kl", on="soft", weight=1 / 3),
    ),
)
