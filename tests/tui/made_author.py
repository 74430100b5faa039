"""Writes a run as a trainer would, by a clock that only the author moves: the same bytes each time."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

from cilda.runs.atomic import read_json, write_json_atomic
from cilda.runs.layout import RunFolder
from cilda.runs.locks import Lock
from cilda.runs.writer import RunWriter

BEGAN = 1_795_348_680.0
"""When the made runs begin: 22 November 2026, 11:58 UTC."""

NAME = "20261122-1158-sst2-6L-cilda-a7f3"
HOST, PID = "node7", 4242
TURN_SECONDS = 0.15
SYSTEM_SECONDS = 1.0
TOTAL_TURNS, GENERATOR_TOTAL = 6000, 600
CYCLE = (60, 600)
"""Turns of the generator, then of the student, again and again."""
EVALUATE_EVERY, RECORD_EVERY, BATCH_SIZE, BATCHES_PER_EPOCH = 200, 50, 32, 2000

REWRITES = (
    ("a gorgeous , witty , seductive movie .", "a gorgeous , funny , seductive mess .", (4, 6)),
    ("the plot is thin and the jokes are old", "the plot is rich and the jokes are old", (3,)),
    ("it never fails to engage us", "it always fails to engage us", (1,)),
    ("a deep and moving portrait of grief", "a deep and dull portrait of nothing", (3, 6)),
    ("one long string of cliches", "one long list of wonders", (2, 4)),
    ("warm , funny and true", "warm , slow and true", (2,)),
)

TERMS = {
    "generator": ("logit_kl.soft", "layer_contrast.soft"),
    "student": ("hard_label.real", "logit_kl.real", "logit_kl.soft"),
}


class Author:
    """One process's work on a run. `folder` is made; `play` plays turns; `close` leaves state.json as of `now`."""

    def __init__(
        self, runs_dir: Path, name: str = NAME, *, began: float = BEGAN, attempt: int = 1, seed: int = 1
    ) -> None:
        self.folder = RunFolder(runs_dir / name)
        self.now = began
        self.locks: list[Lock] = []
        self.done = {"student": 0, "generator": 0}
        self.stage = "student"
        self.status = "starting"
        self.best = (0.0, 0)
        self.gpus = 1
        self.spoil: dict[str, float] = {}
        """Values that stand in a turn's metrics in place of the true ones, by `player/key`."""
        self.texts: tuple[tuple[str, str, tuple[int, ...]], ...] = REWRITES
        self._attempt = attempt
        self._random = random.Random(seed)
        for inner in ("events", "augmentations", "system", "log", "checkpoints"):
            (self.folder.path / inner).mkdir(parents=True, exist_ok=True)
        self.writer = RunWriter(self.folder, attempt=attempt, clock=lambda: self.now, stopwatch=lambda: self.now)
        self._next_system = began

    @property
    def step(self) -> int:
        """Turns of both players."""
        return sum(self.done.values())

    def take_locks(self) -> None:
        """Holds the run's locks as its supervisor and its trainer would."""
        for path in (self.folder.supervisor_lock, self.folder.trainer_lock):
            self.locks.append(Lock.take(path, attempt=self._attempt, supervised=True))

    def release_locks(self) -> None:
        """Lets go of the locks, as the kernel does when their holders die; the files stay."""
        while self.locks:
            self.locks.pop().release()

    def write_run(self, **config: Any) -> None:
        """Writes run.json."""
        settings = {"task": "sst2", "teacher": "bert-base-sst2", "student": "6L", "method": "cilda", "seed": 42}
        settings |= {"batch_size": BATCH_SIZE, "learning_rate": 5e-5, "mask_fraction": 0.3, "epochs": 3.0, **config}
        terms = {
            player: [{"key": key, "weight": round(1 / len(keys), 4), "per_log_batch": False} for key in keys]
            for player, keys in TERMS.items()
        }
        self.writer.write_run(
            {
                "config": settings, "config_hash": "bbaf4eda805a", "origins": {"task": "command line"},
                "method": {"name": "cilda", "source": "Haidar et al. 2022, arXiv:2204.07674"}, "terms": terms,
                "versions": {"cilda": "0.1.0", "torch": "2.13.0"}, "job": "distill", "host": HOST,
                "argv": ["cilda", "distill"],
            }
        )  # fmt: skip

    def begin(self, *, teacher: bool = True) -> None:
        """What comes before the first turn: started, the teacher, the layers."""
        self.writer.event("started", host=HOST, attempt=self._attempt, device="cuda:0" if self.gpus else "cpu")
        self.log("loading bert-base-sst2")
        self.pass_seconds(4)
        if teacher:
            self.writer.event(
                "teacher", name="bert-base-sst2", score=0.943, metric="accuracy",
                scores={"validation": {"accuracy": 0.943}},
            )  # fmt: skip
            self.writer.event("layer_map", layers=[[n, 2 * n] for n in range(1, 7)], description="every second layer")

    def enter_stage(self, stage: str = "student", *, resumed_from: str | None = None) -> None:
        """Begins a stage, or goes on with it."""
        self.stage, self.status = stage, "running"
        more: dict[str, Any] = {"resumed_from": resumed_from} if resumed_from else {}
        if self.best[1]:
            more |= {"best": self.best[0], "best_turn": self.best[1]}
        self.writer.event(
            "stage", stage=stage, turn=self.done["student"], total_turns=TOTAL_TURNS,
            generator_turns=GENERATOR_TOTAL if stage == "student" else 0, batch_size=BATCH_SIZE,
            batches_per_epoch=BATCHES_PER_EPOCH, learning_rate=5e-5, metric="accuracy", **more,
        )  # fmt: skip
        self.tell()

    def play(self, turns: int) -> None:
        """Turns of whoever is next, with all that belongs to them."""
        for _ in range(turns):
            place = self.step % sum(CYCLE)
            player = "generator" if self.stage == "student" and place < CYCLE[0] else "student"
            self.done[player] += 1
            self.pass_seconds(TURN_SECONDS)
            turn = self.done[player]
            epoch = round(self.done["student"] / BATCHES_PER_EPOCH, 4)
            self.writer.metrics(self.stage, player, turn, epoch, self._values(player), step=self.step)
            self.tell()
            if player == "student" and turn % RECORD_EVERY == 0:
                self._record(turn)
            if player == "student" and turn % EVALUATE_EVERY == 0:
                self._evaluate(turn)

    def pass_seconds(self, seconds: float) -> None:
        """Lets time go by; the machine is read each second."""
        end = self.now + seconds
        lines = []
        while self._next_system <= end:
            lines.append(json.dumps(self._reading(self._next_system), separators=(",", ":")) + "\n")
            self._next_system += SYSTEM_SECONDS
        if lines:
            with (self.folder.system / "000001.jsonl").open("a", encoding="ascii") as file:
                file.writelines(lines)
        self.now = end

    def tell(self, status: str | None = None, **fields: Any) -> None:
        """Writes the state, at most once a second of the author's clock."""
        self.status = status or self.status
        best, best_turn = self.best if self.best[1] else (None, None)
        self.writer.state(
            self.status, stage=self.stage, turn=self.done["student"], total_turns=TOTAL_TURNS, step=self.step,
            total=TOTAL_TURNS + (GENERATOR_TOTAL if self.stage == "student" else 0), best=best, best_turn=best_turn,
            epoch=round(self.done["student"] / BATCHES_PER_EPOCH, 4), **fields,
        )  # fmt: skip

    def log(self, text: str) -> None:
        """A line of the trainer's log."""
        with (self.folder.log / f"train.{self._attempt:06d}.log").open(
            "a", encoding="utf-8", errors="surrogatepass"
        ) as file:
            file.write(text + "\n")

    def close(self) -> None:
        """Writes what waits, and puts this machine's name and process out of state.json."""
        self.writer.beat()
        self.writer.close()
        state = read_json(self.folder.state_json)
        if state:
            write_json_atomic(self.folder.state_json, {**state, "host": HOST, "pid": PID}, durable=False)

    def _values(self, player: str) -> dict[str, float]:
        done, random_ = self.done[player], self._random
        fall = math.exp(-done / 900)
        noise = random_.gauss(0, 0.03)
        values: dict[str, float] = {}
        for place, key in enumerate(TERMS[player]):
            base = 0.25 + 0.2 * place + 0.6 * fall if player == "student" else 0.3 + 0.3 * place + 0.2 * (1 - fall)
            values[key] = max(0.01, base + noise + random_.gauss(0, 0.02))
        values["total"] = sum(values.values()) / len(TERMS[player])
        values["gradient_norm"] = 1.5 + fall + abs(noise) * 10
        values["learning_rate"] = 5e-5 * max(0.0, 1 - self.done["student"] / TOTAL_TURNS)
        values["texts_per_second"] = BATCH_SIZE / TURN_SECONDS * (1 + noise)
        values |= {"drawn_fraction": 0.3 + noise / 10, "changed_fraction": 0.18 + noise / 10}
        if player == "student":
            values |= {"agreement.real": 0.97 - 0.3 * fall + noise / 5, "agreement.soft": 0.9 - 0.35 * fall + noise / 5}
        shares = {"data": 0.04, "generator": 0.2, "teacher": 0.25, "student": 0.4, "optimizer": 0.11}
        values |= {f"seconds.{part}": share * TURN_SECONDS for part, share in shares.items()}
        for name, value in self.spoil.items():
            whose, _, key = name.partition("/")
            if whose == player and key in values:
                values[key] = value
        return values

    def _record(self, turn: int) -> None:
        for place in range(2):
            real, soft, drawn = self.texts[(turn // RECORD_EVERY + place) % len(self.texts)]
            sure = 0.97 - 0.3 * math.exp(-turn / 900)
            label = (turn // RECORD_EVERY + place) % 2
            teacher_real, student_real = _two(0.98, label), _two(sure, label)
            flipped = (turn // RECORD_EVERY) % 3 == 0
            teacher_soft, student_soft = _two(0.71, 1 - label if flipped else label), _two(sure - 0.3, label)
            self.writer.augmentation(
                {
                    "turn": turn, "epoch": round(turn / BATCHES_PER_EPOCH, 3), "id": f"train-{turn * 2 + place}",
                    "real": real, "soft": soft, "real_tokens": ["[CLS]", *real.split(), "[SEP]"],
                    "soft_tokens": ["[CLS]", *soft.split(), "[SEP]"], "drawn": [n + 1 for n in drawn], "label": label,
                    "teacher_real": teacher_real, "student_real": student_real, "teacher_soft": teacher_soft,
                    "student_soft": student_soft, "kl_real": _kl(teacher_real, student_real),
                    "kl_soft": _kl(teacher_soft, student_soft),
                }
            )  # fmt: skip

    def _evaluate(self, turn: int) -> None:
        self.pass_seconds(2.0)
        score = round(0.93 - 0.25 * math.exp(-turn / 700) + self._random.gauss(0, 0.004), 4)
        gained = score > self.best[0]
        if gained:
            self.best = (score, turn)
        self.writer.event(
            "evaluation", stage=self.stage, turn=turn, epoch=round(turn / BATCHES_PER_EPOCH, 4), split="validation",
            scores={"accuracy": score}, metric="accuracy", best=gained, seconds=2.0,
        )  # fmt: skip
        name = f"step-{self.stage}-{self.step:08d}"
        self.writer.event("checkpoint", stage=self.stage, turn=turn, path=name)
        self.log(f"turn {turn}: accuracy {score}")

    def _reading(self, seconds: float) -> dict[str, Any]:
        wave = math.sin(seconds / 7)
        reading: dict[str, Any] = {
            "v": 1, "t": round(seconds, 3), "kind": "system", "cpu_fraction": round(0.3 + 0.05 * wave, 3),
            "cores": [round(0.3 + 0.2 * math.sin(seconds / 5 + core), 2) for core in range(8)],
            "memory_used_mb": 21_400 + int(200 * wave), "memory_total_mb": 64_000, "trainer_mb": 6200,
            "trainer_cpu": 1.04, "disk_free_mb": 182_000, "disk_read_mb": 0.1, "disk_written_mb": 0.4,
            "network_in_mb": 0.02, "network_out_mb": 0.01,
        }  # fmt: skip
        if self.gpus:
            reading["gpus"] = [self._gpu(number, wave) for number in range(self.gpus)]
        return reading

    def _gpu(self, number: int, wave: float) -> dict[str, Any]:
        busy = self.status in ("running", "starting")
        return {
            "name": "NVIDIA H100 80GB HBM3", "busy_fraction": round(0.88 + 0.06 * wave, 2) if busy else 0.0,
            "memory_used_mb": 30_500 + 100 * number, "memory_total_mb": 81_559, "celsius": 61 + number,
            "watts": round(410 + 30 * wave, 1) if busy else 71.0, "watts_limit": 700.0,
            "clock_mhz": 1755 if number != 3 else 1200, "throttle_reasons": 4 if number == 3 else 0,
            "ours_mb": 30_000 if number == 0 else 0, "strangers": 1 if number == 5 else 0,
        }  # fmt: skip


def _two(sure: float, label: int) -> list[float]:
    return [round(1 - sure, 4), round(sure, 4)] if label else [round(sure, 4), round(1 - sure, 4)]


def _kl(teacher: list[float], student: list[float]) -> float:
    return round(sum(p * math.log(p / q) for p, q in zip(teacher, student, strict=True)), 4)
