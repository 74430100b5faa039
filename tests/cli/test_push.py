"""`cilda push` to a hub on this machine: one commit, a full card, no name of a folder, clear refusals."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData

from cilda.distill.repository import files_hash
from tests.cli.conftest import Cilda, Desk, Shown, called
from tests.cli.refusals import refused
from tests.cli.test_evaluate import what_transformers_says
from tests.cli.test_hub_command import ON_THIS_MACHINE, ROOT
from tests.hub_uploads import TOKEN, OpenHub

SENT = {"README.md", "cilda.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
REPOSITORY = "anna/reviews-1L"


@pytest.fixture(scope="session", name="run")
def _run(finished: tuple[Path, Shown], desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a run, beside it one with another seed and one of another method."""
    runs_dir = tmp_path_factory.mktemp("pushed") / "runs"
    shutil.copytree(finished[0], runs_dir / "one")
    for name, options in (("again", ("--seed", 4)), ("other", ("--method", "kd", "--seed", 5))):
        shown = called("distill", *desk.quick(runs_dir), *options, "--name", name)
        assert shown.code == 0, shown.err
    return runs_dir / "one"


@pytest.fixture(name="hub")
def _hub(tmp_path: Path) -> Iterator[OpenHub]:
    with OpenHub(tmp_path / "hub") as hub:
        yield hub


def pushed(hub: OpenHub, home: Path, *arguments: object, token: str | None = TOKEN, **more: str) -> Shown:
    """The command in a process of its own: the hub's address is read when its library is imported."""
    done = subprocess.run(
        [sys.executable, "-c", ON_THIS_MACHINE, "push", *(str(argument) for argument in arguments)],
        env=hub.environment(home, token) | more, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Shown(done.returncode, done.stdout, done.stderr)


def made_up_export(run: Path, folder: Path, **told: object) -> Path:
    """The files of an export, as far as a push looks at them."""
    folder.mkdir()
    for name in ("model.onnx", "model-int8.onnx"):
        (folder / name).write_bytes(name.encode() * 100)
    weights = files_hash([run / "student" / "model.safetensors"])
    report = {"faithful": True, "weights_hash": weights, **told}
    (folder / "export.json").write_text(json.dumps(report), encoding="utf-8")
    (folder / "README.md").write_text(
        "---\n---\n# x\n\n## The same as in PyTorch?\n\nevery label is the same\n\n| | MB |\n\n## Use\n\nno\n",
        encoding="utf-8",
    )
    return folder


@pytest.mark.slow
def test_a_student_arrives_in_one_commit_and_loads_from_the_hub(run: Path, hub: OpenHub, tmp_path: Path) -> None:
    onnx = made_up_export(run, tmp_path / "onnx")
    shown = pushed(hub, tmp_path / "hf", run, REPOSITORY, "--onnx", onnx, "--message", "the first one")
    assert shown.code == 0, shown.err
    graphs = {"onnx/model.onnx", "onnx/model-int8.onnx"}
    (commit,) = hub.commits
    assert (commit.repository, commit.message, set(commit.files)) == (REPOSITORY, "the first one", SENT | graphs)
    assert re.fullmatch(rf"{hub.endpoint}/{REPOSITORY}/commit/[0-9a-f]{{40}}\n", shown.out)
    assert shown.err.splitlines() == [shown.err.splitlines()[0]] and "to anna/reviews-1L" in shown.err
    content = hub.content(REPOSITORY)
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert content[name] == (run / "student" / name).read_bytes()
    assert content["onnx/model.onnx"] == (onnx / "model.onnx").read_bytes()
    texts = ["the film is very great", "the plot is very dull"]
    arrived = tmp_path / "arrived"
    shutil.copytree(hub.folder / REPOSITORY, arrived)
    assert what_transformers_says(arrived, texts) == what_transformers_says(run / "student", texts)
    assert hub.private == set()


@pytest.mark.slow
def test_a_private_one_is_private_and_a_second_push_is_a_second_commit(run: Path, hub: OpenHub, tmp_path: Path) -> None:
    for _ in range(2):
        shown = pushed(hub, tmp_path / "hf", run, REPOSITORY, "--private")
        assert shown.code == 0, shown.err
    assert hub.private == {REPOSITORY}
    assert [len(commit.files) for commit in hub.commits] == [len(SENT)] * 2


@pytest.mark.slow
def test_nothing_is_sent_where_it_would_not_be_private(run: Path, hub: OpenHub, tmp_path: Path) -> None:
    assert pushed(hub, tmp_path / "hf", run, REPOSITORY).code == 0
    shown = pushed(hub, tmp_path / "hf", run, REPOSITORY, "--private")
    refused(shown, 1, "is there already, and public: nothing was sent", "")
    assert len(hub.commits) == 1


@pytest.mark.slow
def test_refusals_of_the_hub_are_told_in_its_words(run: Path, hub: OpenHub, tmp_path: Path) -> None:
    home = tmp_path / "hf"
    refused(pushed(hub, home, run, REPOSITORY, token=None), 1, "there is no token for the hub", "hf auth login")
    assert hub.requests == []
    refused(pushed(hub, home, run, REPOSITORY, token="hf_of_nobody"), 1, "the hub does not know the token", "HF_TOKEN")
    shown = pushed(hub, home, run, "bert/theirs")
    refused(shown, 1, "the token may not write to bert/theirs: You don't have the rights", "another owner")
    hub.full = True
    refused(pushed(hub, home, run, REPOSITORY), 1, "the hub did not take anna/reviews-1L: ", "")
    assert hub.commits == []
    refused(pushed(hub, home, run, REPOSITORY, HF_HUB_OFFLINE="1"), 1, "HF_HUB_OFFLINE forbids", "unset it")
    closed = pushed(hub, home, run, REPOSITORY, HF_ENDPOINT="http://127.0.0.1:9")
    refused(closed, 1, "the hub cannot be reached at http://127.0.0.1:9", "HF_ENDPOINT")


def test_a_dry_run_sends_nothing_and_shows_files_and_card(cilda: Cilda, run: Path, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("push", run, REPOSITORY, "--dry-run", "--onnx", made_up_export(run, tmp_path / "onnx"))
    assert (shown.code, shown.err) == (0, "")
    files, _, card = shown.out.partition("\n\n")
    assert {line.split()[0] for line in files.splitlines()[1:]} == SENT | {"onnx/model.onnx", "onnx/model-int8.onnx"}
    body = card.split("---\n", 2)[2]
    said = ModelCard(card).data
    assert isinstance(said, ModelCardData) and said.eval_results is not None
    assert said.tags == ["knowledge-distillation", "cilda", "onnx"]
    scores = json.loads((run / "student" / "cilda.json").read_text(encoding="utf-8"))["scores"]["validation"]
    assert {one.metric_type: one.metric_value for one in said.eval_results} == pytest.approx(scores)
    titles = re.findall(r"^#+ (.*)$", body, flags=re.MULTILINE)
    assert titles == ["rows: student of teacher", "Scores by seed", "How it learned", "ONNX", "Use", "Limits"]
    seeds = re.findall(r"^\| (\d.*?|mean.*?) \|", body, flags=re.MULTILINE)
    assert seeds == ["3 (this one)", "4", "mean ± standard deviation"]
    assert "- **Method**: cilda (Haidar et al. 2022" in body
    assert "student_turns = 2" in body and "every label is the same\n\n| | MB |" in body
    assert f'model="{REPOSITORY}"' in body
    assert str(desk.folder) not in shown.out and str(run.parent) not in shown.out and "run.json" not in body


def test_the_record_that_goes_along_names_no_folder(run: Path, desk: Desk) -> None:
    from cilda.distill.handover.hub import files_of

    files = {file.name: file.content for file in files_of(run / "student", "# a card")}
    record = files["cilda.json"]
    assert isinstance(record, bytes)
    assert json.loads(record).keys() == {"task", "max_length", "scores"}
    assert str(desk.folder).encode() not in record


def test_a_folder_without_a_run_has_its_own_card_or_a_short_one(cilda: Cilda, run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(run / "student", copied)
    body = cilda("push", copied, REPOSITORY, "--dry-run").out
    assert "# rows: student of teacher" in body and "## Scores by seed" not in body and "model-index" not in body
    (copied / "README.md").unlink()
    assert "# rows: a text encoder\n\n- **Labels**: bad, good" in cilda("push", copied, REPOSITORY, "--dry-run").out


def test_what_is_asked_wrongly_is_refused(cilda: Cilda, run: Path, desk: Desk, tmp_path: Path) -> None:
    for name in ("reviews", "anna/", "anna/a/b", "-anna/x", "anna/a..b", "anna/a b"):
        refused(cilda("push", "--dry-run", "--", run, name), 2, "is no name of a repository", "OWNER/NAME")
    refused(cilda("push", "google/electra-small-discriminator", REPOSITORY), 2, "is on the hub already", "a run")
    shown = cilda("push", run, REPOSITORY, "--onnx", tmp_path, "--dry-run")
    refused(shown, 1, "holds no export", "cilda export")
    other = made_up_export(run, tmp_path / "other", weights_hash="0" * 64)
    refused(cilda("push", run, REPOSITORY, "--onnx", other, "--dry-run"), 1, "was exported from another model", "cilda")
    wrong = made_up_export(run, tmp_path / "wrong", faithful=False)
    shown = cilda("push", run, REPOSITORY, "--onnx", wrong, "--dry-run")
    refused(shown, 1, "says otherwise than PyTorch of some rows: it is not uploaded", "export.json")
