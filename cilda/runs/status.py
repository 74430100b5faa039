"""What a run is doing, or how it ended: decided in one place, from what can be seen of it."""

from __future__ import annotations

import math
import socket
import time
from dataclasses import dataclass
from typing import Any, Literal

from cilda.runs.events import number
from cilda.runs.layout import RunFolder
from cilda.runs.locks import Held, Holder, holder
from cilda.runs.store import RunRecord, open_run

Word = Literal[
    "starting", "running", "paused", "stopping", "finished", "stopped", "failed",
    "killed", "crashed", "stalled", "orphaned", "lost",
]  # fmt: skip

SILENT_SECONDS = 60.0
"""A heartbeat older than this is none: the trainer writes one every five seconds at least."""

MOTIONLESS_SECONDS = 600.0
"""A running trainer whose turns stand still for this long is stalled, though its heart may beat."""

BIRTH_SECONDS = 30.0
"""A folder without any process this young is a run that is just being started."""

ENDS = frozenset({"finished", "stopped", "failed", "killed", "crashed"})
"""The words of runs that nobody works on any more, and that nothing will change by itself."""

_TERMINAL = ("finished", "stopped", "failed")
_LIVE: dict[str, Word] = {
    "starting": "starting", "running": "running", "paused": "paused", "stopping": "stopping",
}  # fmt: skip
_ELSEWHERE = "its machine cannot be asked from here"


@dataclass(frozen=True)
class Status:
    """One word for a run, and where it needs one a reason; the reason may hold a trainer's own words, uncleaned."""

    word: Word
    why: str = ""

    @property
    def ended(self) -> bool:
        """Whether nobody works on it any more; of a run that contact was lost with nobody can say so."""
        return self.word in ENDS

    @property
    def shown(self) -> str:
        """The word as people read it."""
        return "lost contact" if self.word == "lost" else self.word


@dataclass(frozen=True)
class Exit:
    """How a trainer's process ended, as the one who watched it wrote down."""

    attempt: int
    code: int | None
    signal: str | None = None
    out_of_memory: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that a status is decided from. Attempts count from 1; 0 is one that nobody named."""

    supervisor: Held = Held.NO
    supervisor_attempt: int = 0
    trainer: Held = Held.NO
    trainer_attempt: int = 0
    recorded: str | None = None
    """The status in state.json, None while there is no such file."""
    recorded_attempt: int = 0
    exit: Exit | None = None
    heartbeat_age: float | None = None
    movement_age: float | None = None
    age: float = 0.0
    """Seconds since the run was created."""
    supervised: bool = False
    """Whether the process that trains, or trained last, has or had a supervisor."""
    error: str = ""
    """The trainer's own words about its end."""
    doing: str = ""
    """The trainer's own words about what it does before its turns."""


def status_of(run: RunFolder | RunRecord, now: float | None = None) -> Status:
    """What a run is doing at this moment, or how it ended."""
    seconds = time.time() if now is None else now
    if isinstance(run, RunRecord) and _settled(run):
        return decide(Evidence(recorded=run.state["status"], error=_error(run.state)))
    record = open_run(run) if isinstance(run, RunFolder) else run
    status = decide(evidence_of(record, seconds))
    if status.word in ("crashed", "killed", "orphaned"):
        # It may have ended between the reading of its files and the question for its locks.
        status = decide(evidence_of(open_run(record.folder), seconds))
    return status


def evidence_of(record: RunRecord, now: float) -> Evidence:
    """Asks the locks of a run, and puts what they say beside what its files say."""
    folder, state = record.folder, record.state
    # The supervisor first: it is the first to come and the last to go.
    supervisor, trainer = holder(folder.supervisor_lock), holder(folder.trainer_lock)
    supervisor_attempt, trainer_attempt = _attempt(supervisor.says), _attempt(trainer.says)
    recorded = state.get("status")
    return Evidence(
        supervisor=_seen(supervisor, record, older=supervisor_attempt < trainer_attempt),
        supervisor_attempt=supervisor_attempt,
        trainer=_seen(trainer, record, older=trainer_attempt < supervisor_attempt and supervisor.held is Held.YES),
        trainer_attempt=trainer_attempt,
        recorded=recorded if isinstance(recorded, str) else None,
        recorded_attempt=_attempt(state),
        exit=_exit(record.exit),
        heartbeat_age=_heartbeat_age(record, now),
        movement_age=_motionless(state),
        age=max(0.0, now - folder.created_seconds(record.run)),
        supervised=_supervised(supervisor, trainer),
        error=_error(state),
        doing=_text(state, "doing"),
    )


def decide(evidence: Evidence) -> Status:
    """The one rule of what a run's status is."""
    if evidence.trainer is Held.YES:
        return _of_a_living_trainer(evidence)
    if evidence.trainer is Held.UNKNOWN or (evidence.trainer is Held.NO and evidence.supervisor is Held.UNKNOWN):
        return _from_afar(evidence)
    if evidence.supervisor is Held.YES:
        return _of_a_supervisor_alone(evidence)
    return _of_the_dead(evidence)


def _of_a_living_trainer(evidence: Evidence) -> Status:
    if evidence.recorded is None or evidence.recorded_attempt < evidence.trainer_attempt:
        return Status("starting", "the trainer is loading what it needs")
    if evidence.recorded in _TERMINAL:
        return _recorded(evidence)
    if evidence.heartbeat_age is not None and evidence.heartbeat_age > SILENT_SECONDS:
        return Status("stalled", f"the trainer is there, but has not given a sign for {_about(evidence.heartbeat_age)}")
    moves = evidence.recorded in ("running", "stopping")
    if moves and evidence.movement_age is not None and evidence.movement_age > MOTIONLESS_SECONDS:
        return Status("stalled", f"the trainer lives, but nothing has moved for {_about(evidence.movement_age)}")
    word = _LIVE.get(evidence.recorded, "running")
    if evidence.supervised and evidence.supervisor is Held.NO:
        return Status("orphaned", f"its supervisor is gone; still {word}")
    return Status(word, evidence.doing if word in ("starting", "running") else "")


def _of_a_supervisor_alone(evidence: Evidence) -> Status:
    if evidence.recorded is None or evidence.recorded_attempt < evidence.supervisor_attempt:
        return Status("starting", "the trainer is being started")
    if evidence.recorded in _TERMINAL:
        return _recorded(evidence)
    return Status("stopping", "the trainer has ended; its end is being written down")


def _of_the_dead(evidence: Evidence) -> Status:
    newest = max(evidence.supervisor_attempt, evidence.trainer_attempt)
    # That of an attempt before the newest is removed when the next one begins; a copy may still have it.
    written = None if evidence.exit and 0 < evidence.exit.attempt < newest else evidence.exit
    # A process that was killed before its first word leaves that of the one before it.
    if evidence.recorded in _TERMINAL and evidence.recorded_attempt >= max(newest, written.attempt if written else 0):
        return _recorded(evidence)
    if evidence.recorded is None and (newest or written) and not (written and (written.signal or written.code)):
        return Status("crashed", "nobody works on it, and its state.json is missing or damaged: see cilda watch")
    if written is not None:
        return _of_an_exit(written)
    if evidence.recorded is None and newest == 0 and evidence.age < BIRTH_SECONDS:
        return Status("starting", "it was created a moment ago")
    if evidence.recorded is None and newest == 0:
        return Status("crashed", "no process ever worked on it")
    return Status("crashed", "everything of it is gone: a power cut, a reboot or kill -9")


def _from_afar(evidence: Evidence) -> Status:
    """Of another machine's run the files alone tell, and silence is no proof of death."""
    if evidence.recorded in _TERMINAL and (not evidence.exit or evidence.recorded_attempt >= evidence.exit.attempt):
        return _recorded(evidence)
    if evidence.exit is not None:
        return _of_the_dead(evidence)
    if evidence.recorded is None and evidence.age < BIRTH_SECONDS:
        return Status("starting", "it was created a moment ago")
    if evidence.recorded is not None and evidence.heartbeat_age is not None:
        if evidence.heartbeat_age <= SILENT_SECONDS:
            return Status(_LIVE.get(evidence.recorded, "running"), evidence.doing)
        return Status("lost", f"no sign of it for {_about(evidence.heartbeat_age)}; {_ELSEWHERE}")
    return Status("lost", f"it has never given a sign; {_ELSEWHERE}")


def _of_an_exit(exit_record: Exit) -> Status:
    if exit_record.out_of_memory:
        return Status("killed", "out of memory: the kernel ended it")
    if exit_record.signal is not None:
        return Status("killed", exit_record.signal)
    return Status("crashed", f"the trainer ended with code {exit_record.code} without a word; see: cilda logs")


def _recorded(evidence: Evidence) -> Status:
    words: dict[str, Word] = {"finished": "finished", "stopped": "stopped", "failed": "failed"}
    word = words[evidence.recorded or ""]
    return Status(word, evidence.error if word == "failed" else "")


def _settled(record: RunRecord) -> bool:
    """Whether the files alone tell the end: both the trainer and who watched it wrote one down, of one attempt."""
    return (
        record.state.get("status") in _TERMINAL
        and bool(record.exit)
        and _attempt(record.state) == _attempt(record.exit)
    )


def _seen(lock: Holder, record: RunRecord, *, older: bool) -> Held:
    """What a lock says, unless nobody left one here to ask; one of an older attempt elsewhere says nothing."""
    if lock.held is Held.UNKNOWN and older:
        return Held.NO
    host = record.state.get("host") or record.run.get("host")
    if lock.held is Held.NO and not lock.says and isinstance(host, str) and host != socket.gethostname():
        return Held.UNKNOWN
    return lock.held


def _supervised(supervisor: Holder, trainer: Holder) -> bool:
    """Whether the trainer has a supervisor to lose: as it says, or else if one was there for its attempt."""
    said = trainer.says.get("supervised")
    if isinstance(said, bool):
        return said
    attempt = _attempt(trainer.says)
    return bool(supervisor.says) and (attempt == 0 or _attempt(supervisor.says) >= attempt)


def _exit(content: dict[str, Any]) -> Exit | None:
    if not content:
        return None
    code, signal = content.get("code"), content.get("signal")
    return Exit(
        attempt=_attempt(content),
        code=code if type(code) is int else None,
        signal=signal if isinstance(signal, str) else None,
        out_of_memory=content.get("out_of_memory") is True,
    )


def _error(state: dict[str, Any]) -> str:
    return _text(state, "error")


def _text(state: dict[str, Any], key: str) -> str:
    text = state.get(key)
    return text if isinstance(text, str) else ""


def _attempt(content: dict[str, Any]) -> int:
    attempt = content.get("attempt")
    return attempt if type(attempt) is int and attempt > 0 else 0


def _heartbeat_age(record: RunRecord, now: float) -> float | None:
    """By whichever clock makes it younger: the writer's may be wrong, and a copy has a younger file."""
    if not record.state:
        return None
    try:
        by_file = max(0.0, now - record.folder.state_json.stat().st_mtime)
    except OSError:
        by_file = None
    by_clock = _age(record.state.get("heartbeat"), now)
    known = [age for age in (by_file, by_clock) if age is not None]
    return min(known, default=None)


def _motionless(state: dict[str, Any]) -> float | None:
    """How long nothing had moved at the last heartbeat: by the writer's clock alone, and not while its disk is full."""
    beat = number(state.get("heartbeat"))
    return None if beat is None else _age(state.get("moved"), beat)


def _age(then: object, now: float) -> float | None:
    seconds = number(then)
    return None if seconds is None or not math.isfinite(seconds) else max(0.0, now - seconds)


def _about(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
