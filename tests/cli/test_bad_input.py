"""What a user can get wrong: an exit code, what is wrong, what to do, and nothing that looks like a result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cilda.runs.store import read_events
from tests.cli.conftest import BLAME, LABELS, PRAISE, Cilda, Desk, Shown, read_state, reviews, write_csv
from tests.cli.refusals import refused, refused_in_the_run
from tests.tiny_models import tiny_classifier

ROOT = Path(__file__).resolve().parents[2]


def refused_at_once(shown: Shown, code: int, what: str, todo: str, runs_dir: Path) -> None:
    """Refused in two lines before there was a run."""
    refused(shown, code, what, todo)
    assert len(shown.err.splitlines()) == 2, shown.err
    assert not runs_dir.exists()


NAMES = {
    "method": (["--method", "cidla"], "no method named 'cidla'", "did you mean cilda? all: finetune, kd"),
    "task": (["--task", "sts2"], "no task named 'sts2'", "did you mean stsb or sst2?"),
    "teacher": (["--teacher", "bert-bse"], "no model named 'bert-bse'", "did you mean bert-base"),
    "teacher's folder": (["--teacher", "./nowhere"], "there is no folder ./nowhere", "config.json"),
    "student": (["--student", "distilbrt"], "no model named 'distilbrt'", "did you mean distilbert"),
    "student's forms": (["--student", "distilbrt"], "no model named 'distilbrt'", "or 6L (layers of the teacher)"),
    "student's letters": (["--student", "L6"], "'L6' says no student", "did you mean 6L? forms: 6L"),
    "student of nothing": (["--student", "0L"], "no student can be built as 0L", "forms: 6L"),
    "generator": (["--generator", "elektra-small"], "no model named 'elektra-small'", "did you mean electra-small"),
    "setting": (["--set", "mask_fracton=0.4"], "no setting named 'mask_fracton'", "did you mean mask_fraction"),
    "term": (["--weight", "logit_kl.reel=1"], "no term named 'logit_kl.reel'", "did you mean logit_kl.real"),
    "option": (["--studnt", "6L"], "no such option: --studnt", "see cilda distill --help"),
}


@pytest.mark.parametrize(("given", "what", "todo"), NAMES.values(), ids=NAMES)
def test_an_unknown_name_is_told_with_the_nearest(
    given: list[str], what: str, todo: str, cilda: Cilda, tmp_path: Path
) -> None:
    refused_at_once(cilda("distill", *given, "--runs-dir", tmp_path / "runs"), 2 - ("./nowhere" in given), what, todo,
                    tmp_path / "runs")  # fmt: skip


VALUES = {
    "batch size": (
        ["--batch-size", "0"],
        "batch_size is 0: it should be greater than or equal to 1",
        "texts in a turn",
    ),
    "epochs": (["--epochs", "nan"], "epochs is nan", "passes over the training rows"),
    "learning rate": (["--learning-rate", "2"], "learning_rate is 2.0: it should be less than 1", "at width 768"),
    "max turns": (["--max-turns", "-1"], "max_turns is -1", "student turns at most"),
    "limit": (["--limit", "0"], "limit is 0", "first N training rows"),
    "max length": (["--max-length", "2"], "max_length is 2", "longest text in tokens"),
    "seed": (["--seed", "-1"], "seed is -1", "of everything random"),
    "a word for a number": (["--batch-size", "many"], "--batch-size is 'many'", "see cilda distill --help"),
    "a set word": (["--set", "pooling=max"], "pooling is 'max': it should be 'first' or 'mean'", "a layer's vector"),
    "weight below 0": (["--weight", "logit_kl.real=-1"], "the weight of logit_kl.real is -1.0", "at least 0"),
    "weight of words": (["--weight", "logit_kl.real=much"], "'much' is not a number", "logit_kl.real=0.5"),
    "no weight left": (
        ["--method", "finetune", "--weight", "hard_label.real=0"],
        "no term of finetune is left for the student",
        "at least one student term",
    ),
    "set without =": (["--set", "pooling"], "--set 'pooling' is not of the form KEY=VALUE", "--set mask_fraction=0.4"),
    "weight without =": (["--weight", "logit_kl.real"], "is not of the form KEY=VALUE", "layer_contrast.soft=0.25"),
    "text without train": (["--text", "body"], "--text is given without --train", "--train FILE"),
    "train without text": (["--train", __file__], f"--train {__file__} needs --text", "name the column"),
    "two purposes": (
        ["--train", __file__, "--text", "a", "--label", "a"],
        "column 'a' is named for two purposes",
        "--text, --text-pair and --label",
    ),
    "a run's name": (["--name", "../x"], "'../x' cannot be the name of a run", "letters, digits"),
    "an empty name": (["--name", ""], "'' cannot be the name of a run", "letters, digits"),
    "a demo's empty name": (["--demo", "--dry-run", "--name", ""], "'' cannot be the name of a run", "letters, digits"),
    "a demo's name": (["--demo", "--name", "a/b"], "'a/b' cannot be the name of a run", "letters, digits"),
    "a demo of something": (["--demo", "--task", "rte"], "--task is given", "leave --demo or --task out"),
    "a demo's teacher": (["--demo", "--teacher", "bert-base"], "--teacher is given", "leave --demo or --teacher out"),
}


@pytest.mark.parametrize(("given", "what", "todo"), VALUES.values(), ids=VALUES)
def test_a_value_that_cannot_be_is_told(given: list[str], what: str, todo: str, cilda: Cilda, tmp_path: Path) -> None:
    shown = cilda("distill", *given, "--runs-dir", tmp_path / "runs")
    refused_at_once(shown, 2, what, todo, tmp_path / "runs")


def test_an_environment_s_value_that_cannot_be_says_where_it_came_from(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CILDA_BATCH_SIZE", "many")
    shown = cilda("distill", "--runs-dir", tmp_path / "runs")
    refused_at_once(shown, 2, "batch_size is 'many' (environment)", "texts in a turn", tmp_path / "runs")


def test_a_variable_that_sets_nothing_is_a_warning(cilda: Cilda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CILDA_BATCHSIZE", "8")
    shown = cilda("distill", "--dry-run")
    assert (shown.code, shown.err) == (0, "warning: CILDA_BATCHSIZE sets nothing; did you mean CILDA_BATCH_SIZE?\n")
    assert "batch_size = 32" in shown.out


def test_a_file_of_settings_that_cannot_be_read_is_told_by_line(cilda: Cilda, tmp_path: Path) -> None:
    runs, file = tmp_path / "runs", tmp_path / "run.toml"
    shown = cilda("distill", "--config", file, "--runs-dir", runs)
    refused_at_once(shown, 2, f"cannot read the settings file {file}", "--config", runs)
    file.write_text("task = rte\n", encoding="utf-8")
    shown = cilda("distill", "--config", file, "--runs-dir", runs)
    refused_at_once(shown, 2, f"{file} is not TOML: Invalid value (at line 1", 'task = "rte"', runs)
    file.write_text("batchsize = 4\n", encoding="utf-8")
    shown = cilda("distill", "--config", file, "--runs-dir", runs)
    refused_at_once(shown, 2, f"no setting in {file} named 'batchsize'", "did you mean batch_size", runs)


def good(count: int = 40) -> bytes:
    """A CSV file that can be learned from."""
    return b"text,label\n" + "".join(f"{text},{label}\n" for text, label in reviews(count, 0)).encode()


FILES = {
    "no such column": (good().replace(b"text,", b"txt,"), "no column in rows.csv named 'text'", "did you mean txt"),
    "no rows": (b"text,label\n", "rows.csv has no rows", "at least one row"),
    "nothing": (b"", "rows.csv is empty", "the first line names the columns"),
    "empty texts": (good() + b",good\n ,bad\n", "2 rows without a text in 'text': lines 42 and 43", "--allow-empty"),
    "missing labels": (good() + b"a film,\n", "1 row without a label in 'label': line 42", "fill or remove"),
    "one class": (
        b"text,label\n" + b"a film,good\n" * 30,
        "every label in column 'label' is 'good'",
        "two classes are the least",
    ),
    "broken UTF-8": (good() + b"caf\xe9,good\n", "is not UTF-8: line 42 holds the byte 0xe9", "iconv -f LATIN1"),
    "ragged": (good() + b"a film, good,and long\n", "header has 2 fields, but line 42 has not", "put quotes around"),
    "open quote": (good() + b'"a film,good\n', "the row that begins in line 42 cannot be read", "quote"),
    "two columns of a name": (b"text,text,label\n" + b"a,b,c\n" * 9, "names 'text' more than once", "its own name"),
    "texts in place of labels": (
        b"text,label\n" + b"".join(b"film %d,story %d\n" % (row, row) for row in range(60)),
        "column 'label' holds 60 different labels in 60 rows",
        "--label",
    ),
    "too few rows": (good(8), "has 8 rows, too few to hold a tenth out", "--validation"),
}


@pytest.mark.parametrize(("content", "what", "todo"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_learned_from_is_told_by_line(
    content: bytes, what: str, todo: str, cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_bytes(content)
    own = ["--train", "rows.csv", "--text", "text", "--label", "label", "--teacher", desk.teacher]
    shown = cilda("distill", *own, "--runs-dir", "runs")
    refused_at_once(shown, 2 if "column in" in what else 1, what, todo, Path("runs"))
    shown = cilda("finetune", *own, "--runs-dir", "runs")
    refused_at_once(shown, 2 if "column in" in what else 1, what, todo, Path("runs"))


def test_unknown_labels_in_the_validation_file_are_told_by_line(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    held = write_csv(tmp_path / "held.csv", ["text", "label"], [*reviews(9, 1), ["a film", "goood"]])
    shown = cilda("distill", *desk.quick(tmp_path / "runs"), "--validation", held)
    refused_at_once(shown, 1, "line 11, column 'label': no label named 'goood'", "did you mean good", tmp_path / "runs")


def test_files_that_are_not_there(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shown = cilda("distill", *desk.quick(runs), "--train", desk.folder / "row.csv")
    refused_at_once(shown, 1, "no file at", "did you mean rows.csv", runs)
    shown = cilda("distill", *desk.quick(runs), "--train", desk.folder)
    refused_at_once(shown, 1, "is a folder, not a file", "name one file in it", runs)
    (workbook := tmp_path / "rows.xlsx").write_bytes(b"PK")
    shown = cilda("distill", *desk.quick(runs), "--train", workbook)
    refused_at_once(shown, 2, "its name ends in .xlsx", "must end in one of: .csv", runs)
    shown = cilda("distill", "--teacher", desk.teacher, "--data-dir", tmp_path / "data", "--runs-dir", runs)
    refused_at_once(shown, 1, f"no folder at {tmp_path}/data", "--data-dir", runs)


def test_folders_that_hold_no_model(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for role in ("--teacher", "--student", "--generator"):
        shown = cilda("distill", *desk.quick(runs), role, desk.folder)
        refused_at_once(shown, 1, f"{desk.folder} holds no model: config.json is missing", "model.safetensors", runs)
    pickled = tiny_classifier("bert", tmp_path / "pickled", labels=LABELS, layers=1, width=16)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    shown = cilda("distill", *desk.quick(runs), "--teacher", pickled)
    refused_at_once(shown, 1, "holds pickled weights only", "--allow-pickle", runs)


def test_places_that_are_taken(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    runs, file = tmp_path / "runs", tmp_path / "file"
    file.touch()
    shown = cilda("distill", *desk.quick(file))
    refused(shown, 1, f"{file} cannot be made: a file is where a folder is needed", "--runs-dir")
    shown = cilda("finetune", *desk.quick(runs)[:10], "--out", file)
    refused_at_once(shown, 1, f"{file} exists already", "--out", runs)
    shown = cilda("finetune", *desk.quick(runs)[:10], "--out", tmp_path / "no" / "where")
    refused_at_once(shown, 1, f"there is no folder {tmp_path}/no", "--out", runs)
    (runs / "mine").mkdir(parents=True)
    (runs / "mine" / "result").touch()
    shown = cilda("distill", *desk.quick(runs), "--name", "mine")
    refused(shown, 1, f"{runs}/mine exists already", "choose another --name")
    assert [path.name for path in (runs / "mine").iterdir()] == ["result"]


def test_another_vocabulary_is_told_by_its_tokens(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    for role in ("student", "generator"):
        shown = cilda("distill", *desk.quick(tmp_path), f"--{role}", desk.stranger, "--name", role)
        what = f"teacher {desk.teacher} and {role} {desk.stranger} have different vocabularies"
        refused_in_the_run(shown, what, "name", tmp_path / role)
        assert "'<s>' is unknown and 0" in shown.what
    shown = cilda("distill", *desk.quick(tmp_path), "--student", desk.stranger, "--method", "finetune", "--name", "own")
    assert shown.code == 0, shown.err


def test_a_teacher_of_other_labels(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    reversed_ = tiny_classifier("bert", tmp_path / "reversed", labels=LABELS[::-1], layers=2, width=16)
    quick = [*desk.quick(tmp_path), "--teacher", str(reversed_)]
    shown = cilda("distill", *quick, "--name", "reversed-run")
    what = f"the teacher {reversed_} has the labels in the order good, bad, the task bad, good"
    refused_in_the_run(shown, what, "reorder_teacher_labels=true", tmp_path / "reversed-run")
    shown = cilda("distill", *quick, "--name", "turned", "--set", "reorder_teacher_labels=true")
    assert shown.code == 0, shown.err
    assert "were brought into the task's order (bad, good)" in shown.err
    three = tiny_classifier("bert", tmp_path / "three", labels=3, layers=2, width=16)
    shown = cilda("distill", *desk.quick(tmp_path), "--teacher", three, "--name", "three-run")
    refused_in_the_run(
        shown, "has 3 labels (LABEL_0, LABEL_1, LABEL_2), the task 2", "plain encoder", tmp_path / "three-run"
    )


def test_what_does_not_fit_is_told_before_a_teacher_is_fine_tuned(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    given = ["--teacher", desk.base, "--max-length", "129", "--name", "misfit"]
    shown = cilda("distill", *desk.quick(tmp_path), *given)
    assert "a maximum length of 129 tokens is more than" in shown.what
    assert "--max-length 128" in shown.todo
    assert shown.code in (1, 2)
    assert read_state(tmp_path / "misfit")["status"] == "failed"
    assert not list(read_events(tmp_path / "misfit" / "events", {"stage"}))


def test_a_device_that_is_not_there_is_refused_at_once(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("distill", *desk.quick(tmp_path / "runs"), "--set", "device=gpu")
    refused_at_once(shown, 1, "no device is called 'gpu'", "cuda", tmp_path / "runs")


@pytest.mark.parametrize(
    ("student", "what", "todo"),
    [
        ("3L", "a student of 3 layers cannot be cut from a teacher of 2", "--student 2L"),
        ("1L-30H-4A", "4 attention heads do not divide a width of 30", "divisor of 30"),
    ],
)
def test_a_student_that_its_teacher_has_no_room_for(
    student: str, what: str, todo: str, cilda: Cilda, desk: Desk, tmp_path: Path
) -> None:
    runs_dir = tmp_path / "runs"
    refused_at_once(cilda("distill", *desk.quick(runs_dir), "--student", student), 2, what, todo, runs_dir)


HOSTILE = "a\x1b[2J[bold]\rb"


def test_names_that_would_move_the_cursor_are_shown_and_do_not(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [f"the film is {word}", HOSTILE if word in PRAISE else "bad"] for word in (*PRAISE, *BLAME) * 4
    ]
    table = write_csv(tmp_path / f"{HOSTILE}.csv", ["text", HOSTILE], rows)
    shown = cilda("distill", "--train", table, "--text", "txt", "--label", HOSTILE, "--teacher", desk.base)
    refused(shown, 2, r"a\x1b[2J[bold]\rb.csv named 'txt'", "did you mean text")
    held = write_csv(tmp_path / "held.csv", ["text", HOSTILE], rows)
    own = ["--train", table, "--validation", held, "--text", "text", "--label", HOSTILE]
    quick = desk.quick(tmp_path / "runs")
    done = cilda("distill", *quick, *own, "--teacher", desk.base, "--teacher-epochs", "0.3", "--name", "hostile")
    assert done.code == 0, done.err
    scored = cilda("eval", "hostile", "--runs-dir", tmp_path / "runs", "--file", table)
    assert scored.code == 0, scored.err
    for stream in (shown.err, done.err, scored.err, scored.out):
        assert not {"\x1b", "\r"} & set(stream)
    assert "a?[2J[bold] b" in scored.out


OFFLINE = "import sys; from cilda.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "todo"), [("rows", "--data-dir DIR"), ("teacher", "name a local folder")])
def test_a_hub_that_cannot_be_reached_is_told_with_what_to_do(
    wanted: str, todo: str, desk: Desk, tmp_path: Path
) -> None:
    closed = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
    given = ["--teacher", str(desk.teacher)] if wanted == "rows" else desk.quick(tmp_path / "runs")[:8]
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, "distill", *given, "--student", "1L", "--foreground", "--runs-dir",
         str(tmp_path / "runs")],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **closed},
    )  # fmt: skip
    refused(Shown(done.returncode, done.stdout, done.stderr), 1, "the hub cannot be reached, and ", todo)
    assert "HF_ENDPOINT" in done.stderr
    assert "HF_HUB_OFFLINE=1" in done.stderr
    assert "Retrying" not in done.stderr
    if wanted == "rows":
        assert not (tmp_path / "runs").exists()
    else:
        (run,) = (tmp_path / "runs").iterdir()
        assert read_state(run)["status"] == "failed"


TOLD_EARLY = """
import sys
from cilda.cli.main import main
desk, runs = sys.argv[1:]
own = ["--train", f"{desk}/rows.csv", "--text", "text", "--label", "label", "--runs-dir", runs]
for command in (
    ["distill", "--method", "cidla"],
    ["distill", *own, "--teacher", "bert-bse"],
    ["distill", *own, "--student", "L6"],
    ["distill", *own, "--label", "lable"],
    ["distill", *own, "--runs-dir", desk, "--name", "teacher"],
    ["distill", "--demo", "--student", "L6", "--runs-dir", runs],
    ["finetune", *own, "--teacher", "./nowhere"],
    ["eval", f"{desk}/teacher", "--task", "sts2"],
    ["eval", f"{desk}/teacher", "--task", "sst2", "--file", f"{desk}/rows.csv", "--text", "txt"],
    ["eval", "nothing", "--runs-dir", runs],
):
    assert main(command) in (1, 2, 3), command
sys.exit(" ".join(name for name in ("torch", "transformers", "datasets") if name in sys.modules) or 0)
"""


def test_what_needs_no_model_is_refused_before_torch_is_imported(desk: Desk, tmp_path: Path) -> None:
    program = [sys.executable, "-c", TOLD_EARLY, str(desk.folder), str(tmp_path / "runs")]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("cilda: ") == 10
    assert not (tmp_path / "runs").exists()
