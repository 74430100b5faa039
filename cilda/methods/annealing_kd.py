"""Annealing KD: first the teacher's logits, small at the beginning and full at the end, then the gold labels."""

from cilda.methods.recipe import Method, Term

ANNEALING_KD = Method(
    name="annealing_kd",
    title="first the teacher's logits, scaled up step by step, then gold labels",
    source="Jafari et al. 2021, arXiv:2104.07163",
    student=(
        Term("annealed_mse", on="real", weight=1, phase=1),
        Term("hard_label", on="real", weight=1, phase=2),
    ),
)
