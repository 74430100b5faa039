"""The command of the README's first lines, against a hub on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification

from cilda.runs.store import read_events
from tests.cli.conftest import read_state, reviews
from tests.hub_server import Hub
from tests.test_hub_server import write_rows
from tests.tiny_models import tiny_masked_lm

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "cilda distill --teacher bert-base --student 6L"
ON_THIS_MACHINE = """
import sys
from tests.loopback import stay_on_this_machine
stay_on_this_machine()
from cilda.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(name="hub")
def _hub(tmp_path: Path) -> Hub:
    """A hub that serves a random BERT of 12 narrow layers as BERT-base, and a few reviews as SST-2."""
    bert = tiny_masked_lm("bert", tmp_path / "bert", layers=12, width=16)
    for split, count in (("train", 96), ("validation", 32)):
        texts, labels = zip(*reviews(count, len(split)), strict=True)
        columns = {"sentence": texts, "label": [int(label == "good") for label in labels], "idx": range(count)}
        write_rows(tmp_path / "glue" / "sst2" / f"{split}.parquet", columns)
    return Hub({"google-bert/bert-base-uncased": bert}, {"nyu-mll/glue": tmp_path / "glue"})


@pytest.mark.slow
def test_the_first_command_of_the_readme_runs_and_then_runs_offline(hub: Hub, tmp_path: Path) -> None:
    assert COMMAND in (ROOT / "README.md").read_text(encoding="utf-8")
    runs, caches = tmp_path / "runs", tmp_path / "caches"
    environment = hub.environment(tmp_path / "hf") | {
        "CILDA_EPOCHS": "1", "CILDA_TEACHER_EPOCHS": "1", "CILDA_RUNS_DIR": str(runs), "XDG_CACHE_HOME": str(caches),
    }  # fmt: skip

    def shell(line: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", ON_THIS_MACHINE, *line.split()[1:]],
            env=environment | more, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def command(**more: str) -> tuple[Path, str]:
        (run,) = shell(COMMAND, **more).splitlines()
        shell(f"cilda wait {run}", **more)
        return runs / run / "student", shell(f"cilda logs {run}")

    with hub:
        student, told = command()
        asked = len(hub.requests)
        again, told_again = command(HF_HUB_OFFLINE="1")
        assert len(hub.requests) == asked

    assert "google-bert/bert-base-uncased has no head for sst2: fine-tuning it first" in told
    assert "generator: google-bert/bert-base-uncased, the teacher's own base model" in told
    assert "layers 1, 3, 5, 8, 10, 12 of the teacher's 12" in told
    assert "train: 96 rows" in told
    assert "hub nyu-mll/glue (sst2), split train" in told
    model = AutoModelForSequenceClassification.from_pretrained(student)
    assert (model.config.num_hidden_layers, model.config.id2label) == (6, {0: "negative", 1: "positive"})
    assert student.parent.name.endswith(tuple("0123456789abcdef"))
    assert "-sst2-6L-cilda-" in student.parent.name

    assert f"taken from {caches}/cilda/teachers/bert-base-uncased-sst2-" in told_again
    assert [event["stage"] for event in read_events(again.parent / "events", {"stage"})] == ["student"]
    assert (again / "model.safetensors").read_bytes() == (student / "model.safetensors").read_bytes()
    assert all(read_state(one.parent)["status"] == "finished" for one in (student, again))
