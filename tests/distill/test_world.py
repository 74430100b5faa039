from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from cilda.distill.evaluate import logits
from cilda.distill.world import ALONE, World, world
from cilda.methods import METHODS
from tests.processes import together
from tests.tiny_players import tiny_players, tiny_tokenized
from tests.tiny_trainer import events_of, tiny_trainer


def test_processes_hear_the_main_one_and_work_together() -> None:
    first, second = (json.loads(out) for out, _ in together(["-m", "tests.distill.shared_words"]))
    assert (first.pop("rank"), second.pop("rank")) == (0, 1)
    assert first.pop("dropped") != second.pop("dropped")
    # What cannot be sent is told in words.
    assert (first.pop("unpicklable") + second.pop("unpicklable")).count("CildaError: <function") == 2
    assert first == second
    assert first["told"] == {"who": 0}
    assert first["nothing"] is None
    assert first["usage"] == "UsageError: wrong\ndo right"
    assert first["unknown"].endswith("Error: [Errno 28] No space left")
    assert first["stopped"] == "RunStopped: stopped by somebody"
    assert first["gathered"] == [0, 1]
    assert first["weights"] == [1.0, 1.0]
    assert first["sums"] == [3.0, [2.0, 2.0, 2.0]]
    student = tiny_players("bert", METHODS["kd"]).student
    np.testing.assert_allclose(first["logits"], logits(student, tiny_tokenized("bert", 10), 3), rtol=1e-5, atol=1e-6)


def test_who_is_alone_waits_for_nobody() -> None:
    assert world() is ALONE
    before = torch.get_rng_state()
    ALONE.seed_turn(1, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert ALONE.told(lambda: 3) == 3
    assert ALONE.gathered("a") == ["a"]
    assert not ALONE.lost(RuntimeError("Connection closed by peer"))


def test_shared_items_come_back_in_their_order() -> None:
    items = list(range(7))
    worlds = [World() for _ in range(3)]
    for rank, one in enumerate(worlds):
        one.rank, one.size = rank, 3
    shares = [one.share(items) for one in worlds]
    assert shares == [[0, 3, 6], [1, 4], [2, 5]]
    assert worlds[0].together(shares) == items


def test_a_checkpoint_of_more_processes_is_gone_on_from(tmp_path: Path) -> None:
    first = tiny_trainer(tmp_path)
    first.run()
    state = first.state()
    state["position"]["processes"] = 2
    first._keeper.write(first._step + 1, state)
    first.writer.close()
    second = tiny_trainer(tmp_path, attempt=2)
    second.run()
    (note,) = [event["what"] for event in events_of(second, "alert") if "processes" in event["what"]]
    assert note.endswith("was written by 2 processes, 1 go on: the same batches, other dropout")
