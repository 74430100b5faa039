"""`cilda augment`: a whole data set rewritten with a run's generator, as a file to learn from."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.completion import complete_models, complete_runs
from cilda.cli.eval_rows import Asked as AskedRows
from cilda.cli.eval_rows import rows_for
from cilda.cli.eval_target import note, target_of
from cilda.cli.inspect_out import opened
from cilda.cli.run_options import (
    KEEP,
    LEARN,
    METHOD,
    MODELS,
    AllowEmptyOption,
    AllowPickleOption,
    DataDirOption,
    LabelOption,
    MaxLengthOption,
    RunsDirOption,
    TaskOption,
    TextOption,
    TextPairOption,
)
from cilda.cli.settings import looked_up
from cilda.cli.table import show_json
from cilda.errors import CildaError, UsageError

if TYPE_CHECKING:
    from cilda.distill.augment import Augmenter
    from cilda.distill.unfinished import Unfinished
    from cilda.rewrites.query import Query
    from cilda.rewrites.rewrite import Rewrite
    from cilda.rewrites.tables import Format
    from cilda.tasks.rows import Rows

_TELL_SECONDS = 10.0
_MOST_COPIES = 1000


def augment(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|FOLDER",
            help="A run, or a student's folder; by default the latest run that has a student.",
            autocompletion=complete_runs,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A new .parquet, .jsonl, .json or .csv.", rich_help_panel=KEEP
        ),
    ] = None,
    task: TaskOption = None,
    split: Annotated[str | None, typer.Option("--split", help="By default train.", rich_help_panel=LEARN)] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Your own rows: CSV, TSV, JSONL or Parquet.", rich_help_panel=LEARN),
    ] = None,
    text: TextOption = None,
    text_pair: TextPairOption = None,
    label: LabelOption = None,
    allow_empty: AllowEmptyOption = None,
    data_dir: DataDirOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="First N rows after a seeded shuffle.", rich_help_panel=LEARN)
    ] = None,
    max_length: MaxLengthOption = None,
    generator: Annotated[
        str | None,
        typer.Option(
            "--generator",
            help="Masked LM that rewrites; by default the run's own, as its training left it.",
            rich_help_panel=MODELS,
            autocompletion=complete_models,
        ),
    ] = None,
    allow_pickle: AllowPickleOption = None,
    device: Annotated[
        str | None, typer.Option("--device", help="auto, cpu, cuda or cuda:1.", rich_help_panel=MODELS)
    ] = None,
    copies: Annotated[
        int, typer.Option("--copies", metavar="N", help="Rewrites of each row.", rich_help_panel=METHOD)
    ] = 1,
    mask_fraction: Annotated[
        float | None,
        typer.Option(
            "--mask-fraction", help="Share of tokens drawn anew; by default the run's.", rich_help_panel=METHOD
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the rewrites; by default 42.", rich_help_panel=METHOD)
    ] = None,
    judge: Annotated[
        bool,
        typer.Option(
            "--judge/--no-judge",
            help="Ask teacher and student about both texts; without is faster.",
            rich_help_panel=METHOD,
        ),
    ] = True,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="FILTER", help="Keep what fits, as in cilda inspect; repeatable.", rich_help_panel=KEEP
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Drop what an earlier, unfinished call left.", rich_help_panel=KEEP)
    ] = False,
    runs_dir: RunsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Rewrite a whole data set with a run's generator: each row's text anew, its label, and what both models say of it.

    By default the rows that the run learned from. A call that is stopped goes on where it was when it is made again.
    The file can be learned from: cilda distill --train FILE --text COLUMN --label COLUMN.
    """
    from cilda.runs.layout import default_runs_dir

    out, form = _out(out)
    if not 1 <= copies <= _MOST_COPIES:
        raise UsageError(f"--copies is {copies:,}", f"give 1 to {_MOST_COPIES:,}")
    flags = {
        "data_dir": data_dir, "runs_dir": runs_dir, "allow_empty": allow_empty, "allow_pickle": allow_pickle,
        "device": device, "seed": seed,
    }  # fmt: skip
    config = looked_up(flags if mask_fraction is None else {**flags, "mask_fraction": mask_fraction})
    from cilda.cli.evaluate import task_of
    from cilda.distill.augment import Augmenter, Augmenting
    from cilda.distill.probe_models import Asked, summoned
    from cilda.distill.unfinished import Unfinished
    from cilda.rewrites.query import all_of, parse
    from cilda.rewrites.tables import OwnColumns

    found = target_of(target, config.runs_dir or default_runs_dir())
    what = task_of(found, task)
    if what.multi_label:
        raise CildaError(
            f"{found.name} gives several labels to a text: what is kept of rewrites is made for one",
            "name a run or a model with one label a text",
        )
    query = all_of([parse(one, what.labels) for one in where or ()])
    asked = AskedRows(
        split or (None if file else "train"), file, text, text_pair, label, config.data_dir, config.allow_empty
    )
    ((name, rows),) = rows_for(what, asked, found.run).items()
    if limit is not None:
        rows = rows.first(limit, config.seed)
    note(f"{len(rows):,} rows of {name}: {rows.source}")
    models = summoned(
        Asked(
            target=found.name,
            folder=found.folder,
            run=found.run,
            by_run=found.run is not None,
            generator=generator,
            max_length=max_length,
            allow_pickle=config.allow_pickle,
            device=config.device,
        ),
        note,
    )
    fraction = models.mask_fraction if mask_fraction is None else mask_fraction
    augmenter = Augmenter(models, rows, Augmenting(copies, fraction, config.seed, judge))
    beside = out.with_name(f"{out.name}.unfinished")
    if anew:
        beside.unlink(missing_ok=True)
    own = OwnColumns(
        (text or what.texts[0], *((text_pair or what.texts[1],) if len(what.texts) > 1 else ())), label or what.label
    )
    with Unfinished(beside, augmenter.asked()) as unfinished:
        _go_on(augmenter, unfinished, rows, copies)
        kept = Kept(query)
        with opened(out) as sink:
            from cilda.rewrites.tables import write_table

            write_table(kept.of(unfinished), form, sink, what.labels, own)
        unfinished.remove()
    if as_json:
        show_json({"out": str(out), "rows": len(rows), **kept.figures()})
        return
    note(kept.sentence())
    print(out)


@dataclass
class Kept:
    """The rewrites that go into the file, counted on their way."""

    query: Query
    made: int = 0
    written: int = 0
    judged: int = 0
    teacher_flips: int = 0
    student_flips: int = 0
    disagreements: int = 0

    def of(self, unfinished: Unfinished) -> Iterator[Rewrite]:
        """Those that fit, in the order of the rows."""
        from cilda.rewrites.rewrite import rewrite_of

        for event in unfinished.records():
            rewrite = rewrite_of(event)
            if rewrite is None:
                continue
            self.made += 1
            if not self.query.fits(rewrite):
                continue
            self.written += 1
            if len(rewrite.teacher_soft or rewrite.student_soft) > 1:
                self.judged += 1
                self.teacher_flips += rewrite.teacher_flips
                self.student_flips += rewrite.student_flips
                self.disagreements += rewrite.disagree
            yield rewrite

    def figures(self) -> dict[str, int]:
        """All counts by name."""
        return {
            "rewrites": self.made,
            "written": self.written,
            "judged": self.judged,
            "teacher_flips": self.teacher_flips,
            "student_flips": self.student_flips,
            "disagreements": self.disagreements,
        }

    def sentence(self) -> str:
        """What came out, in one line."""
        words = f"{self.written:,} rewrites written" + (f" of {self.made:,}" if self.written < self.made else "")
        if not self.judged:
            return words
        parts = {"the teacher's class": self.teacher_flips, "the student's class": self.student_flips}
        moved = ", ".join(f"{count / self.judged:.1%} change {who}" for who, count in parts.items())
        return f"{words}; {moved}; on {self.disagreements / self.judged:.1%} the two disagree"


def _out(out: Path | None) -> tuple[Path, Format]:
    """Where to, and in which form; refused before hours go into it.

    Raises:
        UsageError: no file is named, or its ending names no format.
        CildaError: something lies there.
    """
    from cilda.cli.beforehand import refuse_taken
    from cilda.rewrites.table_file import ENDINGS

    if out is None:
        raise UsageError("no file is named for the rewritten rows", "name a new one: --out augmented.parquet")
    form = ENDINGS.get(out.suffix.lower())
    if form is None:
        raise UsageError(f"the ending of {out} names no format", f"one of: {', '.join(ENDINGS)}")
    refuse_taken(out, "--out")
    if not os.access(out.absolute().parent, os.W_OK):
        raise CildaError(f"{out.absolute().parent} cannot be written to", "name another folder with --out")
    return out, form


def _go_on(augmenter: Augmenter, unfinished: Unfinished, rows: Rows, copies: int) -> None:
    """Rewrites what is left, and says how far it is."""
    from cilda.distill.augment import CHUNK_ROWS

    if unfinished.chunks:
        note(f"going on after {min(len(rows), unfinished.chunks * CHUNK_ROWS):,} rows")
    began, first, told = time.monotonic(), unfinished.chunks, 0.0
    try:
        while unfinished.chunks < augmenter.chunks:
            unfinished.add(augmenter.chunk(unfinished.chunks))
            seconds = time.monotonic() - began
            if (
                seconds - told >= (0.5 if sys.stderr.isatty() else _TELL_SECONDS)
                or unfinished.chunks == augmenter.chunks
            ):
                told = seconds
                done = min(len(rows), unfinished.chunks * CHUNK_ROWS)
                speed = (done - first * CHUNK_ROWS) * copies / seconds
                _tell(
                    f"{done:,} of {len(rows):,} rows  {done / len(rows):4.0%}  {speed:,.0f} rewrites/s",
                    last=done == len(rows),
                )
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        note(f"stopped after {min(len(rows), unfinished.chunks * CHUNK_ROWS):,} rows; the same command goes on there")
        raise


def _tell(words: str, *, last: bool) -> None:
    if sys.stderr.isatty():
        print(f"\r{words}   ", end="\n" if last else "", file=sys.stderr, flush=True)
    else:
        note(words)
