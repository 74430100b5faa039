"""How fast this machine is, told to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda.cli import benchmark
from tests.cli.conftest import Cilda, Desk


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "_SIZES", (8,))


def options(desk: Desk) -> list[str]:
    left_out = {"--runs-dir", "--max-turns", "--learning-rate", "--foreground"}
    given = desk.quick(Path("runs"))
    places = [place for place, word in enumerate(given) if word in left_out]
    gone = {*places, *(place + 1 for place in places)}
    return [word for place, word in enumerate(given) if place not in gone]


def test_figures_and_advice(cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = cilda("benchmark", *options(desk))
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert lines[0].split() == [
        *("precision", "texts", "a", "turn", "texts/s", "generator", "turn", "student", "turn", "memory", "utilisation")
    ]
    assert any(line.startswith("choose ") for line in lines)
    assert "a student turn's time: " in shown.out
    assert list(tmp_path.iterdir()) == []


def test_json_is_for_programs(cilda: Cilda, desk: Desk) -> None:
    told = json.loads(cilda("benchmark", *options(desk), "--method", "kd", "--json").out)
    first = told["speeds"][0]
    assert (first["batch_size"], list(first["turns"])) == (8, ["student"])
    assert told["advised"] in told["speeds"]
    assert told["machine"]["flops_per_second"]["float32"] > 0


def test_names_are_looked_at_first(cilda: Cilda, desk: Desk) -> None:
    shown = cilda("benchmark", *options(desk), "--teacher", desk.folder / "none")
    assert shown.code == 1 and "none" in shown.what


def test_with_tokens_a_turn_rising_numbers_of_tokens_are_measured(
    cilda: Cilda, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "_TOKENS", (64,))
    given = options(desk)
    place = given.index("--batch-size")
    given[place : place + 2] = ["--tokens-per-batch", "96", "--method", "kd"]
    told = json.loads(cilda("benchmark", *given, "--json").out)["speeds"]
    assert [one["tokens_per_batch"] for one in told[:2]] == [64, 96]
    assert all(one["batch_size"] * one["length"] <= one["tokens_per_batch"] for one in told)
    shown = cilda("benchmark", *given)
    assert "tokens a turn" in shown.out.splitlines()[0] and "choose" in shown.out
    assert cilda("benchmark", *given, "--batch-size", "8").code == 2
