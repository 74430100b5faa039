"""`cilda inspect --summary` and `--with`: figures of a run's rewrites, alone and beside another run's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda.cli.summary_page import comparison_page, summary_page
from cilda.rewrites.compare import compare
from cilda.rewrites.summary import summarise
from tests.cli.conftest import Cilda
from tests.rewrites.made_rewrites import LABELS, made_run
from tests.rewrites.test_summary import made
from tests.tui.terminal import terminal


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("runs"), 400).path


@pytest.fixture(name="other", scope="module")
def _other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("runs"), 300, name="other", seed=0, hostile=True).path


def test_a_summary_is_a_page_in_a_pipe(cilda: Cilda, run: Path) -> None:
    shown = cilda("inspect", run, "--summary")
    assert shown.code == 0
    for said in (
        "400 rewrites of",
        "nobody chose",
        "they disagree, after",
        "median",
        *LABELS,
        "tokens",
        "kinds",
        "perplexity",
    ):
        assert said in shown.out, said
    assert "\x1b" not in shown.out and all(len(line) <= 100 for line in shown.out.splitlines())


def test_filter_and_limit_say_what_is_summed_up(cilda: Cilda, run: Path, tmp_path: Path) -> None:
    whole = json.loads(cilda("inspect", run, "--summary", "--json").out)
    some = json.loads(cilda("inspect", run, "--summary", "--json", "--where", "label:positive").out)
    assert 0 < some["rewrites"] < whole["rewrites"] == 400
    assert [one["label"] for one in some["by_class"]] == ["positive"]
    out = tmp_path / "figures.json"
    assert cilda("inspect", run, "--summary", "-n", 10, "--out", out).code == 0
    assert json.loads(out.read_text())["rewrites"] == 10


def test_two_runs_stand_side_by_side(cilda: Cilda, run: Path, other: Path) -> None:
    shown = cilda("inspect", run, "--with", other)
    assert shown.code == 0, shown.err
    for said in ("KL, median", "disagree", "texts that both rewrote", "sign test p"):
        assert said in shown.out, said
    assert all(letter.isprintable() or letter == "\n" for letter in shown.out)
    told = json.loads(cilda("inspect", run, "--with", other, "--json").out)
    assert told["runs"] == [run.name, "other"] and told["shared"]["texts"] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--summary", "--sort", "kl"], "--sort kl orders rewrites"),
        (["--summary", "--format", "csv"], "no format csv"),
        (["--summary", "--where", "kl>1000"], "none of 400 rewrites fits"),
        (["--with", "nobody"], "nobody"),
        (["--with", "{other}", "--where", "kl>1000"], "none of 400 rewrites fits"),
        (["--with", "{run}"], "names the run itself"),
        (["--summary", "a text"], "--summary chooses among"),
    ],
)
def test_what_has_no_figures_is_refused_in_words(
    cilda: Cilda, run: Path, other: Path, options: list[str], said: str
) -> None:
    given = [option.format(run=run, other=other) for option in options]
    shown = cilda("inspect", run, *([given[1], given[0]] if given[1] == "a text" else given))
    assert shown.code != 0 and said in shown.err and "Traceback" not in shown.err


@given(count=st.integers(0, 40), seed=st.integers(0, 200), width=st.integers(1, 200), plain=st.booleans())
def test_no_record_and_no_width_breaks_a_page(count: int, seed: int, width: int, plain: bool) -> None:
    rewrites = made(count, seed=seed, hostile=True)
    lines = [line.plain for line in summary_page(summarise(rewrites, LABELS), width=width, plain=plain)]
    found = compare(rewrites, made(20, seed=seed))
    lines += [line.plain for line in comparison_page(found, ("one", "\x1b[31m" * 40), width=width, plain=plain)]
    for line in lines:
        assert cell_len(line.rstrip()) <= max(40, width)
        assert line.isprintable() and (not plain or line.isascii())


def test_a_pipe_that_takes_no_utf8_gets_ascii(run: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from cilda.cli.main import main; main()", "inspect", run, "--summary"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert told.stdout.isascii() and b"##" in told.stdout and b"perplexity" in told.stdout


def test_a_terminal_without_utf8_gets_ascii(run: Path) -> None:
    with terminal(
        "inspect", str(run), "--summary", height=120, environment={"LC_ALL": "C", "PYTHONUTF8": "1"}
    ) as shown:
        shown.until("perplexity")
        assert shown.text().isascii() and "##" in shown.text()
