"""Somebody who works on a run as a trainer does, without models: it holds the lock, writes events, answers requests."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cilda.runs.control import Orders, Request
from cilda.runs.layout import RunFolder, create
from cilda.runs.locks import Lock
from cilda.runs.writer import RunWriter

CONFIG = {"task": "sst2", "method": "cilda", "teacher": "bert-base", "student": "6L"}


def new_run(runs_dir: Path, name: str = "one", **fields: Any) -> RunFolder:
    """A run's folder with its run.json, created an hour ago."""
    folder = create(runs_dir, name)
    run = {"v": 1, "t": time.time() - 3600, "id": name, "job": "distill", "config": CONFIG, **fields}
    folder.run_json.write_text(json.dumps({"host": socket.gethostname(), **run}), encoding="utf-8")
    return folder


def ended_run(runs_dir: Path, name: str = "one", status: str = "finished", **state: Any) -> RunFolder:
    """A run that has ended so."""
    folder = new_run(runs_dir, name)
    with RunWriter(folder) as writer:
        writer.event("started", attempt=1)
        writer.event("stage", stage="student", total_turns=10)
        writer.metrics("student", "student", 10, 1.0, {"total": 0.5})
        if status in ("finished", "stopped"):
            writer.event(status)
        else:
            writer.event("failed", what=state.get("error", "?"))
        writer.state(status, stage="student", turn=10, total_turns=10, **state)
    return folder


class Standin:
    """Works on a run in a thread until it is told to stop, or `end` is called; deaf, it answers nobody."""

    def __init__(self, folder: RunFolder, *, deaf: bool = False, refuses: str = "") -> None:
        self.folder = folder
        self._deaf = deaf
        self._refuses = refuses
        self._over = threading.Event()
        self._lock = Lock.take(folder.trainer_lock, attempt=1, supervised=False)
        self._writer = RunWriter(folder)
        self._writer.event("started", attempt=1)
        self._writer.event("stage", stage="student", total_turns=100)
        self._writer.metrics("student", "student", 3, 0.1, {"total": 0.5}, step=5)
        self._writer.state("running", stage="student", turn=3, total_turns=100, step=5, total=200)
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self, status: str = "stopped") -> None:
        """Ends the run, once."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self._finish(status)

    def _work(self) -> None:
        orders = Orders(self.folder, self._writer)
        while not self._over.wait(0.02):
            for request in () if self._deaf else orders.poll(at_once=True):
                if self._refuses:
                    orders.answer(request, "refused", why=self._refuses)
                    continue
                orders.answer(request, "accepted")
                self._answer(orders, request)

    def _answer(self, orders: Orders, request: Request) -> None:
        if request.what == "note":
            self._writer.event("note", text=request.text, by=request.by)
        if request.what == "pause":
            self._writer.state("paused")
        done = {"checkpoint": "step-student-00000005", "stage": "student", "turn": 3}
        orders.answer(request, "done", **(done if request.what in ("checkpoint", "stop") else {}))
        if request.what == "stop":
            self._over.set()
            self._finish("stopped")

    def _finish(self, status: str) -> None:
        self._writer.event(status, **({"what": "?"} if status == "failed" else {}))
        self._writer.state(status)
        self._writer.close()
        self._lock.release()
