"""Knowledge distillation: gold labels and the teacher's probabilities, in equal parts."""

from cilda.methods.recipe import Method, Term

KD = Method(
    name="kd",
    title="gold labels and the teacher's probabilities",
    source="Hinton et al. 2015, arXiv:1503.02531",
    student=(
        Term("hard_label", on="real", weight=1 / 2),
        Term("logit_kl", on="real", weight=1 / 2),
    ),
)
