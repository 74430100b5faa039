"""Augmentation by a masked LM that never learns: what is left of MATE-KD without its adversary."""

from cilda.methods.mate_kd import MATE_KD
from cilda.methods.recipe import Method

RANDOM_MLM = Method(
    name="random_mlm",
    title="kd, also on texts that a masked language model rewrites and that never learns",
    source="mate_kd without the generator's turns; Wu et al. 2019, arXiv:1812.06705, rewrite texts so, by the label",
    student=MATE_KD.student,
)
