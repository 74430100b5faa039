from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cilda.config import RunConfig
from cilda.distill.outcome import Outcome
from cilda.distill.session import distil
from cilda.runs.control import Orders, RunStopped
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder, create
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.tiny_models import tiny_masked_lm


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    """A base that is fine-tuned first, then distilled: a few turns of each stage, with an evaluation in each."""
    tiny_masked_lm("bert", tmp_path / "base", layers=2, width=16, seed=1)
    tiny_masked_lm("bert", tmp_path / "generator", layers=1, width=16, seed=2)
    words = {"good": "great fine superb warm", "bad": "dull slow poor weak"}
    rows = [(f"the {film} is {word}", mood) for mood in words for word in words[mood].split() for film in "abcd"]
    with (tmp_path / "moods.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "label"), *rows])
    return RunConfig.checked({
        "train_file": tmp_path / "moods.csv", "text": "review", "label": "label",
        "teacher": str(tmp_path / "base"), "student": "1L", "generator": str(tmp_path / "generator"),
        "generator_turns": 1, "student_turns": 2, "max_turns": 4, "batch_size": 16, "evaluate_every": 2,
        "max_length": 16, "learning_rate": 1e-3, "teacher_epochs": 1.5, "teacher_learning_rate": 1e-3,
        "precision": "float32", "device": "cpu",
    })  # fmt: skip


def checkpoints(folder: RunFolder) -> list[str]:
    """What lies in the run's folder of checkpoints."""
    return sorted(path.name for path in folder.checkpoints.iterdir())


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    """The run's result."""
    return load_file(folder.student / "model.safetensors")


def test_a_run_that_stops_after_every_turn_of_both_stages_ends_the_same(config: RunConfig, tmp_path: Path) -> None:
    """With a teacher fine-tuned in pieces, too, and everything loaded anew each time."""
    with RunWriter(create(tmp_path, "whole")) as writer:
        expected = distil(config.model_copy(update={"cache_dir": tmp_path / "one"}), None, writer)
    whole, folder = writer.folder, create(tmp_path, "pieces")
    outcome: Outcome | None = None
    attempt = 0
    while outcome is None:
        attempt += 1
        torch.manual_seed(1000 + attempt)
        asks: list[Orders] = []

        def stop(event: Event, asks: list[Orders] = asks) -> None:
            # Earlier it would be answered before the first turn, and nothing would ever be learned.
            if event["kind"] == "stage":
                asks[0].interrupt("SIGTERM")

        with RunWriter(folder, attempt=attempt, listeners=[stop]) as writer:
            orders = Orders(folder, writer)
            asks.append(orders)
            try:
                outcome = distil(config.model_copy(update={"cache_dir": tmp_path / "two"}), None, writer, orders=orders)
            except RunStopped as stopped:
                # None where the teacher had no turn left, and the student none yet.
                assert stopped.checkpoint in (None, *checkpoints(folder)[-1:])  # noqa: PT017
    assert outcome == expected
    found, wanted = weights(folder), weights(whole)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    went_on = [(event["stage"], event.get("resumed_from")) for event in read_events(folder.events, {"stage"})]
    teacher_turns = [stage for stage, _ in went_on].count("teacher") - 1
    assert teacher_turns > 1
    assert went_on == [
        ("teacher", None),
        *(("teacher", f"step-teacher-{step:08d}") for step in range(1, teacher_turns + 1)),
        ("student", None),
        *(("student", f"step-student-{step:08d}") for step in range(1, 7)),
    ]
    assert not any("teacher" in name for name in checkpoints(folder))
