"""One word for a run: every cell of the table, each rule a sentence."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import get_args

import pytest

from cilda.runs.locks import Held
from cilda.runs.status import ENDS, Evidence, Exit, Status, Word, decide

TERMINAL = ("finished", "stopped", "failed")
NEWEST = 2
"""The attempt that the locks name wherever they name one."""

EXITS = (
    None,
    Exit(1, 0),
    Exit(NEWEST, 0),
    Exit(NEWEST, 1),
    Exit(NEWEST, None, "SIGKILL"),
    Exit(NEWEST, None, "SIGKILL", out_of_memory=True),
)
CELLS = [
    Evidence(
        supervisor=supervisor,
        supervisor_attempt=NEWEST if supervised else 0,
        trainer=trainer,
        trainer_attempt=attempt,
        recorded=recorded,
        recorded_attempt=0 if recorded is None else recorded_attempt,
        exit=exit_record,
        heartbeat_age=None if recorded is None else heartbeat,
        movement_age=None if recorded is None else movement,
        age=age,
        supervised=supervised,
    )
    for supervisor, trainer, attempt, recorded, recorded_attempt, exit_record, heartbeat, movement, age, supervised in (
        itertools.product(
            Held,
            Held,
            (0, NEWEST),
            (None, "starting", "running", "paused", "stopping", *TERMINAL, "dancing"),
            (1, NEWEST),
            EXITS,
            (None, 1.0, 61.0),
            (None, 1.0, 601.0),
            (5.0, 3600.0),
            (True, False),
        )
    )
]


def alive(cell: Evidence) -> bool:
    return cell.trainer is Held.YES


def afar(cell: Evidence) -> bool:
    return cell.trainer is Held.UNKNOWN or (cell.trainer is Held.NO and cell.supervisor is Held.UNKNOWN)


def watched(cell: Evidence) -> bool:
    return cell.trainer is Held.NO and cell.supervisor is Held.YES


def newest(cell: Evidence) -> int:
    return max(cell.trainer_attempt, cell.supervisor_attempt)


def written(cell: Evidence) -> Exit | None:
    return None if cell.exit is not None and cell.exit.attempt < newest(cell) else cell.exit


def live_word(cell: Evidence) -> str:
    return cell.recorded if cell.recorded in ("starting", "running", "paused", "stopping") else "running"


def recorded_word(cell: Evidence) -> str:
    return str(cell.recorded)


def always(word: str) -> Callable[[Evidence], str]:
    return lambda _: word


# The first sentence that fits a cell tells its word.
RULES: list[tuple[str, Callable[[Evidence], bool], Callable[[Evidence], str]]] = [
    (
        "a trainer that has not said anything in this attempt is starting",
        lambda c: alive(c) and (c.recorded is None or c.recorded_attempt < c.trainer_attempt),
        always("starting"),
    ),
    ("a trainer that wrote its end has ended", lambda c: alive(c) and c.recorded in TERMINAL, recorded_word),
    (
        "a trainer that is there without a heartbeat is stalled",
        lambda c: alive(c) and (c.heartbeat_age or 0) > 60,
        always("stalled"),
    ),
    (
        "a trainer whose turns stand still for ten minutes is stalled",
        lambda c: alive(c) and c.recorded in ("running", "stopping") and (c.movement_age or 0) > 600,
        always("stalled"),
    ),
    (
        "a trainer whose supervisor died is orphaned",
        lambda c: alive(c) and c.supervised and c.supervisor is Held.NO,
        always("orphaned"),
    ),
    ("else a living trainer does what it says", alive, live_word),
    (
        "what another machine wrote as the end is the end",
        lambda c: afar(c) and c.recorded in TERMINAL and not (c.exit and c.exit.attempt > c.recorded_attempt),
        recorded_word,
    ),
    (
        "a run elsewhere with a young heartbeat and no end does what it says",
        lambda c: afar(c) and c.exit is None and c.recorded is not None and c.heartbeat_age == 1,
        live_word,
    ),
    (
        "a run elsewhere that was created a moment ago is starting",
        lambda c: afar(c) and c.exit is None and c.recorded is None and c.age < 30,
        always("starting"),
    ),
    ("silence from elsewhere is lost contact, never a crash", lambda c: afar(c) and c.exit is None, always("lost")),
    (
        "a supervisor whose trainer has not spoken yet is starting it",
        lambda c: watched(c) and (c.recorded is None or c.recorded_attempt < c.supervisor_attempt),
        always("starting"),
    ),
    (
        "a supervisor whose trainer wrote its end has ended",
        lambda c: watched(c) and c.recorded in TERMINAL,
        recorded_word,
    ),
    ("a supervisor whose trainer died is writing that down", watched, always("stopping")),
    (
        "the end that the newest trainer wrote itself counts before what was seen of its process",
        lambda c: (
            c.recorded in TERMINAL and c.recorded_attempt >= max(newest(c), e.attempt if (e := written(c)) else 0)
        ),
        recorded_word,
    ),
    (
        "a signal or the kernel's memory killer killed it",
        lambda c: (e := written(c)) is not None and (e.out_of_memory or e.signal is not None),
        always("killed"),
    ),
    ("an end without a word of the trainer is a crash", lambda c: written(c) is not None, always("crashed")),
    (
        "a folder that was created a moment ago and that nobody worked on is starting",
        lambda c: c.recorded is None and newest(c) == 0 and c.age < 30,
        always("starting"),
    ),
    ("whatever vanished without a trace crashed", lambda _: True, always("crashed")),
]


def test_every_cell_follows_the_first_rule_that_fits_it() -> None:
    used: Counter[str] = Counter()
    for cell in CELLS:
        sentence, word = next((sentence, word(cell)) for sentence, fits, word in RULES if fits(cell))
        used[sentence] += 1
        assert decide(cell).word == word, f"{sentence}: {cell}"
    assert set(used) == {sentence for sentence, _, _ in RULES}, "a rule that never speaks"


def test_every_word_is_some_cell_s_and_knows_whether_it_is_an_end() -> None:
    assert {decide(cell).word for cell in CELLS} == set(get_args(Word))
    assert {word for word in get_args(Word) if Status(word).ended} == ENDS
    assert Status("lost").shown == "lost contact"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (Evidence(exit=Exit(1, None, "SIGTERM")), "SIGTERM"),
        (Evidence(exit=Exit(1, None, "SIGKILL", out_of_memory=True)), "out of memory: the kernel ended it"),
        (Evidence(exit=Exit(1, 7)), "the trainer ended with code 7 without a word; see: cilda logs"),
        (Evidence(recorded="running"), "everything of it is gone: a power cut, a reboot or kill -9"),
        (Evidence(recorded="failed", error="CUDA out of memory"), "CUDA out of memory"),
        (Evidence(trainer=Held.YES, recorded="paused", supervised=True), "its supervisor is gone; still paused"),
        (
            Evidence(trainer=Held.YES, recorded="running", heartbeat_age=90.0),
            "the trainer is there, but has not given a sign for 90 s",
        ),
        (
            Evidence(trainer=Held.YES, recorded="running", heartbeat_age=1.0, movement_age=3 * 3600.0),
            "the trainer lives, but nothing has moved for 3 h",
        ),
    ],
)
def test_the_reason_is_said(cell: Evidence, why: str) -> None:
    assert decide(cell).why == why
