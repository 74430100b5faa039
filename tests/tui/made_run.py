"""Made runs, one a function: every state that the dashboard can meet, the same bytes each time.

`with running(tmp_path) as made:` gives the run's folder and the time (`made.now`) at which it is looked at; where
the run is alive its real locks are held until the end of the block. `MADE` names them all; `grow` lets a living one
go on; `bulk` writes millions of metrics.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cilda.runs.atomic import write_json_atomic
from cilda.runs.layout import RunFolder
from cilda.runs.status import Status, status_of
from cilda.runs.store import RunRecord, open_run
from tests.tui.made_author import BEGAN, NAME, Author
from tests.tui.made_bulk import bulk
from tests.tui.made_hostile import HOSTILE_TEXTS

__all__ = ["BEGAN", "HOSTILE_TEXTS", "MADE", "NAME", "Author", "MadeRun", "bulk", "grow"]


@dataclass
class MadeRun:
    """A made run, and the time at which it is looked at."""

    author: Author

    @property
    def folder(self) -> RunFolder:
        """Its folder."""
        return self.author.folder

    @property
    def now(self) -> float:
        """When its last event was, in Unix seconds by its own clock."""
        return self.author.now

    @property
    def record(self) -> RunRecord:
        """Its small files, read now."""
        return open_run(self.folder)

    @property
    def status(self) -> Status:
        """What it is doing at `now`."""
        return status_of(self.record, self.now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.author.writer.close()
        self.author.release_locks()


def grow(made: MadeRun, turns: int) -> None:
    """Lets a living run play on."""
    made.author.play(turns)
    made.author.close()


def waiting(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """Just created, its trainer loading: no events, no state."""
    author = Author(runs_dir, name, began=began)
    author.write_run()
    author.take_locks()
    author.now += 5
    return MadeRun(author)


def running(
    runs_dir: Path, name: str = NAME, *, began: float = BEGAN, turns: int = 2080, seed: int = 1, **config: Any
) -> MadeRun:
    """A third is done; it is the student's turn."""
    author = _begun(runs_dir, name, began, seed=seed, **config)
    author.play(turns)
    author.close()
    return MadeRun(author)


def generator_phase(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """It is the generator's turn."""
    return running(runs_dir, name, began=began, turns=3 * 660 + 30)


def generator_first(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """The generator plays, and the student has not yet."""
    return running(runs_dir, name, began=began, turns=40)


def teacher_stage(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """The teacher itself is trained first."""
    author = Author(runs_dir, name, began=began)
    author.take_locks()
    author.write_run()
    author.begin(teacher=False)
    author.enter_stage("teacher")
    author.play(450)
    author.close()
    return MadeRun(author)


def paused(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """Somebody asked it to pause."""
    author = _begun(runs_dir, name, began)
    author.play(1500)
    _answered(author, "pause", "accepted", "done")
    author.tell("paused")
    author.pass_seconds(90)
    author.tell()
    author.close()
    return MadeRun(author)


def stalled(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """The trainer lives, but nothing has moved for twelve minutes."""
    author = _begun(runs_dir, name, began)
    author.play(1200)
    author.close()
    author.pass_seconds(720)
    _edit_state(author, heartbeat=author.now)
    return MadeRun(author)


def failed(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """An error ended it."""
    author = _begun(runs_dir, name, began)
    author.play(900)
    what, todo = "the term hard_label.real is not finite", "lower --learning-rate"
    author.log(f"Traceback (most recent call last):\n  File trainer.py\nCildaError: {what}")
    author.writer.event("failed", what=what, todo=todo, traceback="Traceback (most recent call last):\n  …")
    author.tell("failed", error=what, todo=todo)
    return _ended(author, code=1)


def finished(
    runs_dir: Path, name: str = NAME, *, began: float = BEGAN, seed: int = 1, turns: int = 6600, **config: Any
) -> MadeRun:
    """It came to its end."""
    author = _begun(runs_dir, name, began, seed=seed, **config)
    author.play(turns)
    author.writer.event(
        "finished", metric="accuracy", teacher={"validation": {"accuracy": 0.943}},
        student={"validation": {"accuracy": author.best[0]}}, teacher_parameters=109_483_778,
        student_parameters=66_955_010, turns=author.done["student"], best_turn=author.best[1],
    )  # fmt: skip
    author.tell("finished")
    return _ended(author, code=0)


def stopped(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """Somebody asked it to stop."""
    author = _begun(runs_dir, name, began)
    author.play(1300)
    _answered(author, "stop", "accepted", "done")
    author.writer.event(
        "stopped", what="stopped by ada@node7 at student turn 1,180", checkpoint="step-student-00001300"
    )
    author.tell("stopped")
    return _ended(author, code=0)


def killed(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """The kernel ended it for want of memory."""
    author = _begun(runs_dir, name, began)
    author.play(700)
    return _ended(author, code=None, signal="SIGKILL", out_of_memory=True)


def crashed(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """Everything of it is gone, in the middle of a line."""
    author = _begun(runs_dir, name, began)
    author.play(700)
    author.close()
    author.release_locks()
    with (author.folder.events / "000001.jsonl").open("ab") as file:
        file.write(b'{"v":1,"t":1795348999.1,"kind":"metr')
    author.now += 100
    return MadeRun(author)


def not_a_number(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """It runs, and a term has been NaN for a while."""
    author = _begun(runs_dir, name, began)
    author.play(1500)
    author.spoil = {"student/logit_kl.soft": math.nan, "student/total": math.nan, "student/gradient_norm": math.inf}
    author.play(120)
    author.close()
    return MadeRun(author)


def no_gpu(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """It runs on a machine without a GPU."""
    return _with_gpus(runs_dir, name, began, 0)


def eight_gpus(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """It runs on the first of eight GPUs; one is throttled, strangers work on another."""
    return _with_gpus(runs_dir, name, began, 8)


def resumed(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """It was killed at step 1,400 and goes on from step 1,260 (student turn 1,080): turns 1,081 to 1,220 came twice."""
    first = _begun(runs_dir, name, began)
    first.play(1260)
    name_of_checkpoint = "step-student-00001260"
    first.writer.event("checkpoint", stage="student", turn=first.done["student"], path=name_of_checkpoint)
    done, best = dict(first.done), first.best
    first.play(140)
    first.close()
    first.release_locks()
    second = Author(runs_dir, name, began=first.now + 300, attempt=2, seed=7)
    second.take_locks()
    second.begin(teacher=True)
    second.done, second.best = done, best
    second.enter_stage("student", resumed_from=name_of_checkpoint)
    second.play(900)
    second.close()
    return MadeRun(second)


def hostile(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """Its texts, notes and names try to move the cursor, to change colours, to be very long."""
    author = _begun(runs_dir, name, began, teacher=HOSTILE_TEXTS[0], task=HOSTILE_TEXTS[1])
    author.texts = tuple((text, text[::-1], (1, 2)) for text in HOSTILE_TEXTS)
    author.play(150)
    for text in HOSTILE_TEXTS:
        author.writer.event("note", text=text, by=text)
        author.writer.event("alert", level="warning", what=text, todo=text)
        author.log(text)
    author.play(1200)
    author.close()
    return MadeRun(author)


def newer(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """A newer version wrote its latest lines."""
    made = running(runs_dir, name, began=began, turns=300)
    with (made.folder.events / "000001.jsonl").open("ab") as file:
        file.writelines(json.dumps({"v": 2, "t": made.now, "kind": "metrics"}).encode() + b"\n" for _ in range(50))
    return made


def garbage(runs_dir: Path, name: str = NAME, *, began: float = BEGAN, lines: int = 100_000) -> MadeRun:
    """Between its events stand very many lines of garbage, and the last is unfinished."""
    made = running(runs_dir, name, began=began, turns=300)
    junk = (b"\x00\xff\xfe\n", b"[1,2\n", b'{"v":1}\n', b'"\x1b[31m"\n', b"\n")
    with (made.folder.events / "000001.jsonl").open("ab") as file:
        file.writelines(junk[place % len(junk)] for place in range(lines))
        file.write(b'{"v":1,"t":17')
    return made


def empty(runs_dir: Path, name: str = NAME, *, began: float = BEGAN) -> MadeRun:
    """A folder `events`, and nothing in it."""
    author = Author(runs_dir, name, began=began)
    for inner in ("augmentations", "system", "log", "checkpoints"):
        shutil.rmtree(author.folder.path / inner)
    author.now += 60
    return MadeRun(author)


MADE: dict[str, Callable[[Path], MadeRun]] = {
    "waiting": waiting, "running": running, "generator phase": generator_phase, "generator first": generator_first,
    "teacher stage": teacher_stage, "paused": paused, "stalled": stalled, "failed": failed, "finished": finished,
    "stopped": stopped, "killed": killed, "crashed": crashed, "not a number": not_a_number, "no gpu": no_gpu,
    "eight gpus": eight_gpus, "resumed": resumed, "hostile": hostile, "newer": newer, "garbage": garbage,
    "empty": empty,
}  # fmt: skip
"""Every made run by the name of its situation."""


def several(runs_dir: Path) -> list[MadeRun]:
    """Four runs in one folder, two of them finished ones that differ in two settings."""
    return [
        finished(runs_dir, "20261120-0900-sst2-6L-cilda-0001", began=BEGAN - 200_000, turns=1980),
        finished(
            runs_dir, "20261121-0900-sst2-6L-cilda-0002", began=BEGAN - 100_000, seed=2, turns=1980,
            learning_rate=3e-5, mask_fraction=0.15,
        ),
        failed(runs_dir, "20261122-0900-sst2-6L-cilda-0003", began=BEGAN - 10_000),
        running(runs_dir),
    ]  # fmt: skip


def _begun(runs_dir: Path, name: str, began: float, *, seed: int = 1, **config: Any) -> Author:
    author = Author(runs_dir, name, began=began, seed=seed)
    author.take_locks()
    author.write_run(**config)
    author.begin()
    author.enter_stage()
    return author


def _with_gpus(runs_dir: Path, name: str, began: float, gpus: int) -> MadeRun:
    author = Author(runs_dir, name, began=began)
    author.gpus = gpus
    author.take_locks()
    author.write_run()
    author.begin()
    author.enter_stage()
    author.play(1100)
    author.close()
    return MadeRun(author)


def _answered(author: Author, what: str, *answers: str) -> None:
    for answer in answers:
        author.pass_seconds(1)
        place = {"stage": author.stage, "turn": author.done["student"]}
        author.writer.event("request", id="0001", what=what, by="ada@node7", answer=answer, **place)


def _ended(author: Author, **how: Any) -> MadeRun:
    author.close()
    author.release_locks()
    place = {"stage": author.stage, "turn": author.done["student"], "step": author.step}
    content = {"v": 1, "t": author.now, "attempt": 1, "pid": 4242, "signal": None, "out_of_memory": False, **how}
    write_json_atomic(author.folder.exit_json, {**content, **place}, durable=False)
    return MadeRun(author)


def _edit_state(author: Author, **fields: Any) -> None:
    state = open_run(author.folder).state
    write_json_atomic(author.folder.state_json, {**state, **fields}, durable=False)
