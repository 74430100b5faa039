from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from cilda.distill import speed
from cilda.distill.batching import Batching
from cilda.distill.schedule import Cycle
from cilda.distill.speed import Machine, Speed, TurnSpeed, advised, machine, speeds
from cilda.methods import METHODS
from tests.tiny_players import TRAIN_ROWS, tiny_tokenized, tiny_turns

HERE = Machine("cpu", {"float32": 1e9, "bfloat16": 1e9}, limit_bytes=10**12)
ROWS = tiny_tokenized("bert", TRAIN_ROWS)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_SECONDS", 0.0)
    # However noisy the machine is, all sizes are tried.
    monkeypatch.setattr(speed, "_WORTH", 0.0)


@pytest.mark.parametrize("name", ["kd", "cilda"])
def test_every_precision_and_size_is_played_and_nothing_moves(name: str) -> None:
    turns = tiny_turns("bert", METHODS[name])
    before = {key: value.clone() for key, value in turns.players.student.state_dict().items()}
    random = torch.get_rng_state()
    found = list(speeds(turns, ROWS, [Batching(4), Batching(8), Batching(64)], HERE, Cycle(100, 1, 2)))
    assert [(one.precision, one.batch_size) for one in found] == [
        ("float32", 4), ("float32", 8), ("bfloat16", 4), ("bfloat16", 8)
    ]  # fmt: skip
    assert all(torch.equal(value, before[key]) for key, value in turns.players.student.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert not turns.settings.bfloat16
    for one in found:
        assert set(one.turns) == set(turns.players_in_turn)
        for turn in one.turns.values():
            assert sum(turn.shares.values()) == pytest.approx(1) and turn.flops > 0
            assert turn.utilisation == pytest.approx(turn.flops / turn.seconds / 1e9)
            assert turn.texts_per_second == pytest.approx(one.batch_size / turn.seconds)
        # One turn of the generator for two of the student.
        seconds = one.turns["student"].seconds + (one.turns["generator"].seconds / 2 if name == "cilda" else 0)
        assert one.texts_per_second == pytest.approx(one.batch_size / seconds)


def test_twice_the_texts_are_twice_the_arithmetic() -> None:
    turns = tiny_turns("bert", METHODS["kd"])
    rows = replace(ROWS)
    small, large = (
        next(iter(speeds(turns, rows, [Batching(size)], replace(HERE, flops_per_second={"float32": 1e9}), Cycle(100))))
        for size in (4, 8)
    )
    ratio = large.turns["student"].flops / large.length / (small.turns["student"].flops / small.length)
    assert 1.8 < ratio < 2.3


def test_attention_on_a_cpu_is_counted() -> None:
    query = torch.randn(2, 4, 16, 8, requires_grad=True)
    with speed.counted() as counter:
        F.scaled_dot_product_attention(query, query, query).sum().backward()
    products = 2 * 4 * 2 * 16 * 16 * 8
    # Two of them forward; backward five, of which one is made again.
    assert counter.get_total_flops() == 7 * products


def test_what_would_not_fit_is_not_tried() -> None:
    turns = tiny_turns("bert", METHODS["kd"])
    tight = Machine("cpu", {"float32": 1e9}, limit_bytes=1)
    assert [one.batch_size for one in speeds(turns, ROWS, [Batching(4), Batching(8)], tight, Cycle(100))] == [4]


def test_a_turn_that_runs_out_ends_the_sizes_of_its_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = tiny_turns("bert", METHODS["kd"])

    def refuse(_module: object, _inputs: object, named: dict[str, torch.Tensor]) -> None:
        if len(named["input_ids"]) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")

    turns.players.student.model.register_forward_pre_hook(refuse, with_kwargs=True)
    found = [
        (one.precision, one.batch_size) for one in speeds(turns, ROWS, [Batching(4), Batching(8)], HERE, Cycle(100))
    ]
    assert found == [("float32", 4), ("bfloat16", 4)]


def test_of_equally_fast_ones_the_smallest_batch_is_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_WORTH", 1.03)

    def made(batch_size: int, rate: float, precision: str = "float32") -> Speed:
        turn = TurnSpeed(batch_size / rate, rate, {"student": 1.0}, 1, 0.5)
        return Speed(precision, batch_size, None, 16, {"student": turn}, rate, 1)

    found = [made(8, 50.0), made(16, 99.0), made(32, 100.0), made(16, 101.0, "bfloat16"), made(32, 99.0, "bfloat16")]
    best = advised(found)
    assert (best.batch_size, best.precision) == (16, "bfloat16")


def test_the_machine_tells_a_rate_for_each_precision() -> None:
    here = machine(torch.device("cpu"), ["float32"])
    assert here.flops_per_second["float32"] > 1e8 and here.limit_bytes > 0 and here.device.startswith("cpu")
