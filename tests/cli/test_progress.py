"""What a person sees of a run: on a terminal, in a file, and of texts that mean harm."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console, ConsoleDimensions

from cilda.cli.progress import TerminalProgress
from cilda.runs.events import KINDS

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "stage",
    "player",
    "turn",
    "total_turns",
    "epoch",
    "values",
    "scores",
    "metric",
    "best",
    "split",
    "what",
    "todo",
)
FIELDS = st.dictionaries(st.sampled_from([*NAMES, "level", "name", "score", "layers", "description"]), VALUES)
STAGE = st.fixed_dictionaries({"stage": st.sampled_from(["teacher", "student"]), "total_turns": st.integers(0, 9)})
EVENTS = st.builds(
    lambda kind, seconds, fields, stage: {"v": 1, "t": seconds, "kind": kind, **fields, **stage},
    st.sampled_from(list(KINDS)),
    st.floats(-1e9, 1e12),
    FIELDS,
    STAGE | st.just({}),
)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def console(*, terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=24, legacy_windows=False)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def event(seconds: float, kind: str, **fields: Any) -> dict[str, Any]:
    return {"v": 1, "t": seconds, "kind": kind, **fields}


def turns(seconds: float, turn: int, player: str = "student", **means: float) -> dict[str, Any]:
    values = {key.replace("__", "."): {"n": 1, "mean": mean} for key, mean in means.items()}
    return event(
        seconds, "metrics", stage="student", player=player, turn=turn, step=turn, epoch=turn / 100, values=values
    )


def story() -> list[dict[str, Any]]:
    return [
        event(0, "started"),
        event(1, "teacher", name="minilm", score=0.92431, metric="accuracy"),
        event(1, "layer_map", layers=[[1, 2], [2, 4]], description="layers 2, 4 of the teacher's 4"),
        event(2, "stage", stage="student", total_turns=100),
        turns(3, 10, total=0.5, logit_kl__soft=0.25, texts_per_second=400.0),
        turns(3.5, 2, "generator", layer_contrast__soft=3.25),
        turns(4, 20, total=0.4, logit_kl__soft=0.125, texts_per_second=410.0),
        event(
            5, "evaluation", stage="student", turn=20, epoch=0.2, split="validation",
            scores={"accuracy": 0.5, "f1": 0.25}, metric="accuracy", best=True,
        ),
        event(6, "alert", level="warning", what="the disk refuses events", todo="free some space"),
        turns(12, 100, total=0.1, logit_kl__soft=0.0625, texts_per_second=420.0),
        event(62, "finished"),
    ]  # fmt: skip


def test_in_a_file_a_run_is_plain_lines() -> None:
    out = console(terminal=False)
    with TerminalProgress(out) as progress:
        for one in story():
            progress(one)
    rest = (
        "420 texts/s  epoch 1.00  best accuracy 0.5000 at turn 20  "
        "total 0.100  logit_kl.soft 0.062  generator:  layer_contrast.soft 3.250"
    )
    assert shown(out).splitlines() == [
        "teacher minilm: accuracy 0.9243",
        "student: layers 2, 4 of the teacher's 4",
        "student: 100 turns",
        "student  10/100  10%  400 texts/s  epoch 0.10  total 0.500  logit_kl.soft 0.250",
        "student  turn 20  epoch 0.20  validation  accuracy 0.5000, f1 0.2500  best so far",
        "warning: the disk refuses events",
        "  free some space",
        f"student  100/100  100%  ETA 0 s  {rest}",
        "student  100/100  took 1 m 0 s",
        "finished, worked for 1 m 2 s",
    ]


@pytest.mark.parametrize("width", [80, 200])
def test_on_a_terminal_a_stage_is_a_bar_with_its_losses_below(width: int) -> None:
    out = console(terminal=True, width=width)
    with TerminalProgress(out) as progress:
        for one in story()[:-2]:
            progress(one)
        lines = CONTROL.sub("", shown(out)).splitlines()
    bar, *details = (line.rstrip() for line in lines[-4:])
    assert re.fullmatch(r"student [━╸╺]+ +20/100 +20% +ETA 8 s +410 texts/s", bar)
    assert details == [
        "           epoch 0.20  best accuracy 0.5000 at turn 20",
        "student    total 0.400  logit_kl.soft 0.125",
        "generator  layer_contrast.soft 3.250",
    ]
    assert all(len(line) <= width for line in lines)


def test_after_a_change_of_size_the_terminal_is_cleared_once() -> None:
    out = console(terminal=True)
    with TerminalProgress(out) as progress:
        for one in story()[:-2]:
            progress(one)
        assert "\x1b[2J" not in shown(out)
        out.size = ConsoleDimensions(20, 5)
        progress.draw()
        progress.draw()
        assert shown(out).count("\x1b[2J") == 1


def test_a_finished_stage_keeps_one_line() -> None:
    out = console(terminal=True)
    with TerminalProgress(out) as progress:
        for one in story():
            progress(one)
    last = CONTROL.sub("", shown(out)).splitlines()
    assert re.fullmatch(r"student ━+ +100/100 +100% +took 1 m 0 s +420 texts/s", last[-1].rstrip())
    assert not any("logit_kl" in line for line in last[-2:]), "what it said on the way is wiped away"
    assert "finished, worked for 1 m 2 s" in shown(out)


@pytest.mark.parametrize("width", [1, 5, 20, 40, 59, 60])
def test_a_narrow_terminal_is_no_error(width: int) -> None:
    out = console(terminal=True, width=width)
    with TerminalProgress(out) as progress:
        for one in story():
            progress(one)


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    out = console(terminal=True)
    with TerminalProgress(out) as progress:
        for one in story():
            progress(one)
    assert "\x1b[2K" not in shown(out)
    assert "student: 100 turns" in shown(out)


def test_plain_can_be_asked_for() -> None:
    out = console(terminal=True)
    with TerminalProgress(out, plain=True) as progress:
        for one in story():
            progress(one)
    assert "student: 100 turns" in shown(out)


def test_plain_lines_come_every_five_seconds_at_first_and_every_minute_at_last() -> None:
    out = console(terminal=False)
    day = 24 * 3600
    with TerminalProgress(out) as progress:
        progress(event(0, "stage", stage="student", total_turns=day))
        for second in range(day):
            progress(turns(second, second, total=1.0))
    reached = [int(line.split()[1].split("/")[0]) for line in shown(out).splitlines()[1:]]
    assert reached[:4] == [0, 5, 10, 15]
    assert reached[-1] - reached[-2] == 60


@pytest.mark.parametrize("terminal", [True, False])
def test_no_text_is_taken_for_markup_or_terminal_control(terminal: bool) -> None:
    harm = "[bold red]x[/] \x1b[2J\x07\u202e :smile: [link=file:///]y"
    out = console(terminal=terminal, width=200)
    with TerminalProgress(out) as progress:
        for one in (
            event(0, "alert", level="warning", what=harm, todo=harm),
            event(0, "teacher", name=harm, score=0.5, metric=harm),
            event(0, "layer_map", layers=[], description=harm),
            event(0, "stage", stage=harm, total_turns=5),
            event(0, "evaluation", stage=harm, turn=1, split=harm, scores={harm: 0.5}, best=True),
            event(0, "metrics", stage=harm, player=harm, turn=1, values={harm: {"mean": 1.0}}),
            event(0, "failed", what=harm),
        ):
            progress(one)
    seen = shown(out)
    assert seen.count("[bold red]x[/] ?[2J?? :smile: [link=file:///]y") >= 7
    assert "\x1b[2J" not in seen
    assert not {"\x07", "\u202e"} & set(seen)


def test_an_ascii_stderr_shows_a_question_mark_and_goes_on() -> None:
    raw = io.BytesIO()
    out = Console(file=io.TextIOWrapper(raw, "ascii", write_through=True), force_terminal=False, width=80)
    with TerminalProgress(out) as progress:
        progress(event(0, "alert", level="info", what="schön \udc80"))
    assert raw.getvalue() == b"note: sch?n ?\n"


@given(st.lists(EVENTS, max_size=12), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_event_breaks_it(events: list[dict[str, Any]], terminal: bool) -> None:
    with TerminalProgress(console(terminal=terminal)) as progress:
        for one in events:
            progress(one)


def test_a_closed_stderr_is_an_error_to_drop_and_ends_no_process() -> None:
    """As a process of its own: the pipe that is closed is its real stderr."""
    script = """
import sys
from cilda.cli.progress import TerminalProgress
with TerminalProgress() as progress:
    sys.stdin.readline()
    try:
        progress({"v": 1, "t": 0, "kind": "alert", "level": "info", "what": "x"})
    except OSError as error:
        print("dropped", type(error).__name__)
print("went on")
"""
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writing, text=True
    ) as process:
        os.close(writing)
        os.close(reading)
        out, _ = process.communicate("go\n", timeout=240)
    assert out == "dropped BrokenPipeError\nwent on\n"


def test_forced_colours_bring_no_moving_cursor_into_a_file() -> None:
    script = """
from cilda.cli.progress import TerminalProgress
with TerminalProgress() as progress:
    progress({"v": 1, "t": 0, "kind": "stage", "stage": "student", "total_turns": 5})
    progress({"v": 1, "t": 0, "kind": "alert", "level": "warning", "what": "x"})
"""
    environment = {**os.environ, "FORCE_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=240, check=True
    )
    assert done.stderr == "student: 5 turns\n\x1b[33mwarning: x\x1b[0m\n"
