"""Which masked LM rewrites the texts when the user names none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cilda.distill.compatibility import check_vocabulary
from cilda.distill.loading import Loaded, load_masked_lm
from cilda.errors import CildaError
from cilda.families import FAMILIES


@dataclass(frozen=True)
class GeneratorChoice:
    """A generator with the reason it was chosen, in one sentence for the user."""

    loaded: Loaded
    reason: str


def default_generator(teacher: Loaded, *, origins: Sequence[str] = (), allow_pickle: bool = False) -> GeneratorChoice:
    """The generator for a teacher: its family's small masked LM, else the teacher's own base model.

    The small one is taken when it can be loaded and has the teacher's vocabulary. Otherwise the first of the teacher's
    own source and `origins` (what the teacher was fine-tuned from) that has a trained masked-LM head.

    Raises:
        CildaError: neither is to be had, with all the reasons; --generator chooses.
    """
    refusals: list[str] = []
    small = FAMILIES[teacher.model.config.model_type].small_generator
    own = list(dict.fromkeys([*origins, teacher.source]))
    for name in [small, *own] if small is not None else own:
        try:
            loaded = load_masked_lm(name, allow_pickle=allow_pickle)
            check_vocabulary({f"the teacher {teacher.source}": teacher.tokenizer, name: loaded.tokenizer})
        except CildaError as error:
            refusals.append(error.what)
            continue
        kind = (
            "small masked LM of the teacher's family"
            if name == small
            else "teacher's own base model with its masked-LM head"
        )
        why = f" ({'; '.join(refusals)})" if refusals else ""
        return GeneratorChoice(loaded, f"generator: {name}, the {kind}{why}")
    raise CildaError(
        f"no generator is known for the teacher {teacher.source}: {'; '.join(refusals)}",
        "name a masked language model of the same vocabulary with --generator, or choose a method without one (kd)",
    )
