"""The small hub, asked by the real libraries."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.hub_server import Hub
from tests.tiny_models import tiny_classifier

ROOT = Path(__file__).resolve().parent.parent
MODEL = "google-bert/bert-base-uncased"
GLUE = "nyu-mll/glue"

LOAD_ALL = """
import json
from tests.loopback import stay_on_this_machine

stay_on_this_machine()
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("google-bert/bert-base-uncased")
model = AutoModelForSequenceClassification.from_pretrained("google-bert/bert-base-uncased")
sst2 = load_dataset("nyu-mll/glue", "sst2")
mnli = load_dataset("nyu-mll/glue", "mnli", split="validation_matched")
print(json.dumps({
    "ids": tokenizer("a good film")["input_ids"],
    "weights": sum(parameter.double().sum().item() for parameter in model.parameters()),
    "rows": {split: sst2[split].num_rows for split in sst2},
    "first": sst2["train"][0],
    "mnli": mnli.column_names,
}))
"""

MISSING = """
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

for (repository, file, revision), expected in {
    ("nobody/nothing", "config.json", "main"): RepositoryNotFoundError,
    ("google-bert/bert-base-uncased", "no.json", "main"): EntryNotFoundError,
    ("google-bert/bert-base-uncased", "config.json", "v2"): RevisionNotFoundError,
}.items():
    try:
        hf_hub_download(repository, file, revision=revision)
    except expected:
        print("refused")
"""


@pytest.fixture(scope="module", name="folders")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny random BERT with its tokenizer, and two tasks in Parquet."""
    root = tmp_path_factory.mktemp("served")
    tiny_classifier("bert", root / "bert")
    glue = root / "glue"
    write_rows(glue / "sst2" / "train.parquet", {"sentence": ["a good film", "bad"], "label": [1, 0], "idx": [0, 1]})
    write_rows(glue / "sst2" / "validation.parquet", {"sentence": ["good"], "label": [1], "idx": [0]})
    write_rows(glue / "mnli" / "validation_matched.parquet", {"premise": ["a"], "hypothesis": ["b"], "label": [2]})
    return root / "bert", glue


@pytest.fixture(name="hub")
def _hub(folders: tuple[Path, Path]) -> Iterator[Hub]:
    bert, glue = folders
    with Hub({MODEL: bert}, {GLUE: glue}) as hub:
        yield hub


def write_rows(path: Path, columns: Mapping[str, Sequence[object]]) -> None:
    """Saves columns as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), path)


def run(program: str, environment: dict[str, str]) -> str:
    """What a fresh interpreter prints; HF_ENDPOINT is read when the libraries are imported."""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_transformers_and_datasets_load_what_the_hub_serves(
    hub: Hub, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    loaded = json.loads(run(LOAD_ALL, hub.environment(tmp_path)).splitlines()[-1])
    here = AutoModelForSequenceClassification.from_pretrained(folders[0])
    assert loaded["weights"] == sum(parameter.double().sum().item() for parameter in here.parameters())
    assert loaded["ids"] == AutoTokenizer.from_pretrained(folders[0])("a good film")["input_ids"]
    assert loaded["rows"] == {"train": 2, "validation": 1}
    assert loaded["first"] == {"sentence": "a good film", "label": 1, "idx": 0}
    assert loaded["mnli"] == ["premise", "hypothesis", "label"]

    asked = len(hub.requests)
    without = hub.environment(tmp_path) | {"HF_HUB_OFFLINE": "1"}
    assert json.loads(run(LOAD_ALL, without).splitlines()[-1]) == loaded
    assert len(hub.requests) == asked


def test_what_the_hub_lacks_is_refused_in_the_hub_s_words(hub: Hub, tmp_path: Path) -> None:
    assert run(MISSING, hub.environment(tmp_path)).split() == ["refused"] * 3


def test_a_part_of_a_file_can_be_asked_for(hub: Hub, folders: tuple[Path, Path]) -> None:
    url = f"{hub.endpoint}/{MODEL}/resolve/main/config.json"
    whole = (folders[0] / "config.json").read_bytes()
    for asked, expected in {"bytes=0-9": whole[:10], "bytes=5-": whole[5:], "bytes=-4": whole[-4:]}.items():
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Range": asked})) as answer:
            assert (answer.status, answer.read()) == (206, expected)
    beyond = urllib.request.Request(url, headers={"Range": f"bytes={len(whole)}-"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(beyond)
    assert refused.value.code == 416
    refused.value.close()


def test_a_listing_names_files_folders_and_hashes(hub: Hub) -> None:
    with urllib.request.urlopen(f"{hub.endpoint}/api/datasets/{GLUE}/tree/main?recursive=true") as answer:
        listed = {entry["path"]: entry for entry in json.load(answer)}
    assert listed["sst2"]["type"] == "directory"
    assert len(listed["sst2/train.parquet"]["lfs"]["oid"]) == 64
    assert len(listed["README.md"]["oid"]) == 40


def test_as_a_command_it_prints_where_it_is(folders: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "tests.hub_server", "--model", f"{MODEL}={folders[0]}", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        try:
            with urllib.request.urlopen(f"{endpoint}/api/models/{MODEL}") as answer:
                assert json.load(answer)["id"] == MODEL
        finally:
            server.terminate()
