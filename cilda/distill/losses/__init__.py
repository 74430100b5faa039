"""The losses, one a file. To add one, write its file and add its entry here and to the names in methods/recipe.py."""

from cilda.distill.losses.hard_label import HardLabel
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.losses.logit_kl import LogitKL
from cilda.distill.losses.loss import Loss

LOSSES: dict[str, type[Loss]] = {
    "hard_label": HardLabel,
    "logit_kl": LogitKL,
    "layer_contrast": LayerContrast,
}
