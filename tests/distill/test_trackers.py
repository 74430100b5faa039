from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cilda.distill import trackers
from cilda.distill.trackers import numbers_of, tracked
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder, create
from cilda.runs.writer import RunWriter

CONFIG = {"batch_size": 4, "weights": {"logit_kl.real": 0.5}, "name": None, "method": "kd"}


class Service:
    """Stands for a tracker's library: what was begun, logged and ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun: list[dict[str, Any]] = []
        self.logged: list[tuple[dict[str, float], int]] = []
        self.params: list[dict[str, Any]] = []
        self.ended = 0
        self.error: Exception | None = None
        self.hang = threading.Event()
        self.hang.set()

    def module(self) -> types.ModuleType:
        """What `import` finds."""
        made = types.ModuleType(self.name)
        made.init = self.init  # type: ignore[attr-defined]
        made.config = types.SimpleNamespace(update=lambda values, **_: self.params.append(values))  # type: ignore[attr-defined]
        made.Settings = lambda **told: told  # type: ignore[attr-defined]
        made.search_experiments = lambda **_: []  # type: ignore[attr-defined]
        made.create_experiment = lambda **told: self.begun.append(told) or "1"  # type: ignore[attr-defined,func-returns-value]
        made.start_run = self.start_run  # type: ignore[attr-defined]
        made.log_metrics = lambda values, step: self.log(values, step=step)  # type: ignore[attr-defined]
        made.log_params = self.params.append  # type: ignore[attr-defined]
        made.end_run = self.finish  # type: ignore[attr-defined]
        limits = types.SimpleNamespace(MAX_PARAM_VAL_LENGTH=100, MAX_PARAMS_TAGS_PER_BATCH=100)
        made.utils = types.SimpleNamespace(validation=limits)  # type: ignore[attr-defined]
        return made

    def init(self, **told: Any) -> Any:
        """As wandb and trackio begin."""
        self.begun.append(told)
        if self.error is not None:
            raise self.error
        return types.SimpleNamespace(id=told.get("id"), name=told["name"], log=self.log, finish=self.finish)

    def start_run(self, **told: Any) -> Any:
        """As mlflow begins."""
        self.begun.append(told)
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id=told["run_id"] or "made-1"))

    def log(self, values: dict[str, float], *, step: int) -> None:
        """Takes numbers."""
        assert self.hang.wait(30)
        self.logged.append((values, step))

    def finish(self) -> None:
        """Ends."""
        self.ended += 1


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> dict[str, Service]:
    found = {name: Service(name) for name in ("wandb", "trackio", "mlflow")}
    for name, service in found.items():
        monkeypatch.setitem(sys.modules, name, service.module())
    return found


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[RunWriter]:
    with RunWriter(create(tmp_path, "run")) as made:
        yield made


def play(writer: RunWriter, names: list[str], first: int = 1) -> list[str]:
    """Three turns and an evaluation; what was alerted."""
    told: list[str] = []
    with tracked(names, writer.folder, "films", CONFIG, told.append) as listeners:
        writer.listen(*listeners)
        for turn in range(first, first + 3):
            values = {"total": turn / 2, "gradient_norm": float("nan")}
            writer.metrics("student", "student", turn, turn / 10, values, step=2 * turn)
            writer.event("alert", level="info", what="between")
        scores = {"accuracy": 0.75}
        writer.event(
            "evaluation",
            stage="student",
            turn=3,
            epoch=0.3,
            split="validation",
            scores=scores,
            metric="accuracy",
            best=True,
        )
    return told


def test_tensorboard_reads_what_was_written(writer: RunWriter) -> None:
    assert play(writer, ["tensorboard"]) == []
    read = EventAccumulator(str(writer.folder.path / "tensorboard"))
    read.Reload()
    assert [(one.step, one.value) for one in read.Scalars("student/total")] == [(2, 0.5), (4, 1.0), (6, 1.5)]
    assert [(one.step, one.value) for one in read.Scalars("validation/accuracy")] == [(6, 0.75)]
    assert "student/gradient_norm" not in read.Tags()["scalars"]


@pytest.mark.parametrize("name", ["wandb", "trackio", "mlflow"])
def test_services_get_the_numbers_and_keep_the_run_over_a_resume(
    writer: RunWriter, services: dict[str, Service], name: str
) -> None:
    service = services[name]
    assert play(writer, [name]) == []
    assert service.logged[0] == ({"student/total": 0.5, "student/epoch": 0.1}, 2)
    assert service.logged[-1] == ({"validation/accuracy": 0.75}, 6)
    assert service.params == [{"batch_size": 4, "weights": "{'logit_kl.real': 0.5}", "name": "None", "method": "kd"}]
    assert service.ended == 1
    first = service.begun[-1]
    assert play(writer, [name], first=4) == []
    again = service.begun[-1]
    key = {"wandb": "id", "trackio": "name", "mlflow": "run_id"}[name]
    known = {"mlflow": "made-1"}.get(name, first[key])
    assert again[key] == known and known in str(read_json(writer.folder.path / "trackers.json"))
    # What the run was asked for was told when it began.
    assert len(service.params) == 1


def test_two_runs_of_one_name_are_two_at_a_service(tmp_path: Path, services: dict[str, Service]) -> None:
    for place in ("one", "other"):
        with RunWriter(create(tmp_path / place, "run")) as writer:
            play(writer, ["wandb", "trackio"])
    for name, key in (("wandb", "id"), ("trackio", "name")):
        first, second = (told[key] for told in services[name].begun)
        assert first != second


def test_one_that_cannot_begin_is_named_once_and_the_others_go_on(
    writer: RunWriter, services: dict[str, Service]
) -> None:
    services["wandb"].error = ConnectionError("no route")
    told = play(writer, ["wandb", "trackio"])
    assert told == ["the tracker wandb is left, the run goes on: ConnectionError: no route"]
    assert len(services["trackio"].logged) == 4


def test_one_that_is_not_installed_is_named(writer: RunWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    (told,) = play(writer, ["mlflow"])
    assert "the tracker mlflow is left, the run goes on: ModuleNotFoundError" in told


def test_one_that_hangs_keeps_nobody(
    writer: RunWriter, services: dict[str, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "_END_SECONDS", 0.3)
    services["wandb"].hang.clear()
    began = time.monotonic()
    told = play(writer, ["wandb"])
    assert time.monotonic() - began < 20
    assert told == ["the tracker wandb has not taken everything in time: the run ends without it"]
    services["wandb"].hang.set()


def test_what_a_slow_one_cannot_take_is_left_out_and_counted(
    writer: RunWriter, services: dict[str, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "_WAITING", 2)
    service = services["trackio"]
    service.hang.clear()
    threading.Timer(1.0, service.hang.set).start()
    told = play(writer, ["trackio"])
    assert told == [f"the tracker trackio was too slow: {4 - len(service.logged)} lines of numbers were left out"]


def test_the_teachers_stage_has_names_of_its_own() -> None:
    metrics = {"kind": "metrics", "stage": "teacher", "player": "student", "values": {"total": {"mean": 1.0}}}
    assert numbers_of(metrics) == {"teacher/total": 1.0}
    evaluation = {"kind": "evaluation", "stage": "teacher", "split": "validation", "scores": {"accuracy": 1}}
    assert numbers_of(evaluation) == {"teacher/validation/accuracy": 1.0}
    assert numbers_of({"kind": "alert"}) == {}


def test_a_folder_knows_its_trackers(writer: RunWriter, services: dict[str, Service]) -> None:
    play(writer, ["tensorboard", "wandb"])
    folder = RunFolder(writer.folder.path)
    assert set(read_json(folder.path / "trackers.json")) == {"tensorboard", "wandb"}
