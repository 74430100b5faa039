"""The process that works on a bench: it starts its runs, as many at once as may be, and waits for them."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cilda.bench.record import Record, difference, keep_latencies, keep_turns, read_record
from cilda.cli.bench_budget import turns_for_equal_time
from cilda.cli.bench_runs import clear, config_of, has_gpu, latencies_of, need_of, same_place, score_words
from cilda.cli.launch import launch
from cilda.cli.running import Desk
from cilda.cli.threads import cores
from cilda.errors import CildaError
from cilda.runs.control import Request, RunStopped, What, ask
from cilda.runs.layout import RunFolder
from cilda.runs.locks import await_release
from cilda.runs.presence import Presence
from cilda.runs.status import status_of
from cilda.runs.store import read_events

if TYPE_CHECKING:
    from cilda.bench.plan import Cell
    from cilda.config import RunConfig

_LOOK_SECONDS = 0.5
_NAP_SECONDS = 0.1
# Of the memory that is free, what is left to everything else.
_ROOM = 0.85
_MOST_ON_A_GPU = 8
_CORES_A_RUN = 2


@dataclass
class _Work:
    """One run of the bench: a teacher, or a cell that waits for its teacher."""

    folder: RunFolder
    config: RunConfig
    job: str
    cell: Cell | None

    @property
    def task(self) -> str:
        """The task's name in the bench."""
        return self.config.task if self.config.train_file is None else self.config.train_file.stem


@dataclass
class _State:
    """What is known of the bench's runs."""

    waiting: list[_Work]
    alive: list[_Work] = field(default_factory=list)
    done: int = 0
    failed: list[str] = field(default_factory=list)
    teachers: dict[str, str] = field(default_factory=dict)


def run_bench(desk: Desk) -> None:
    """Brings a bench to its end: what has finished is taken as it is, what was stopped goes on.

    Raises:
        CildaError: some runs left no student; all others are done.
        RunStopped: somebody asked for it; its runs have stopped, too.
    """
    writer = desk.writer
    writer.event("started", host=platform.node(), attempt=writer.attempt)
    record = read_record(writer.folder)
    bench = _Bench(record, desk)
    bench.play()
    latencies = latencies_of(record, bench.state.teachers)
    if latencies:
        keep_latencies(writer.folder, latencies)
    failed = bench.state.failed
    if failed:
        listed = ", ".join(failed[:5]) + (", …" if len(failed) > 5 else "")
        raise CildaError(
            f"{len(failed)} of {bench.total} runs left no student: {listed}",
            f"see cilda watch {failed[0]}; try them again with cilda resume {record.folder.id}",
        )
    writer.event("finished", runs=bench.total)
    writer.state("finished")


class _Bench:
    """The loop over a bench's runs."""

    def __init__(self, record: Record, desk: Desk) -> None:
        self.record, self.desk = record, desk
        self.presence = Presence(record.folder)
        cells = [_Work(record.run_of(cell), config, "distill", cell) for cell, config in record.configs.items()]
        self.state = _State([*self._teachers(), *cells])
        self.total = len(self.state.waiting)
        self.jobs = record.jobs
        self.unmeasured: dict[tuple[str, str], str] = {}
        """By task and label, why it is not known how many turns take equal time."""

    def _teachers(self) -> Iterator[_Work]:
        """A run for each task's teacher, which is fine-tuned unless it knows its task already."""
        for task in self.record.plan.tasks:
            cell = next(cell for cell in self.record.plan.cells if cell.task == task)
            config = self.record.configs[cell]
            seed = self.record.plan.seeds[0]
            # What is the student's alone is not its teacher's.
            alone: dict[str, Any] = {"method": "finetune", "weights": {}, "unlabeled_file": None, "labeled_rows": True}
            yield _Work(
                self.record.teacher_run(task),
                config.model_copy(update={**alone, "seed": seed}),
                "finetune",
                None,
            )

    def play(self) -> None:
        """Until no run waits and none is alive."""
        while self.state.waiting or self.state.alive:
            self._take_ended()
            self._start()
            self._tell()
            until = time.monotonic() + _LOOK_SECONDS
            while time.monotonic() < until and (self.state.waiting or self.state.alive):
                self._heed()
                time.sleep(_NAP_SECONDS)

    def _take_ended(self) -> None:
        for work in list(self.state.alive):
            status = status_of(work.folder)
            if status.ended:
                self.state.alive.remove(work)
                self._end(work, status.word, status.why)

    def _start(self) -> None:
        """Starts what may start now."""
        for work in list(self.state.waiting):
            if len(self.state.alive) >= self._at_once():
                return
            if work.cell is not None and work.cell.task not in self.state.teachers:
                if not self._teacher_comes(work.cell.task):
                    self.state.waiting.remove(work)
                    self._fail(work, "it has no teacher")
                continue
            self.state.waiting.remove(work)
            try:
                self._begin(work)
            except CildaError as error:
                self._fail(work, error.what)

    def _teacher_comes(self, task: str) -> bool:
        run = self.record.teacher_run(task)
        return any(work.folder == run for work in (*self.state.waiting, *self.state.alive))

    def _begin(self, work: _Work) -> None:
        """Starts a run, goes on with it, or takes it as it is."""
        if work.cell is not None:
            own: dict[str, Any] = {"teacher": self.state.teachers[work.cell.task]}
            if self.record.equal_time:
                own["max_turns"] = self._turns(work.cell)
            work.config = work.config.model_copy(update=own)
        if work.folder.exists():
            self._refuse_stranger(work)
            status = status_of(work.folder)
            if status.word == "finished":
                self._end(work, status.word, "")
                return
            if status.ended:
                # Who has said that it ended may still be on its way out.
                await_release(work.folder.supervisor_lock, work.folder.trainer_lock)
                launch(work.folder)
            self.state.alive.append(work)
            return
        _make(work, self.record, threads=self._threads())
        launch(work.folder)
        self.state.alive.append(work)

    def _turns(self, cell: Cell) -> int:
        """The student turns of a cell in equal time.

        Raises:
            CildaError: what they take could not be measured.
        """
        found = self.record.turns[cell.task].get(cell.label)
        if found is None:
            why = self.unmeasured.get((cell.task, cell.label), "when its teacher was there")
            raise CildaError(f"what its turns take could not be measured: {why}", "see: cilda check")
        return found

    def _refuse_stranger(self, work: _Work) -> None:
        other = difference(work.folder, work.config, teacher=work.cell is None)
        if other is None and work.cell is not None:
            had = config_of(work.folder).get("teacher")
            other = None if same_place(str(had), work.config.teacher) else "teacher"
        if other is not None:
            raise CildaError(f"a run of its name has another {other}", "remove it, and resume the bench")

    def _end(self, work: _Work, word: str, why: str) -> None:
        """Notes how a run ended."""
        if word != "finished":
            self._fail(work, f"{word}: {why}" if why else word)
            return
        self.state.done += 1
        finished = next(iter(read_events(work.folder.events, {"finished"})), {})
        if work.cell is None:
            self.state.teachers[work.task] = str(finished.get("folder"))
            self._weigh(work.task)
            said = score_words(finished.get("teacher"))
        else:
            said = score_words(finished.get("student"), str(finished.get("metric")))
        clear(work.folder)
        self._say(f"{work.folder.id}: {said} ({self.state.done} of {self.total} runs)")

    def _weigh(self, task: str) -> None:
        """Finds out, where methods get equal time, how many turns of each take as long as the reference's.

        Raises:
            RunStopped: somebody asked for it meanwhile.
            CildaError: a method cannot be looked over.
        """
        if not self.record.equal_time or task in self.record.turns:
            return
        plan = self.record.plan
        configs = {
            cell.label: config.model_copy(update={"teacher": self.state.teachers[task]})
            for cell, config in self.record.configs.items()
            if cell.task == task and cell.seed == plan.seeds[0]
        }
        self._say(f"{task}: measuring what a turn of each method takes")
        self.desk.writer.state("running", doing=f"measuring what a turn of each method takes on {task}")
        self.record.turns[task], failed = turns_for_equal_time(configs, plan.reference, meanwhile=self._heed)
        self.unmeasured |= {(task, label): why for label, why in failed.items()}
        keep_turns(self.record.folder, self.record.turns)
        self._say(f"{task}, student turns: " + ", ".join(f"{one} {n:,}" for one, n in self.record.turns[task].items()))

    def _fail(self, work: _Work, why: str) -> None:
        self.state.failed.append(work.folder.id)
        self._say(f"{work.folder.id} left no student: {why}", level="warning")

    def _say(self, what: str, *, level: str = "info") -> None:
        self.desk.writer.event("alert", level=level, what=what)

    def _tell(self) -> None:
        ended = self.state.done + len(self.state.failed)
        names = ", ".join(work.folder.id.removeprefix(f"{self.record.folder.id}-") for work in self.state.alive)
        self.desk.writer.state(
            "running",
            stage="bench",
            turn=ended,
            total_turns=self.total,
            step=ended,
            total=self.total,
            doing=f"running {names}" if names else "",
        )
        self.desk.writer.tick()

    def _heed(self) -> None:
        """Answers what was asked of the bench, which it asks of its runs in turn.

        Raises:
            RunStopped: somebody asked for it.
        """
        self.presence.look()
        for request in self.desk.orders.poll():
            if request.what == "note":
                self.desk.writer.event("note", text=request.text, by=request.by)
                self.desk.orders.answer(request, "done")
            elif request.what == "stop":
                self._stop(request)
            else:
                self._pass_on(request.what)  # type: ignore[arg-type]
                self.desk.orders.answer(
                    request, "done", why=f"asked of the {len(self.state.alive)} runs that are alive"
                )

    def _pass_on(self, what: What) -> None:
        for work in self.state.alive:
            with suppress(CildaError):
                ask(work.folder, what)

    def _stop(self, request: Request) -> None:
        self.desk.orders.answer(request, "accepted")
        self.desk.writer.state("stopping", doing="waiting for its runs to stop")
        self._pass_on("stop")
        while self.state.alive:
            self.state.alive = [work for work in self.state.alive if not status_of(work.folder).ended]
            self.desk.writer.tick()
            time.sleep(_NAP_SECONDS)
        what = f"stopped by {request.by} after {self.state.done} of {self.total} runs"
        self.desk.orders.answer(request, "done", checkpoint=None)
        self.desk.writer.event("stopped", what=what, checkpoint=None)
        raise RunStopped(what, request, None)

    def _at_once(self) -> int:
        """Runs at once: as asked, or one until it has said what it takes, and then as many as fit."""
        if self.jobs is not None:
            return self.jobs
        first = next((work for work in self.state.alive if work.cell is not None), None)
        need = None if first is None else need_of(first.folder)
        if need is None:
            return 1
        fitting = max(1, int(_ROOM * need[1] / max(1.0, need[0])))
        most = _MOST_ON_A_GPU if has_gpu(first.config if first else None) else max(1, cores() // _CORES_A_RUN)
        self.jobs = min(fitting, most)
        self._say(
            f"{self.jobs} runs at once: a run takes {need[0] / 1e9:.1f} GB of {need[1] / 1e9:.1f}, {cores()} cores"
        )
        return self.jobs

    def _threads(self) -> int | None:
        """Of a run on the CPU: its share of the cores."""
        if has_gpu(None) or not self.jobs or self.jobs == 1:
            return None
        return max(1, cores() // self.jobs)


def _make(work: _Work, record: Record, *, threads: int | None) -> None:
    """A run's folder with its settings."""
    from cilda.cli.launch import new_run

    own: dict[str, Any] = {"name": work.folder.id, "runs_dir": record.runs_dir}
    if threads is not None and work.config.threads is None:
        own["threads"] = threads
    purpose = None if work.cell is not None else "finetune"
    new_run(work.config.model_copy(update=own), {}, job=work.job, purpose=purpose, of_bench=record.folder.id)
