"""Commands as a user meets them: tiny models and small files, made once, and what a command showed."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cilda.cli.main import main
from tests.tiny_models import tiny_classifier, tiny_masked_lm

CILDA = [sys.executable, "-c", "import sys; from cilda.cli.main import main; sys.exit(main())"]
"""The command as a process of its own."""

LABELS = ("bad", "good")
PRAISE = ("great", "fine", "superb", "warm", "funny")
BLAME = ("dull", "poor", "slow", "weak", "awful")


@dataclass(frozen=True)
class Shown:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str

    @property
    def what(self) -> str:
        """The line that says what is wrong."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("cilda: ")]
        return line.removeprefix("cilda: ")

    @property
    def todo(self) -> str:
        """The line that says what to do."""
        return self.err.splitlines()[-1].strip()


@dataclass(frozen=True)
class Desk:
    """A folder with tiny models of one vocabulary, one of another, and files of rows."""

    folder: Path

    @property
    def teacher(self) -> Path:
        """A classifier of 2 layers for `bad` and `good`."""
        return self.folder / "teacher"

    @property
    def base(self) -> Path:
        """A masked LM of 2 layers: a teacher before it is fine-tuned, and its own generator."""
        return self.folder / "base"

    @property
    def stranger(self) -> Path:
        """A masked LM with another vocabulary."""
        return self.folder / "stranger"

    def quick(self, runs_dir: Path) -> list[str]:
        """The options of a run of a second, in this process: 4 student turns, 2 of the generator, 2 evaluations."""
        return [
            *("--train", f"{self.folder}/rows.csv", "--validation", f"{self.folder}/held.csv"),
            *("--text", "text", "--label", "label", "--teacher", f"{self.teacher}", "--generator", f"{self.base}"),
            *("--student", "1L", "--max-length", "16", "--batch-size", "16", "--max-turns", "4", "--seed", "3"),
            *("--set", "student_turns=2", "--set", "generator_turns=1", "--set", "evaluate_every=2"),
            *("--set", "record_every=2", "--learning-rate", "0.001", "--runs-dir", f"{runs_dir}"),
            "--foreground",
        ]


Cilda = Callable[..., Shown]


def called(*arguments: object) -> Shown:
    """A command run in this process, outside of any test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Shown(code, out.getvalue(), err.getvalue())


def write_csv(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    """A CSV file of the rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def reviews(count: int, seed: int) -> list[list[object]]:
    """Rows of text and label, both labels in turn."""
    draw = random.Random(seed)
    subjects = ("the film", "the plot", "the story", "the acting and the music")
    return [
        [f"{draw.choice(subjects)} is very {draw.choice((BLAME, PRAISE)[row % 2])}", LABELS[row % 2]]
        for row in range(count)
    ]


@pytest.fixture(name="cilda")
def _cilda(capsys: pytest.CaptureFixture[str]) -> Cilda:
    """Runs a command in this process and gives what it showed."""

    def run(*arguments: object) -> Shown:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Shown(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session", name="desk")
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    # Wider still, so that it does not say the same of every text.
    tiny_classifier("bert", desk.teacher, labels=LABELS, layers=2, width=16, initializer_range=0.3)
    tiny_masked_lm("bert", desk.base, layers=2, width=16)
    tiny_masked_lm("roberta", desk.stranger, layers=2, width=16)
    write_csv(desk.folder / "rows.csv", ["text", "label"], reviews(64, 0))
    write_csv(desk.folder / "held.csv", ["text", "label"], reviews(40, 1))
    return desk


@pytest.fixture(scope="session", name="finished")
def _finished(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shown]:
    """A run of the method cilda under the name `one`, and what it showed."""
    runs_dir = tmp_path_factory.mktemp("finished") / "runs"
    shown = called("distill", *desk.quick(runs_dir), "--name", "one")
    assert shown.code == 0, shown.err
    return runs_dir / "one", shown


def read_state(run: Path) -> dict[str, Any]:
    """What a run's state.json says."""
    state: dict[str, Any] = json.loads((run / "state.json").read_text(encoding="utf-8"))
    return state
