"""A run's numbers sent on to trackers that the user runs anyway. What goes wrong there stays there."""

from __future__ import annotations

import math
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from accelerate.tracking import GeneralTracker, MLflowTracker, TensorBoardTracker, TrackioTracker, WandBTracker

from cilda.runs.atomic import read_json, write_json_atomic
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder

Alert = Callable[[str], None]

_WAITING = 10_000
"""Numbers that may wait for a tracker that is slow; what comes then is left out, and counted."""
_END_SECONDS = 20.0
"""How long a run that has ended waits for what is still to be sent."""
_LOOK_SECONDS = 0.1
_LONGEST = 200
_WRITING = threading.Lock()


@contextmanager
def tracked(
    names: Sequence[str], folder: RunFolder, project: str, config: Mapping[str, Any], alert: Alert
) -> Iterator[list[Callable[[Event], None]]]:
    """While open, gives a listener of the run's events for each tracker; at the end what was heard is sent.

    A tracker works in a thread of its own. One that cannot begin, or fails, is named to `alert` once, and left. The
    name of a run at its tracker is kept in the run's folder, so that a resumed run goes on under it.
    """
    senders = [_Sender(name, folder, project, config, alert) for name in names]
    try:
        yield [sender.hear for sender in senders]
    finally:
        deadline = time.monotonic() + _END_SECONDS
        for sender in senders:
            sender.leave()
        for sender in senders:
            sender.wait(max(0.0, deadline - time.monotonic()))


@dataclass(frozen=True)
class _Numbers:
    """What an event says, as a tracker takes it."""

    values: dict[str, float]
    step: int


class _Sender:
    """One tracker, and the thread that talks to it."""

    def __init__(self, name: str, folder: RunFolder, project: str, config: Mapping[str, Any], alert: Alert) -> None:
        self._name = name
        self._folder = folder
        self._project = project
        self._config = config
        self._alert = alert
        self._step = 0
        self._lost = 0
        self._waiting: queue.Queue[_Numbers] = queue.Queue(_WAITING)
        self._failed, self._over = threading.Event(), threading.Event()
        # A tracker that hangs must not keep the process.
        self._thread = threading.Thread(target=self._work, name=f"tracker {name}", daemon=True)
        self._thread.start()

    def hear(self, event: Event) -> None:
        """Takes an event; never waits."""
        self._step = max(self._step, int(event.get("step") or 0))
        values = numbers_of(event)
        if not values or self._failed.is_set():
            return
        try:
            self._waiting.put_nowait(_Numbers(values, self._step))
        except queue.Full:
            self._lost += 1

    def leave(self) -> None:
        """Says that nothing more will come."""
        self._over.set()

    def wait(self, seconds: float) -> None:
        """Waits so long at most until all is sent."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._say("has not taken everything in time: the run ends without it")
        elif self._lost:
            self._say(f"was too slow: {self._lost:,} lines of numbers were left out")

    def _work(self) -> None:
        try:
            tracker = self._begun()
            for found in self._heard():
                tracker.log(found.values, step=found.step)
            tracker.finish()
        except BaseException as error:  # noqa: BLE001  whatever a tracker's library throws, the run goes on
            self._failed.set()
            self._say(f"is left, the run goes on: {type(error).__name__}: {_short(str(error))}")

    def _heard(self) -> Iterator[_Numbers]:
        """All that comes, until nothing more will."""
        while True:
            try:
                yield self._waiting.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if self._over.is_set():
                    return

    def _begun(self) -> GeneralTracker:
        path = self._folder.path / "trackers.json"
        kept = read_json(path)
        known = kept.get(self._name)
        tracker = _MADE[self._name](self._folder, self._project, known or {"token": secrets.token_hex(4)})
        tracker.start()
        if known is None:
            with _WRITING:
                write_json_atomic(path, {**read_json(path), self._name: _identity(tracker, self._name)})
            tracker.store_init_configuration(_flat(self._config))
        return tracker

    def _say(self, what: str) -> None:
        self._alert(f"the tracker {self._name} {what}")


def numbers_of(event: Event) -> dict[str, float]:
    """An event's numbers by name, such as `student/logit_kl.real` or `validation/accuracy`; those that are finite."""
    kind = event.get("kind")
    if kind == "metrics":
        # In the teacher's stage it is the teacher who learns.
        who = "teacher" if event.get("stage") == "teacher" else event.get("player")
        found = {f"{who}/{name}": value.get("mean") for name, value in dict(event.get("values") or {}).items()}
        found[f"{who}/epoch"] = event.get("epoch")
    elif kind == "evaluation":
        place = "teacher/" if event.get("stage") == "teacher" else ""
        found = {
            f"{place}{event.get('split')}/{name}": value for name, value in dict(event.get("scores") or {}).items()
        }
    else:
        return {}
    return {
        name: float(value) for name, value in found.items() if isinstance(value, int | float) and math.isfinite(value)
    }


def _tensorboard(folder: RunFolder, _project: str, _known: Mapping[str, Any]) -> GeneralTracker:
    return TensorBoardTracker(".", folder.path / "tensorboard")


def _trackio(folder: RunFolder, project: str, known: Mapping[str, Any]) -> GeneralTracker:
    name = known.get("name") or f"{folder.id}-{known['token']}"
    return TrackioTracker(project, name=name, resume="allow")


def _wandb(folder: RunFolder, project: str, known: Mapping[str, Any]) -> GeneralTracker:
    import wandb

    # Nobody sits before a run in the background: it fails where it would ask for a key.
    settings = wandb.Settings(silent=True, init_timeout=60, login_timeout=1)
    return WandBTracker(
        project,
        id=known.get("id") or f"{known['token']}{secrets.token_hex(4)}",
        name=folder.id,
        resume="allow",
        dir=str(folder.path),
        settings=settings,
    )


def _mlflow(folder: RunFolder, project: str, known: Mapping[str, Any]) -> GeneralTracker:
    return MLflowTracker(project, run_id=known.get("id"), run_name=folder.id)


_MADE: dict[str, Callable[[RunFolder, str, Mapping[str, Any]], GeneralTracker]] = {
    "tensorboard": _tensorboard,
    "trackio": _trackio,
    "wandb": _wandb,
    "mlflow": _mlflow,
}


def _identity(tracker: GeneralTracker, name: str) -> dict[str, str]:
    """Under what the tracker knows the run."""
    if name == "trackio":
        return {"name": str(tracker.tracker.name)}
    if name == "wandb":
        return {"id": str(tracker.tracker.id)}
    if name == "mlflow":
        return {"id": str(tracker.tracker.info.run_id)}
    return {"folder": "tensorboard"}


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as trackers take them: plain values, and words for all others."""
    return {key: value if isinstance(value, bool | int | float | str) else str(value) for key, value in config.items()}
