"""How to learn: every method is a recipe of weighted terms. To add one, write a file and add its entry here."""

from cilda.methods.annealing_kd import ANNEALING_KD
from cilda.methods.cilda import CILDA
from cilda.methods.cilda_minild import CILDA_MINILD
from cilda.methods.codir import CODIR
from cilda.methods.combined_kd import COMBINED_KD
from cilda.methods.finetune import FINETUNE
from cilda.methods.kd import KD
from cilda.methods.mate_kd import MATE_KD
from cilda.methods.pkd import PKD
from cilda.methods.rail_kd import RAIL_KD
from cilda.methods.random_mlm import RANDOM_MLM
from cilda.methods.recipe import Method
from cilda.methods.tinybert import TINYBERT

_ALL = (
    FINETUNE, KD, PKD, TINYBERT, CODIR, RAIL_KD, ANNEALING_KD, RANDOM_MLM, MATE_KD, COMBINED_KD, CILDA, CILDA_MINILD
)  # fmt: skip
METHODS: dict[str, Method] = {method.name: method for method in _ALL}
