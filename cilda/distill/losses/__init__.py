"""The losses, one a file. To add one, write its file and add its entry here and to the kinds in methods/recipe.py."""

from cilda.distill.losses.annealed_mse import AnnealedMSE
from cilda.distill.losses.attention_mse import AttentionMSE
from cilda.distill.losses.crd_memory import CrdMemory
from cilda.distill.losses.hard_label import HardLabel
from cilda.distill.losses.hidden_mse import HiddenMSE
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.losses.layer_distance import LayerDistance
from cilda.distill.losses.logit_kl import LogitKL
from cilda.distill.losses.logit_mse import LogitMSE
from cilda.distill.losses.loss import Loss

LOSSES: dict[str, type[Loss]] = {
    "hard_label": HardLabel,
    "logit_kl": LogitKL,
    "logit_mse": LogitMSE,
    "annealed_mse": AnnealedMSE,
    "layer_contrast": LayerContrast,
    "layer_distance": LayerDistance,
    "crd_memory": CrdMemory,
    "hidden_mse": HiddenMSE,
    "attention_mse": AttentionMSE,
}
