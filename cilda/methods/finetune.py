"""Plain fine-tuning: the same budget without a teacher, and the way teachers are made."""

from cilda.methods.recipe import Method, Term

FINETUNE = Method(
    name="finetune",
    title="gold labels only, no teacher: the baseline",
    source="Devlin et al. 2019, arXiv:1810.04805",
    student=(Term("hard_label", on="real", weight=1.0),),
)
