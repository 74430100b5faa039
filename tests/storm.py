"""A storm of kills: runs are killed at random instants, resumed, and must end as if nothing had happened.

`python tests/storm.py N` kills N times, with SIGKILL, the supervisor, the trainer or both, at any instant of its life
and often while a checkpoint is being written. After each kill the run's status must be true and its newest whole
checkpoint must be the one that it goes on from; a run that came to its end must have the same weights as one that
nobody touched. Ends with 0 only if all held; the last line has the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cilda.runs.layout import RunFolder
from cilda.runs.locks import Held, holder
from cilda.runs.status import status_of
from cilda.runs.store import read_events

ROOT = Path(__file__).resolve().parent.parent
SUBJECTS = ("film", "plot", "story")
TARGETS = ("trainer", "supervisor", "both")
LIVE = {"starting", "running", "stopping", "orphaned"}
# What may be said of a run once everything that can still happen has happened.
DEAD = {"trainer": {"killed"}, "supervisor": {"crashed"}, "both": {"crashed", "killed"}}


@dataclass
class Figures:
    """What a storm found."""

    kills: int = 0
    in_checkpoints: int = 0
    runs: int = 0
    lost_checkpoints: int = 0
    wrong_states: int = 0
    wrong_ends: int = 0
    by_target: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TARGETS, 0))

    @property
    def held(self) -> bool:
        """Whether all that was promised held."""
        return not (self.lost_checkpoints or self.wrong_states or self.wrong_ends)

    def line(self) -> str:
        """All in one line."""
        targets = ", ".join(f"{count} of {target}" for target, count in self.by_target.items())
        return (
            f"{self.kills} kills ({targets}; {self.in_checkpoints} during a checkpoint), {self.runs} runs: "
            f"{self.lost_checkpoints} lost checkpoints, {self.wrong_states} wrong states, {self.wrong_ends} wrong ends"
        )


class Storm:
    """Kills runs of one small job until it has killed often enough."""

    def __init__(self, folder: Path, *, seed: int, turns: int, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.figures = Figures()
        self._random = random.Random(seed)
        self._say = say
        self._options = [*job(folder), "--max-turns", str(turns), "--runs-dir", str(folder / "runs")]
        self._start_seconds = 0.0
        self._seconds = 0.0
        self._known: str | None = None

    def rage(self, kills: int) -> Figures:
        """Kills so often, over as many runs as it takes; each run is brought to its end and compared."""
        calm = self._started("calm")
        began = time.monotonic()
        until(lambda: bool(list(calm.checkpoints.glob("step-*"))))
        self._start_seconds = time.monotonic() - began
        until(lambda: status_of(calm).ended)
        self._seconds = time.monotonic() - began
        assert status_of(calm).word == "finished", _log(calm)
        weights = _weights(calm)
        while self.figures.kills < kills:
            run = self._started(f"storm-{self.figures.runs}")
            while self.figures.kills < kills and self._killed(run):
                if not self._resumed(run):
                    break
            until(lambda run=run: status_of(run).ended)  # type: ignore[misc]
            self.figures.runs += 1
            if status_of(run).word != "finished" or _weights(run) != weights:
                self.figures.wrong_ends += 1
                self._say(f"{run.id}: {status_of(run)} and other weights than the calm run\n{_log(run)}")
            shutil.rmtree(run.path / "augmentations")
        return self.figures

    def _started(self, name: str) -> RunFolder:
        _cilda("distill", *self._options, "--name", name)
        return RunFolder(self.folder / "runs" / name)

    def _killed(self, run: RunFolder) -> bool:
        """One kill, and what is said of the run then; False when the run was over before."""
        target = self._random.choice(TARGETS)
        while True:
            self._wait(run)
            if status_of(run).ended:
                return False
            self._known = _newest_whole(run)
            in_the_act = _writing(run)
            if _strike(run, target, self._random):
                break
        self.figures.kills += 1
        self.figures.by_target[target] += 1
        self.figures.in_checkpoints += in_the_act
        if target == "supervisor":
            self._of_an_orphan(run)
        until(lambda: _nobody(run))
        word = status_of(run).word
        if word == "finished":
            # It had done its work before it could be struck.
            return False
        if word not in DEAD[target]:
            self.figures.wrong_states += 1
            self._say(f"{run.id}: {word!r} after a kill of {target}")
        return True

    def _wait(self, run: RunFolder) -> None:
        """For any instant of its life, and often for one in which it writes a checkpoint."""
        if self._random.random() < 0.7:
            training = self._seconds - self._start_seconds
            time.sleep(self._random.uniform(0, self._start_seconds + training / 2))
            return
        deadline = time.monotonic() + self._seconds
        while not _writing(run) and not status_of(run).ended and time.monotonic() < deadline:
            time.sleep(0.0005)

    def _of_an_orphan(self, run: RunFolder) -> None:
        """A trainer without its supervisor is never called dead; it is killed as well."""
        status = status_of(run)
        alive = holder(run.trainer_lock).held is Held.YES
        if alive and status.word not in LIVE | {"finished"}:
            self.figures.wrong_states += 1
            self._say(f"{run.id}: {status} while its trainer works on")
        time.sleep(self._random.uniform(0, 0.3))
        _strike(run, "trainer", self._random)

    def _resumed(self, run: RunFolder) -> bool:
        """Goes on with the run; False when it went wrong. What was whole must be where it goes on from."""
        before = sum(1 for _ in read_events(run.events, {"stage"}))
        _cilda("resume", str(run.path), "--detach")
        if self._known is None:
            return True
        until(lambda: sum(1 for _ in read_events(run.events, {"stage"})) > before or status_of(run).ended)
        stages = list(read_events(run.events, {"stage"}))[before:]
        taken = str(stages[0].get("resumed_from")) if stages else f"nothing: {status_of(run)}"
        if taken < self._known:
            self.figures.lost_checkpoints += 1
            self._say(f"{run.id}: {self._known} was whole, and it went on from {taken}")
        return bool(stages)


def job(folder: Path, *, rows: int = 100) -> list[str]:
    """A job of a few seconds whose state changes in every turn, and which is forever writing checkpoints."""
    from tests.tiny_models import tiny_classifier, tiny_masked_lm

    tiny_classifier("bert", folder / "teacher", labels=("bad", "good"), layers=2, width=16, initializer_range=0.3)
    tiny_masked_lm("bert", folder / "base", layers=2, width=16)
    draw = random.Random(0)
    for name, count in (("rows", rows), ("held", 20)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            table = [(f"the {draw.choice(SUBJECTS)} is {word}", label) for label, word in _words(draw, count)]
            csv.writer(file).writerows([("text", "label"), *table])
    return [
        *("--train", str(folder / "rows.csv"), "--validation", str(folder / "held.csv"), "--text", "text"),
        *("--label", "label", "--teacher", str(folder / "teacher"), "--generator", str(folder / "base")),
        *("--student", "1L", "--max-length", "16", "--batch-size", "8", "--learning-rate", "0.001", "--seed", "3"),
        *("--set", "student_turns=7", "--set", "generator_turns=3", "--set", "evaluate_every=5"),
        *("--set", "checkpoint_every=2", "--set", "generator_learning_rate=0.001", "--detach"),
    ]


def _words(draw: random.Random, count: int) -> list[tuple[str, str]]:
    words = {"bad": ("dull", "poor", "weak"), "good": ("great", "fine", "warm")}
    return [(label, draw.choice(words[label])) for label in ("bad", "good") * (count // 2)]


def _cilda(*arguments: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "import sys; from cilda.cli.main import main; sys.exit(main())", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _strike(run: RunFolder, target: str, draw: random.Random) -> bool:
    """SIGKILL to whoever of the target holds its lock; False where that is nobody, or nobody known yet."""
    struck = False
    for name in [target] if target != "both" else draw.sample(["trainer", "supervisor"], 2):
        seen = holder(run.trainer_lock if name == "trainer" else run.supervisor_lock)
        # In its first milliseconds a process has not signed yet.
        if seen.held is Held.YES and isinstance(pid := seen.says.get("pid"), int):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                struck = True
    return struck


def _writing(run: RunFolder) -> bool:
    return any(path.name.endswith(".unfinished") for path in run.checkpoints.iterdir())


def _newest_whole(run: RunFolder) -> str | None:
    """The newest checkpoint that lies there under its final name."""
    return max((path.name for path in run.checkpoints.glob("step-*")), default=None)


def _nobody(run: RunFolder) -> bool:
    return all(holder(lock).held is Held.NO for lock in (run.supervisor_lock, run.trainer_lock))


def _weights(run: RunFolder) -> bytes:
    path = run.student / "model.safetensors"
    return path.read_bytes() if path.is_file() else b""


def _log(run: RunFolder) -> str:
    logs = sorted(run.log.glob("*.log"))
    return "\n".join(path.read_text(encoding="utf-8", errors="replace")[-1500:] for path in logs[-2:])


def kill(run: RunFolder, *names: str) -> None:
    """SIGKILL for the processes that hold these locks, also for one that has not signed its lock yet."""

    def dead() -> bool:
        seen = [holder(run.path / "lock" / name) for name in names]
        for pid in (one.says.get("pid") for one in seen if one.held is Held.YES):
            if isinstance(pid, int):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return all(one.held is Held.NO for one in seen)

    until(dead)


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Waits for something that another process is about to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come within two minutes"
        time.sleep(0.01)


def main() -> int:
    """Runs a storm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, help="how many kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turns", type=int, default=60, help="student turns of each run")
    arguments = parser.parse_args()
    began = time.monotonic()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(Path(folder), seed=arguments.seed, turns=arguments.turns)
        figures = storm.rage(arguments.kills)
    print(f"{figures.line()}; {time.monotonic() - began:.0f} s")
    return 0 if figures.held else 1


if __name__ == "__main__":
    sys.exit(main())
