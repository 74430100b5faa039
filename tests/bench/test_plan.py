from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.bench.concerns import CONCERNS, concerns, is_term
from cilda.bench.plan import Cell, Plan, make_plan, parse_sweeps, variants
from cilda.config import RunConfig
from cilda.errors import UsageError
from cilda.methods import METHODS
from cilda.methods.recipe import PLAYERS, Method
from cilda.runs.layout import check_new


def test_cells_come_seed_by_seed_so_that_a_broken_bench_has_something_of_everything() -> None:
    plan = make_plan(["rte", "cola"], ["kd", "cilda"], [7, 8], {}, "kd")
    assert [(cell.seed, cell.task, cell.method) for cell in plan.cells] == [
        (seed, task, method) for seed in (7, 8) for task in ("rte", "cola") for method in ("kd", "cilda")
    ]
    assert plan.labels == ("kd", "cilda") and plan.seeds == (7, 8) and plan.reference == "kd"


def test_without_the_reference_the_first_method_is_compared_with() -> None:
    assert make_plan(["rte"], ["mate_kd", "cilda"], [0], {}).reference == "mate_kd"


def test_a_reference_that_takes_no_part_is_refused() -> None:
    with pytest.raises(UsageError, match="no method or variant in this bench named 'kd'"):
        make_plan(["rte"], ["mate_kd", "cilda"], [0], {}, "kd")
    sweeps = parse_sweeps(["layer_map=last,skip"])
    with pytest.raises(UsageError) as refused:
        make_plan(["rte"], ["kd", "pkd"], [0], sweeps, "pkd")
    assert "pkd layer_map=last" in refused.value.todo
    assert make_plan(["rte"], ["kd", "pkd"], [0], sweeps, "pkd layer_map=skip").reference == "pkd layer_map=skip"


def test_a_sweep_repeats_only_the_methods_that_it_concerns() -> None:
    sweeps = parse_sweeps(["generator_learning_rate=5e-7,5e-5", "mask_fraction=0.2,0.4"])
    plan = make_plan(["rte"], ["kd", "random_mlm", "cilda"], [0], sweeps, "kd")
    assert plan.labels == (
        "kd",
        "random_mlm mask_fraction=0.2",
        "random_mlm mask_fraction=0.4",
        "cilda generator_learning_rate=5e-7, mask_fraction=0.2",
        "cilda generator_learning_rate=5e-7, mask_fraction=0.4",
        "cilda generator_learning_rate=5e-5, mask_fraction=0.2",
        "cilda generator_learning_rate=5e-5, mask_fraction=0.4",
    )


def test_a_sweep_that_concerns_no_method_is_refused() -> None:
    with pytest.raises(UsageError, match="none of kd, finetune has to do with this setting"):
        make_plan(["rte"], ["kd", "finetune"], [0], parse_sweeps(["projection=critic,frozen"]), "kd")
    with pytest.raises(UsageError, match="has to do with this term"):
        make_plan(["rte"], ["kd"], [0], parse_sweeps(["layer_contrast.soft=0,1"]), "kd")


@pytest.mark.parametrize(
    "text",
    ["", "mask_fraction", "mask_fraction=", "=1,2", "mask_fraction=0.1,0.1", "msak_fraction=1", "seed=1,2", "task=a,b"],
)
def test_a_sweep_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_sweeps([text])
    assert caught.value.todo


def test_a_value_with_commas_stands_in_brackets() -> None:
    assert parse_sweeps(["layer_map=last, [3:6,6:12],uniform"]) == {"layer_map": ("last", "3:6,6:12", "uniform")}


def test_a_plan_survives_json() -> None:
    plan = make_plan(["rte"], ["cilda"], [1], parse_sweeps(["layer_contrast.soft=0,0.5"]))
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@given(method=st.sampled_from(sorted(METHODS)), seed=st.integers(0, 2**31 - 1), value=st.text(min_size=1, max_size=30))
def test_every_cell_has_a_name_that_a_run_can_have(method: str, seed: int, value: str) -> None:
    cell = Cell("rte", method, (("layer_map", value),), seed)
    check_new(Path("no-such-folder-of-runs"), cell.run("bench"))


def test_what_concerns_what_names_settings_only() -> None:
    assert CONCERNS.keys() <= RunConfig.model_fields.keys()


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_method_is_concerned_by_its_own_terms_and_settings(method: Method) -> None:
    for player in PLAYERS:
        for term in method.terms(player):
            assert concerns(method, term.key) and concerns(method, f"{player}.{term.key}")
    assert all(concerns(method, key) for key in method.settings)
    assert concerns(method, "learning_rate")
    assert concerns(method, "mask_fraction") == method.needs_generator
    assert concerns(method, "generator_learning_rate") == bool(method.generator)


def test_terms_are_told_from_settings() -> None:
    assert is_term("layer_contrast.soft") and is_term("student.logit_kl.real") and not is_term("mask_fraction")
    assert variants("kd", {"mask_fraction": ("0.2",)}) == [()]
