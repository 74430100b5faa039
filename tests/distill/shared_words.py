"""What processes say to each other: run as `python -m tests.distill.shared_words` in each of them; one line of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cilda.distill.evaluate import logits
from cilda.distill.run_record import recorded
from cilda.distill.world import join, part, world
from cilda.errors import CildaError, UsageError
from cilda.methods import METHODS
from cilda.runs.control import Request, RunStopped
from cilda.runs.layout import RunFolder
from cilda.runs.silent import SilentWriter
from tests.tiny_players import tiny_players, tiny_tokenized


def raised(call: Callable[[], object]) -> str:
    """What a call raised."""
    try:
        call()
    except Exception as error:  # noqa: BLE001  that is what is looked at
        return f"{type(error).__name__}: {error}"
    return ""


def refuse(error: Exception) -> Any:
    """Raises it."""
    raise error


def stop_in_the_beginning() -> None:
    """The main process hears of a stop where the others expect nothing, who then wait for its word."""
    with recorded(SilentWriter(RunFolder(Path("run")))):
        if world().main:
            raise RunStopped("stopped by somebody", Request("1", "stop", "somebody", 0.0), "step-1")
        world().gathered(1)


def main() -> None:
    """All of it, in this process's part."""
    torch.set_num_threads(1)
    joined = join(cpu=True)
    own = nn.Linear(2, 2)
    nn.init.constant_(own.weight, joined.rank + 1.0)
    joined.same(own)
    sums = [torch.tensor(1.0 + joined.rank), torch.ones(3)]
    joined.add_up(sums)
    joined.seed_turn(7, 3)
    dropped = torch.rand(1).item()
    student = tiny_players("bert", METHODS["kd"]).student
    rows = tiny_tokenized("bert", 10)
    told = {
        "told": joined.told(lambda: {"who": joined.rank}),
        "nothing": joined.told(lambda: None),
        "usage": raised(lambda: joined.told(lambda: refuse(UsageError("wrong", "do right")))),
        "unknown": raised(lambda: joined.told(lambda: refuse(OSError(28, "No space left")))),
        "heard": isinstance(joined.heard, OSError),
        "unpicklable": raised(lambda: joined.told(lambda: refuse(CildaError(lambda: 1)))).partition(" at ")[0],  # type: ignore[arg-type]
        "stopped": raised(stop_in_the_beginning),
        "gathered": joined.gathered(joined.rank),
        "weights": own.weight[0].tolist(),
        "sums": [one.tolist() for one in sums],
        "logits": logits(student, rows, 3).tolist(),
        "dropped": dropped,
        "rank": joined.rank,
    }
    part()
    assert world().alone
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
