"""`cilda export --onnx`: a folder that needs neither torch nor cilda, and says the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from cilda.distill.model_folder import save_model
from cilda.distill.models import load_classifier
from cilda.tasks.task import Task
from tests.cli.conftest import LABELS, Cilda, Desk, Shown, called, reviews, write_csv
from tests.cli.refusals import refused
from tests.cli.test_evaluate import what_transformers_says
from tests.small_disk import small_disk
from tests.test_hub_server import write_rows
from tests.tiny_models import tiny_classifier

FILES = {
    "README.md", "cilda.json", "config.json", "export.json", "model.onnx", "model-int8.onnx", "tokenizer.json",
    "tokenizer_config.json",
}  # fmt: skip


@pytest.fixture(scope="session", name="exported")
def _exported(
    finished: tuple[Path, Shown], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, dict[str, Any]]:
    """A run, its export, and what was printed of it."""
    run, _ = finished
    out = tmp_path_factory.mktemp("exported") / "onnx"
    shown = called("export", run, "--onnx", "--int8", "--out", out, "--threads", 1, "--json")
    assert shown.code == 0, shown.err
    return run, out, json.loads(shown.out)


def program_of(folder: Path, texts: list[Any]) -> str:
    """The program on the card, with other texts, in a Python that cannot have torch, transformers or cilda."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^```python\n(.*?)^```", card, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    program = re.sub(r"^texts = .*$", lambda _: f"texts = {texts!r}", found[1], flags=re.MULTILINE)
    fence = "import sys\nfor name in ('torch', 'transformers', 'cilda', 'onnx'):\n    sys.modules[name] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", fence + program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_row_of_the_run_is_held_against_pytorch(exported: tuple[Path, Path, dict[str, Any]]) -> None:
    run, out, told = exported
    recorded = json.loads((run / "student" / "cilda.json").read_text(encoding="utf-8"))["scores"]["validation"]
    assert {path.name for path in out.iterdir()} == FILES
    assert (told["faithful"], told["labels"], told["model"], told["folder"]) == (True, ["bad", "good"], "one", str(out))
    split = told["splits"]["validation"]
    assert (split["rows"], split["onnx"]["same"], split["onnx"]["different"]) == (40, 40, [])
    assert split["onnx"]["largest_difference"] < 1e-5 < split["int8"]["largest_difference"]
    assert split["scores"]["pytorch"] == split["scores"]["onnx"] == pytest.approx(recorded)
    different = split["int8"]["different"]
    assert split["int8"]["same"] == 40 - len(different)
    lost = split["scores"]["int8"]["accuracy"] - split["scores"]["pytorch"]["accuracy"]
    assert split["int8"]["score_change"]["accuracy"] == pytest.approx(lost)


@pytest.mark.slow
def test_sizes_and_times_stand_beside_the_teacher_s(exported: tuple[Path, Path, dict[str, Any]]) -> None:
    _, out, told = exported
    forms = told["forms"]
    assert list(forms) == ["teacher", "pytorch", "onnx", "int8"]
    assert forms["teacher"]["bytes"] > forms["pytorch"]["bytes"]
    for form, name in (("onnx", "model.onnx"), ("int8", "model-int8.onnx")):
        assert forms[form]["bytes"] == (out / name).stat().st_size
    assert all(0 < form["p50_ms"] <= form["p95_ms"] for form in forms.values())
    assert told["timing"]["threads"] == 1 and told["timing"]["texts"] == 40 and told["timing"]["processor"]


@pytest.mark.slow
def test_what_is_printed_is_also_kept_beside_the_files_and_names_no_folder_of_this_machine(
    exported: tuple[Path, Path, dict[str, Any]], desk: Desk
) -> None:
    run, out, told = exported
    kept = json.loads((out / "export.json").read_text(encoding="utf-8"))
    assert {"folder": str(out), **kept} == told
    for name in ("export.json", "README.md", "cilda.json", "config.json"):
        text = (out / name).read_text(encoding="utf-8")
        assert str(desk.folder) not in text and str(run.parent) not in text


@pytest.mark.slow
def test_the_program_on_the_card_says_the_same_without_torch(
    exported: tuple[Path, Path, dict[str, Any]],
) -> None:
    run, out, _ = exported
    texts = [str(text) for text, _ in reviews(12, 5)]
    assert program_of(out, texts) == f"{what_transformers_says(run / 'student', texts)}\n"


@pytest.mark.slow
def test_the_card_tells_what_was_found_and_how_the_student_was_made(
    exported: tuple[Path, Path, dict[str, Any]],
) -> None:
    card = (exported[1] / "README.md").read_text(encoding="utf-8")
    assert "`model.onnx` on 40 rows of validation: every label is the same" in card
    assert "`model-int8.onnx` on 40 rows of validation" in card
    assert re.search(r"^\| ONNX, 8 bits \| .* \|$", card, flags=re.MULTILINE)
    assert "Distilled with cilda" in card and "\n### rows: student of teacher\n" in card
    assert card.count("\n---\n") == 1


@pytest.mark.slow
def test_a_folder_that_holds_something_is_refused_without_force(
    cilda: Cilda, exported: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    run, out, _ = exported
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    refused(cilda("export", run, "--onnx", "--out", out), 1, "is there already, and not empty", "--force")
    assert before == {path: path.stat().st_mtime_ns for path in out.iterdir()}
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model-int8.onnx").write_text("old", encoding="utf-8")
    (tmp_path / "onnx" / "notes.txt").write_text("mine", encoding="utf-8")
    shown = cilda("export", run, "--onnx", "--out", tmp_path / "onnx", "--force")
    assert shown.code == 0, shown.err
    # What an earlier export left and the new one has not is gone; what is somebody else's stays.
    assert {path.name for path in (tmp_path / "onnx").iterdir()} == FILES - {"model-int8.onnx"} | {"notes.txt"}
    title, head, teacher, pytorch, onnx, verdict, times, place = shown.out.splitlines()
    assert title.startswith("rows validation: 40 rows")
    assert head.split() == ["MB", "accuracy", "macro_f1", "same", "p50", "ms", "p95", "ms"]
    assert teacher.startswith("teacher, PyTorch") and pytorch.startswith("PyTorch")
    assert onnx.startswith("ONNX ") and " 40/40 " in onnx
    assert verdict.startswith(
        "model.onnx on 40 rows of validation: every label is the same; largest difference of a logit "
    )
    assert "thread" in times and place == str(tmp_path / "onnx")


@pytest.mark.slow
def test_pairs_and_amounts(cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tiny_classifier("electra", tmp_path / "model", labels=(), layers=1, width=16, initializer_range=0.3)
    rows = reviews(30, 2)
    columns: dict[str, list[Any]] = {
        "sentence1": [text for text, _ in rows],
        "sentence2": [text for text, _ in reversed(rows)],
        "label": [float(place % 6) for place in range(30)],
        "idx": list(range(30)),
    }
    write_rows(tmp_path / "data" / "stsb" / "validation.parquet", columns)
    monkeypatch.chdir(tmp_path)
    shown = cilda("export", source, "--onnx", "--int8", "--task", "stsb", "--data-dir", "data", "--json")
    assert shown.code == 0, shown.err
    told = json.loads(shown.out)
    split = told["splits"]["validation"]
    assert (told["folder"], told["labels"], list(told["forms"])) == ("model-onnx", [], ["pytorch", "onnx", "int8"])
    assert (split["onnx"]["same"], split["int8"]["same"], split["int8"]["different"]) == (30, None, [])
    assert set(split["int8"]["score_change"]) == {"pearson", "spearman"}
    said = json.loads(program_of(tmp_path / "model-onnx", [("the film is good", "the plot is dull")]))
    model = load_classifier(str(source), (), seed=0)
    with torch.no_grad():
        encoded = model.tokenizer("the film is good", "the plot is dull", return_tensors="pt")
        assert said == pytest.approx([model.model(**encoded).logits.item()], abs=1e-5)


@pytest.mark.slow
def test_several_labels(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    tags = ("bad", "good", "long")
    task = Task("tags", texts=("text",), label="tags", labels=tags, metric="micro_f1",
                metrics=("micro_f1", "exact_match"), multi_label=True)  # fmt: skip
    source = tiny_classifier("distilbert", tmp_path / "base", labels=tags, layers=1, width=16, initializer_range=0.3)
    loaded = load_classifier(str(source), tags, seed=0)
    save_model(tmp_path / "model", loaded.model, loaded.tokenizer, {"task": task.to_json(), "max_length": 32})
    given = ("good", "good;long", "", "bad;long")
    rows: list[list[object]] = [[text, given[place % 4]] for place, (text, _) in enumerate(reviews(24, 3))]
    file = write_csv(tmp_path / "rows.csv", ["text", "tags"], rows)
    shown = cilda("export", tmp_path / "model", "--onnx", "--file", file, "--out", tmp_path / "onnx", "--json")
    assert shown.code == 0, shown.err
    split = json.loads(shown.out)["splits"]["rows.csv"]
    assert split["onnx"]["same"] == 24 and set(split["scores"]["onnx"]) == {"micro_f1", "exact_match"}
    config = json.loads((tmp_path / "onnx" / "config.json").read_text(encoding="utf-8"))
    assert config["problem_type"] == "multi_label_classification"
    texts = [str(text) for text, _ in rows[:4]]
    with torch.no_grad():
        logits = [loaded.model(**loaded.tokenizer(text, return_tensors="pt")).logits[0] for text in texts]
    labels = [[tag for tag, logit in zip(tags, row.tolist(), strict=True) if logit > 0] for row in logits]
    assert program_of(tmp_path / "onnx", texts) == f"{labels}\n"


@pytest.mark.slow
def test_a_graph_that_says_otherwise_is_told_row_by_row_and_is_a_failure(
    cilda: Cilda, desk: Desk, tmp_path: Path
) -> None:
    loaded = load_classifier(str(desk.teacher), LABELS, seed=0)
    with torch.no_grad():
        # No two of these are the same number, not even with itself.
        loaded.model.get_submodule("classifier").get_parameter("bias")[0] = float("nan")
    save_model(tmp_path / "broken", loaded.model, loaded.tokenizer, {})
    asked = ("--onnx", "--task", "sst2", "--data-dir", tmp_path, "--out", tmp_path / "onnx")
    columns: dict[str, list[Any]] = {"sentence": ["the film", "a plot", "good"], "label": [0, 1, 0], "idx": [0, 1, 2]}
    write_rows(tmp_path / "sst2" / "validation.parquet", columns)
    config = tmp_path / "broken" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("bad", "negative").replace("good", "positive"))
    shown = cilda("export", tmp_path / "broken", *asked, "--json")
    assert shown.code == 1
    assert shown.what.startswith("ONNX says otherwise than PyTorch of 3 of 3 rows: validation:0: ")
    assert "export.json" in shown.todo
    told = json.loads(shown.out)
    assert (told["faithful"], told["splits"]["validation"]["onnx"]["largest_difference"]) == (False, "NaN")
    assert [row["id"] for row in told["splits"]["validation"]["onnx"]["different"]] == [
        "validation:0", "validation:1", "validation:2",
    ]  # fmt: skip
    assert "3 labels are not the same (validation:0" in (tmp_path / "onnx" / "README.md").read_text(encoding="utf-8")


def test_what_is_asked_wrongly_is_refused_before_a_model_is_loaded(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    run, _ = finished
    refused(cilda("export", run), 2, "no form is named to export to", "say --onnx")
    refused(cilda("export", run, "--int8"), 2, "no form is named", "say --onnx")
    refused(cilda("export", run, "--onnx", "--out", tmp_path / "a" / "b"), 1, "there is no folder", "--out")
    refused(cilda("export", "no-such", "--onnx", "--runs-dir", run.parent), 3, "no run named 'no-such'", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_extra_the_line_that_installs_it_is_told(
    missing: str, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    program = (
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *rest: None if name == {missing!r} else found(name, *rest)\n"
        "from cilda.cli.main import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "export", finished[0], "--onnx", "--out", tmp_path / "onnx"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    what, todo = done.stderr.splitlines()
    assert what == f"cilda: export --onnx needs {missing}"
    assert todo.strip().startswith("pip install onnx onnxscript onnxruntime")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_interrupted_export_leaves_nothing(finished: tuple[Path, Shown], tmp_path: Path) -> None:
    # Also where whoever runs the tests ignores interrupts, as shells do for what they start in the background.
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    begin = [sys.executable, "-c", f"{heard}from cilda.cli.main import main; sys.exit(main())"]
    command = [*begin, "export", str(finished[0]), "--onnx", "--out", str(tmp_path / "onnx")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, ""), err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_disk_that_refuses_is_told_and_leaves_nothing(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        disk.fill()
        shown = cilda("export", finished[0], "--onnx", "--out", disk.path / "onnx")
        assert (shown.code, shown.out) == (1, "")
        assert "no space left" in shown.what and "--out" in shown.todo
        assert [path.name for path in disk.path.iterdir()] == ["filler"]
