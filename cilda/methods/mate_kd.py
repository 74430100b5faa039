"""MATE-KD: a generator learns to make teacher and student disagree in their answers."""

from cilda.methods.recipe import Method, Term

MATE_KD = Method(
    name="mate_kd",
    title="kd, and a generator that rewrites texts so that the answers differ",
    source="Rashid et al. 2021, arXiv:2105.05912",
    generator=(Term("logit_kl", on="soft", weight=1.0),),
    student=(
        Term("hard_label", on="real", weight=1 / 3),
        Term("logit_kl", on="real", weight=1 / 3),
        Term("logit_kl", on="soft", weight=1 / 3),
    ),
)
