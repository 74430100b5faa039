"""A stage's checkpoints in the run's folder: written, found again, let go."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from cilda.distill.checkpoint import Tree, load_checkpoint, remove_checkpoint, save_checkpoint
from cilda.distill.disk import writing
from cilda.distill.manifest import DamageError, needs_of
from cilda.errors import CildaError
from cilda.runs.layout import reference
from cilda.runs.writer import RunWriter


@dataclass
class BestStudent:
    """The best student's weights, in memory for good: whatever becomes of the disk, the run has its result."""

    name: str
    weights: Tree
    written: bool


class Keeper:
    """Keeps the newest `keep` full checkpoints of a stage, and each best student that one of them refers to.

    A disk that refuses ends nothing and spoils nothing: it is told once in an alert, earlier checkpoints stay as they
    are, and the best student waits in memory for the next occasion. Of several processes one alone `writes`; the others
    have the best student in memory, too.
    """

    def __init__(self, writer: RunWriter, stage: str, keep: int, *, writes: bool = True) -> None:
        self.trouble: CildaError | None = None
        """Why the latest write failed; None if it did not."""
        self._writer = writer
        self._stage = stage
        self._keep = keep
        self._writes = writes
        self.best: BestStudent | None = None
        """The best student so far, if there is one."""
        self._told = ""

    @property
    def folder(self) -> Path:
        """Where all checkpoints of the run lie."""
        return self._writer.folder.checkpoints

    @property
    def best_weights(self) -> Tree | None:
        """The best student so far, on the CPU."""
        return None if self.best is None else self.best.weights

    def keep_best(self, turn: int, weights: Mapping[str, Tensor]) -> None:
        """Takes the best student so far, and writes it if the disk lets it."""
        copy = {name: weight.detach().to("cpu", copy=True) for name, weight in weights.items()}
        self.best = BestStudent(f"best-{self._stage}-{turn:08d}", copy, written=False)
        if self._writes:
            with self._disk():
                self._write_best(self.best)

    def write(self, step: int, state: Mapping[str, Tree]) -> str | None:
        """Writes a full checkpoint and lets go of the oldest; gives its name, or None where the disk refuses it."""
        name, written = f"step-{self._stage}-{step:08d}", None
        with self._disk():
            needs = []
            if self.best is not None:
                # First, and also if somebody has taken it away: a checkpoint is of no use without it.
                self._write_best(self.best)
                needs = [self.best.name]
            save_checkpoint(self.folder, name, state, needs=needs)
            written = name
            self._let_go()
            self._works_again()
        return written

    def holds(self, name: str | None) -> bool:
        """Whether a checkpoint lies there under this name."""
        return name is not None and (self.folder / name).is_dir()

    def newest(self) -> tuple[str, dict[str, Tree]] | None:
        """The newest checkpoint that is whole and whose best student is; damaged ones are told and set aside.

        What killed processes left half written is removed.

        Raises:
            CildaError: a newer version wrote it; or there were some and none is whole. Hours may be lost with them, so
                that the run begins anew only where `layout.give_up` was called.
        """
        for pattern in (".*.unfinished", ".*.removed"):
            for left in self.folder.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)
        damaged: list[tuple[Path, DamageError]] = []
        found = None
        for path in reversed(self._steps()):
            try:
                state = load_checkpoint(path)
                needed = needs_of(path)
            except DamageError as error:
                damaged.append((path, error))
                continue
            try:
                bests = {name: load_checkpoint(self.folder / name) for name in needed}
            except DamageError as error:
                damaged += [(path, error), *((self.folder / name, error) for name in needed)]
                continue
            for name, best in bests.items():
                self.best = BestStudent(name, best["student"], written=True)
            found = path.name, state
            break
        self._set_aside(damaged, "none is left" if found is None else f"the run goes on from {found[0]}")
        lost = sorted(path.name for path in self.folder.glob(f".damaged-step-{self._stage}-*"))
        if (lost or damaged) and found is None:
            raise CildaError(
                f"none of this run's checkpoints is whole: {', '.join(lost)}",
                f"they lie in {self.folder}, where a best-{self._stage}-… may still be whole; "
                f"to give them up and begin anew: cilda resume {reference(self._writer.folder)} --anew",
            )
        return found

    def _steps(self) -> list[Path]:
        """This stage's full checkpoints, the newest last."""
        return sorted(
            path
            for path in self.folder.glob(f"step-{self._stage}-*")
            if re.fullmatch(rf"step-{self._stage}-\d{{8,}}", path.name)
        )

    def _set_aside(self, damaged: list[tuple[Path, DamageError]], way: str) -> None:
        """Renames damaged checkpoints so that nobody takes them for whole; they stay for whoever wants to look."""
        for path, error in damaged:
            if path.name.startswith("step-"):
                what = f"{error.what}; {path.name} is set aside, {way}"
                self._writer.event("alert", level="warning", what=what, todo="")
            name, number = f".damaged-{path.name}", 1
            while path.with_name(name).exists():
                number += 1
                name = f".damaged-{path.name}-{number}"
            with contextlib.suppress(OSError):
                path.rename(path.with_name(name))

    def _write_best(self, best: BestStudent) -> None:
        if not (best.written and self.holds(best.name)):
            save_checkpoint(self.folder, best.name, {"student": best.weights})
            best.written = True

    def _let_go(self) -> None:
        """Removes the oldest beyond those to keep, then the best students that none of the others refers to."""
        steps = self._steps()
        kept = steps[-self._keep :]
        needed = {path.name for path in kept}
        if self.best is not None:
            needed.add(self.best.name)
        for path in kept:
            with contextlib.suppress(CildaError):
                needed.update(needs_of(path))
        for path in (*steps, *self.folder.glob(f"best-{self._stage}-*")):
            if path.name not in needed:
                with writing(path):
                    remove_checkpoint(path)

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """While open, what the disk refuses is told, once for each kind of trouble."""
        self.trouble = None
        try:
            yield
        except CildaError as error:
            self.trouble = error
            kind = re.sub(r"(step|best)-[\w-]+", "", error.what)
            if kind != self._told:
                self._told = kind
                what = f"a checkpoint could not be written: {error.what}; training goes on and tries again"
                self._writer.event("alert", level="warning", what=what, todo=error.todo)

    def _works_again(self) -> None:
        if self._told:
            self._told = ""
            self._writer.event("alert", level="info", what="checkpoints can be written again", todo="")


def forget(folder: Path, stage: str) -> None:
    """Removes a stage's checkpoints when its result is kept elsewhere; what the disk refuses to remove stays."""
    for kind in ("step", "best"):
        for path in folder.glob(f"{kind}-{stage}-*"):
            with contextlib.suppress(OSError):
                remove_checkpoint(path)
