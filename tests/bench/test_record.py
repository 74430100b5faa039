from __future__ import annotations

from pathlib import Path

import pytest

from cilda.bench.plan import make_plan
from cilda.bench.record import difference, keep_latencies, keep_record, keep_turns, read_record, refuse_strangers
from cilda.config import RunConfig
from cilda.errors import CildaError
from cilda.runs.layout import RunFolder, create
from cilda.runs.writer import RunWriter

PLAN = make_plan(["rte"], ["kd", "cilda"], [1], {}, "kd")
CONFIGS = {cell: RunConfig.checked({"task": "rte", "method": cell.method, "seed": cell.seed}) for cell in PLAN.cells}


def make_run(runs_dir: Path, name: str, config: RunConfig) -> RunFolder:
    with RunWriter(create(runs_dir, name)) as writer:
        writer.write_run({"job": "distill", "config": config.model_dump(mode="json")})
    return writer.folder


def test_a_record_is_read_as_it_was_kept(tmp_path: Path) -> None:
    bench = create(tmp_path, "b")
    keep_record(bench, PLAN, CONFIGS, jobs=2)
    record = read_record(bench)
    assert (record.plan, record.configs, record.jobs, record.latencies_ms) == (PLAN, CONFIGS, 2, {})
    assert (record.equal_time, record.turns) == (False, {})
    assert record.run_of(PLAN.cells[1]).path == tmp_path / "b-rte-cilda-s1"
    keep_latencies(bench, {"rte": {"teacher": 1.5}})
    again = read_record(bench)
    assert again.latencies_ms == {"rte": {"teacher": 1.5}} and again.configs == CONFIGS


def test_what_is_no_bench_or_a_damaged_one_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run", CONFIGS[PLAN.cells[0]])
    with pytest.raises(CildaError, match="run is no bench"):
        read_record(run)
    (run.path / "bench.json").write_text('{"tasks": ["rte"]}', encoding="utf-8")
    with pytest.raises(CildaError, match=r"bench\.json is damaged"):
        read_record(run)


def test_a_run_of_a_cell_s_name_is_taken_only_with_the_same_settings(tmp_path: Path) -> None:
    bench = create(tmp_path, "b")
    keep_record(bench, PLAN, CONFIGS, jobs=None)
    beside = {"threads": 3, "keep_checkpoints": 1, "name": "b-rte-kd-s1", "teacher": "fine-tuned"}
    make_run(tmp_path, "b-rte-kd-s1", CONFIGS[PLAN.cells[0]].model_copy(update=beside))
    refuse_strangers(bench)
    make_run(tmp_path, "b-rte-cilda-s1", CONFIGS[PLAN.cells[1]].model_copy(update={"mask_fraction": 0.4}))
    with pytest.raises(CildaError, match="a run named b-rte-cilda-s1 is there already, with another mask_fraction"):
        refuse_strangers(bench)


def test_a_teacher_s_run_is_the_same_whatever_the_student(tmp_path: Path) -> None:
    config = CONFIGS[PLAN.cells[0]]
    run = make_run(tmp_path, "b-rte-teacher", config)
    other = config.model_copy(update={"student": "3L", "mask_fraction": 0.4, "max_turns": 5})
    assert difference(run, other) is not None and difference(run, other, teacher=True) is None
    assert difference(run, config.model_copy(update={"batch_size": 8}), teacher=True) == "batch_size"


def test_an_older_run_that_knew_a_setting_not_yet_has_its_default(tmp_path: Path) -> None:
    config = CONFIGS[PLAN.cells[0]]
    with RunWriter(create(tmp_path, "old")) as writer:
        had = {key: value for key, value in config.model_dump(mode="json").items() if key != "layer_map"}
        writer.write_run({"job": "distill", "config": had})
    assert difference(writer.folder, config) is None


def test_turns_of_equal_time_are_kept_and_no_reason_to_refuse_a_run(tmp_path: Path) -> None:
    bench = create(tmp_path, "b")
    keep_record(bench, PLAN, CONFIGS, jobs=None, equal_time=True)
    keep_turns(bench, {"rte": {"kd": 10, "cilda": 4}})
    record = read_record(bench)
    assert record.equal_time and record.turns == {"rte": {"kd": 10, "cilda": 4}}
    make_run(tmp_path, "b-rte-cilda-s1", CONFIGS[PLAN.cells[1]].model_copy(update={"max_turns": 4}))
    refuse_strangers(bench)
