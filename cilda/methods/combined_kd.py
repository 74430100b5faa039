"""Combined KD: Annealing KD, also on texts that a generator rewrites so that the logits part."""

from cilda.methods.recipe import Method, Term

COMBINED_KD = Method(
    name="combined_kd",
    title="annealing_kd, also on texts that a generator rewrites so that the logits part",
    source="Li et al. 2021, arXiv:2109.05696",
    generator=(Term("logit_mse", on="soft", weight=1),),
    student=(
        Term("annealed_mse", on="real", weight=1 / 2, phase=1),
        Term("annealed_mse", on="soft", weight=1 / 2, phase=1),
        Term("hard_label", on="real", weight=1, phase=2),
    ),
)
