"""A text of one's own: given, piped or typed, put to a run's student, its teacher and its generator."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda.cli.probe import probe
from cilda.cli.probe_json import answer_json
from cilda.cli.probe_page import page
from cilda.distill.checkpoint import load_entry
from cilda.distill.probe import PAIR, Answer, Probe, written
from cilda.distill.probe_models import Asked, ProbeModels, summoned
from cilda.distill.probe_rewrites import Rewriting
from cilda.errors import CildaError
from cilda.runs.layout import RunFolder
from tests.cli.conftest import LABELS, Cilda, Desk, Shown, write_csv
from tests.tui.strange_texts import strange_texts
from tests.tui.terminal import terminal

TEXT = "the plot is dull but the acting saves it"
KEYS = {
    "text", "text_pair", "error", "tokens", "cut", "labels", "teacher", "student", "kl", "distance", "agree",
    "similarity", "no_similarity", "generator", "rewrites",
}  # fmt: skip

Said = Callable[..., tuple[str, str]]
Piped = Callable[..., list[dict[str, Any]]]


@pytest.fixture(name="said")
def _said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Probes and gives what was shown on stdout and on stderr."""

    def run(target: object, *texts: str, **options: Any) -> tuple[str, str]:
        capsys.readouterr()
        probe(str(target), texts, **options)
        shown = capsys.readouterr()
        return shown.out, shown.err

    return run


@pytest.fixture(name="piped")
def _piped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Piped:
    """Probes lines of stdin and gives the objects that were printed."""

    def run(target: object, data: bytes, **options: Any) -> list[dict[str, Any]]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        capsys.readouterr()
        try:
            probe(str(target), as_json=True, **options)
            code = 0
        except typer.Exit as ended:
            code = ended.exit_code
        objects: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert code == any(one["error"] is not None for one in objects)
        return objects

    return run


@pytest.fixture(scope="module", name="three")
def _three(finished: tuple[Path, Shown]) -> ProbeModels:
    """Student, teacher and generator of a finished run."""
    run = RunFolder(finished[0])
    return summoned(Asked(str(run.student), run.student, run, device="cpu"), print)


def answered(models: ProbeModels, text: str) -> Answer:
    return Probe(models).answer(written(text, models.texts), Rewriting(3, 0.5))


def test_a_run_shows_both_answers_the_layers_and_what_its_generator_makes(
    said: Said, finished: tuple[Path, Shown], desk: Desk
) -> None:
    run, _ = finished
    out, err = said(run, TEXT)
    assert out.startswith(f"text      {TEXT}\n")
    for words in ("answers ", "teacher", "student", *LABELS, "KL(teacher ‖ student)", "linear CKA over 9 tokens"):
        assert words in out
    assert re.search(r"^student 1 [> ]", out, re.MULTILINE)
    assert "> what it was made from" in out
    assert out.count("→") == 5
    assert re.search(r"\[\w+\]", out)
    assert all(cell_len(line) <= 80 for line in out.splitlines())
    newest = max((run / "checkpoints").glob("step-student-*")).name
    assert f"generator: {desk.base}; weights: {newest}" in err
    assert f"weights: {newest}; mask 0.3, seed 42" in out


def test_predictions_are_those_of_eval(
    cilda: Cilda, piped: Piped, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    run, _ = finished
    texts = [TEXT, "a fine film", "bad", "never boring, and the music is superb!", "zzz ???"]
    rows = write_csv(tmp_path / "rows.csv", ["text"], [[text] for text in texts])
    shown = cilda("eval", run, "--file", rows, "--predictions", tmp_path / "said.tsv")
    assert shown.code == 0, shown.err
    expected = [line.split("\t")[1] for line in (tmp_path / "said.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    objects = piped(run, "\n".join(texts).encode())
    assert [one["student"]["label"] for one in objects] == expected
    assert [one["text"] for one in objects] == texts


def test_json_has_the_same_keys_whatever_was_asked(piped: Piped, finished: tuple[Path, Shown], desk: Desk) -> None:
    lines = f"{TEXT}\n\n{'bad ' * 40}\nx\n".encode()
    whole = piped(finished[0], lines)
    alone = piped(desk.teacher, lines)
    for one in (*whole, *alone):
        assert set(one) == KEYS
    assert [one["error"] and one["error"]["what"] for one in whole] == [None, "the text is empty", None, None]
    assert [one["cut"] for one in whole] == [False, None, True, False]
    assert whole[3]["no_similarity"] == "1 token: at least 3 are needed"
    first = whole[0]
    assert first["similarity"]["layer_map"] == [[1, 1]]
    assert len(first["similarity"]["cka"]) == 1 and len(first["similarity"]["cka"][0]) == 2
    gains = [rewrite["gain"] for rewrite in first["rewrites"]]
    assert gains == sorted(gains, reverse=True) and len(gains) == 5
    for rewrite in first["rewrites"]:
        assert rewrite["kl"] == pytest.approx(first["kl"] + rewrite["gain"])
        assert rewrite["teacher_flips"] is (rewrite["teacher"]["label"] != first["teacher"]["label"])
        tokens = zip(first["tokens"], rewrite["tokens"], strict=True)
        assert rewrite["changed"] == [place for place, (one, other) in enumerate(tokens) if one != other]
    assert (alone[0]["student"], alone[0]["kl"], alone[0]["rewrites"], alone[0]["generator"]) == (None,) * 4


def test_lines_that_are_no_utf8_or_end_in_other_ways_are_answered(piped: Piped, desk: Desk) -> None:
    objects = piped(desk.teacher, b"bad \xff film\r\nno end")
    assert [one["text"] for one in objects] == ["bad \ufffd film", "no end"]


def test_the_newest_whole_checkpoint_gives_the_generator_and_else_its_beginning(
    said: Said, three: ProbeModels, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    paths = sorted((run / "checkpoints").glob("step-student-*"))
    assert len(paths) == 2
    kept = load_entry(paths[-1], "generator")
    assert three.rewriter is not None and kept
    for name, weight in three.rewriter.generator.state_dict().items():
        assert torch.equal(weight, kept[name])
    with (paths[-1] / "generator.safetensors").open("r+b") as file:
        file.truncate(100)
    assert f"weights: {paths[-2].name}" in said(run, TEXT, rewrites=1)[1]
    (paths[-2] / "generator.json").unlink()
    assert f"weights: as the run began with it: {paths[-1]} is not a whole checkpoint" in said(run, TEXT, rewrites=1)[1]
    shutil.rmtree(run / "checkpoints")
    assert "weights: as the run began with it: the run keeps no checkpoint" in said(run, TEXT, rewrites=1)[1]


def test_a_copied_student_finds_its_run_and_does_without_what_is_gone(
    said: Said, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(finished[0] / "student", copied)
    assert "generator: " in said(copied, TEXT, runs_dir=finished[0].parent)[1]
    out, err = said(copied, TEXT, runs_dir=tmp_path)
    assert "generator: " not in err and "rewrites" not in out
    record = json.loads((copied / "cilda.json").read_text(encoding="utf-8"))
    for teacher, why in (("/gone", "its teacher is no longer at /gone"), ("a/b", "shown without its teacher: ")):
        (copied / "cilda.json").write_text(json.dumps(record | {"teacher": teacher}), encoding="utf-8")
        out, err = said(copied, TEXT)
        assert why in err and "says " in out
        with pytest.raises(CildaError):
            said(copied, TEXT, teacher=teacher)


def test_of_a_run_each_model_can_be_another_and_a_folder_is_what_the_others_are_not(
    said: Said, finished: tuple[Path, Shown], desk: Desk
) -> None:
    run, _ = finished
    out, err = said(run, TEXT, student=str(desk.teacher))
    assert f"student: {desk.teacher}, " in err and f"teacher: {desk.teacher}, " in err
    assert "KL(teacher ‖ student) 0.000" in out and "> what it was made from" not in out
    out, err = said(run / "student", TEXT, student=str(desk.teacher))
    assert f"teacher: {run}/student, " in err and f"student: {desk.teacher}, " in err
    _, err = said(run, TEXT, generator=str(desk.base))
    assert "weights: its own" in err


def test_what_nobody_can_answer_is_refused(
    said: Said, finished: tuple[Path, Shown], desk: Desk, tmp_path: Path
) -> None:
    run, _ = finished
    for target, texts, options, what in (
        (tmp_path, (TEXT,), {}, "holds neither a model nor a run"),
        (tmp_path / "gone" / "model", (TEXT,), {}, "there is nothing at"),
        (desk.base, (TEXT,), {}, "has no trained head"),
        (run, (" ",), {}, "the text is empty"),
        (run, (TEXT,), {"generator": str(desk.stranger)}, "have different vocabularies"),
        (run, (TEXT,), {"text_pair": "another"}, "these models read one text at once"),
        (run, (TEXT, TEXT), {"text_pair": "another"}, "--text-pair is given with 2 texts"),
        (run, (TEXT,), {"rewrites": 1001}, "1,001 rewrites of a text are asked for"),
        (run, (TEXT,), {"mask_fraction": 1.5}, "mask_fraction is 1.5"),
        (run, (TEXT,), {"seed": -1}, "seed is -1"),
    ):
        with pytest.raises(CildaError) as refused:
            said(target, *texts, **options)
        assert what in refused.value.what
        assert refused.value.todo
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CildaError, match=r"did you mean .*/student\?"):
        said(tmp_path, TEXT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(strange_texts(), st.integers(1, 130), st.booleans())
@example("[bold]x[/bold] [[MASK]] [SEP] [UNK]", 80, False)
@example("日本語 " * 30, 41, False)
def test_no_text_moves_the_cursor_is_markup_or_leaves_the_width(
    three: ProbeModels, text: str, width: int, plain: bool
) -> None:
    if not text.strip():
        return
    answer = answered(three, text)
    lines = [line.plain for line in page(answer, three, Rewriting(3, 0.5), width=width, plain=plain)]
    for line in lines:
        assert all(letter.isprintable() or letter == " " for letter in line)
        assert cell_len(line) <= max(40, width)
        assert line.isascii() or not plain
    # As programs read it.
    assert json.loads(json.dumps(answer_json(three, answer, Rewriting())))["text"] == written(text, 1)[0]


def test_brackets_hold_changed_words_only(three: ProbeModels) -> None:
    answer = answered(three, "[good] 日 film , unbelievable \u0378")
    assert answer.rewrites is not None
    (line,) = [
        part for part in page(answer, three, Rewriting(), width=200, plain=True) if part.plain.startswith("text")
    ]
    assert line.plain == "text      [good] ?? film , unbelievable ?"
    for rewrite in answer.rewrites:
        assert "[UNK]" in rewrite.real_tokens
    whole = "\n".join(part.plain for part in page(answer, three, Rewriting(), width=200, plain=False))
    assert "[UNK]" not in whole


def test_a_pair_is_written_in_one_line_and_shown_as_two(said: Said, desk: Desk) -> None:
    out, _ = said(desk.teacher, f"one film{PAIR}another film", generator=str(desk.base), rewrites=3, mask_fraction=0.9)
    assert out.startswith("text      one film\nand       another film\n")
    assert out.count(" ||| ") == 3
    assert said(desk.teacher, "one film", text_pair="another film", rewrites=0)[0].startswith(out[:40])


def driven(folder: Path) -> list[str]:
    """A command that asks for texts."""
    return [sys.executable, "-c", f"from cilda.cli.probe import probe; probe({str(folder)!r})"]


def test_texts_are_typed_at_a_prompt_with_commands_and_history(finished: tuple[Path, Shown]) -> None:
    with terminal(command=driven(finished[0]), height=60, environment={"NO_COLOR": "1"}) as shown:
        shown.until(":n 5 rewrites, :mask 0.3, :seed 42, :help; an empty line leaves\ntext>", 60)
        shown.press(*"a good film", "enter")
        shown.until(lambda screen: screen.count("text>") == 2)
        assert shown.text().count("KL ") == 5
        shown.press(*":n 2", "enter")
        shown.until(":n 2 rewrites, ")
        shown.press(*":seed x", "enter")
        shown.until(":seed takes a number")
        shown.press(*":nope", "enter")
        shown.until("there is no command :nope")
        # Four lines back stands the text.
        shown.press("up", "up", "up", "up", "enter")
        shown.until(lambda screen: screen.count("text      a good film") == 2 and screen.rstrip().endswith("text>"))
        assert b"\x1b[1;33m" not in shown.raw
        shown.press(*":)", "enter")
        shown.until("text      :)")
        shown.press("enter")
        assert shown.wait() == 0
        assert shown.cooked()


def test_a_plain_terminal_gets_ascii_and_ctrl_c_leaves(desk: Desk) -> None:
    with terminal(command=driven(desk.teacher), environment={"LC_ALL": "C", "PYTHONUTF8": "1"}) as shown:
        shown.until("text>", 60)
        shown.press(*"dull", "enter")
        shown.until("says ")
        assert shown.text().isascii()
        shown.press("ctrl+c")
        assert shown.wait() == 0


def test_what_is_typed_into_a_file_goes_there_without_the_prompt(
    said: Said, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    os.write(master, b"a dull film\n:seed 7\n:mask 2\n:help\n:n 1\n\x04")
    with os.fdopen(slave, encoding="utf-8") as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        out, err = said(desk.teacher, as_json=True, generator=str(desk.base))
    os.close(master)
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["a dull film"]
    assert err.count("text> ") == 6
    for words in (":n 5 rewrites, :mask 0.3, :seed 7, ", "2 is no share of the tokens", ":n 1 rewrites, ", "ctrl+d"):
        assert words in err
