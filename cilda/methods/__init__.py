"""How to learn: every method is a recipe of weighted terms. To add one, write a file and add its entry here."""

from cilda.methods.cilda import CILDA
from cilda.methods.cilda_minild import CILDA_MINILD
from cilda.methods.finetune import FINETUNE
from cilda.methods.kd import KD
from cilda.methods.mate_kd import MATE_KD
from cilda.methods.random_mlm import RANDOM_MLM
from cilda.methods.recipe import Method

METHODS: dict[str, Method] = {
    method.name: method for method in (FINETUNE, KD, RANDOM_MLM, MATE_KD, CILDA, CILDA_MINILD)
}
