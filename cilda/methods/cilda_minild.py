"""CILDA+minILD: CILDA whose student also learns to bring the hidden layers together."""

from cilda.methods.cilda import CILDA
from cilda.methods.recipe import Method, Term

CILDA_MINILD = Method(
    name="cilda_minild",
    title="cilda, and the student also brings the hidden layers together",
    source="third party: TKC002/CILDA-plus-minILD",
    generator=CILDA.generator,
    student=(
        Term("hard_label", on="real", weight=2 / 9),
        Term("logit_kl", on="real", weight=2 / 9),
        Term("layer_contrast", on="real", weight=2 / 9, per_log_batch=True),
        Term("hard_label", on="soft", weight=1 / 6),
        Term("logit_kl", on="soft", weight=1 / 12),
        Term("layer_contrast", on="soft", weight=1 / 12, per_log_batch=True),
    ),
)
