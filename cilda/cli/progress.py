"""A run's events on stderr as they come: bars on a terminal, plain lines in a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cilda.cli.stage_view import StageView, duration, one_line, packed, score_words, whole
from cilda.runs.events import Event, number

_NARROW = 60
_ALERTS = {"info": ("note", "dim"), "warning": ("warning", "yellow"), "error": ("error", "bold red")}


class ProgressConsole(Console):
    """Stderr, where a closed pipe is an error like any other: rich would end the process, and so the training."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Lets the writer of events drop this listener."""
        raise BrokenPipeError("stderr was closed")


class TerminalProgress:
    """Listens to a run's events and shows them on stderr; use it as a context manager around the run.

    On a terminal: one line a stage with its turns, time left and texts a second, the losses by term below it, and
    evaluations and alerts as lines above. It is drawn when events come, at most twice a second, and by no thread. With
    `plain` (by default: wherever stderr is no terminal that can move its cursor) each is a line of text, progress every
    five seconds at first and every minute at last. No text of an event is taken for markup or terminal control.
    """

    def __init__(self, console: Console | None = None, *, plain: bool | None = None) -> None:
        self._console = console or ProgressConsole()
        # FORCE_COLOR makes rich take a file for a terminal: colours may be wanted there, a moving cursor never.
        terminal = self._console.is_terminal if console else sys.stderr.isatty()
        able = terminal and not self._console.is_dumb_terminal
        self._stages: dict[str, StageView] = {}
        # What others print to this terminal appears above the bars; stdout in a file or pipe is data and stays there.
        self._live = Live(
            console=self._console,
            get_renderable=lambda: _drawn(self._stages.values(), self._console.width),
            auto_refresh=False,
            redirect_stdout=sys.stdout.isatty(),
            vertical_overflow="crop",
        )
        self._plain = not able if plain is None else plain
        self._began_seconds: float | None = None
        self._next_plain_seconds = 0.0

    def __enter__(self) -> Self:
        if not self._plain:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._plain:
            # A terminal that has gone cannot be tidied up.
            with contextlib.suppress(OSError):
                self._live.stop()

    def __call__(self, event: Event) -> None:
        """Shows one event.

        Raises:
            OSError: stderr has gone.
        """
        if self._began_seconds is None:
            self._began_seconds = event["t"]
        kind = event["kind"]
        if kind == "stage":
            self._stage(event)
        elif kind == "metrics" and (stage := self._stages.get(str(event.get("stage")))):
            stage.take_metrics(event)
            self._progress(stage, event["t"])
        elif kind == "evaluation":
            self._evaluation(event)
        elif kind == "teacher":
            self._teacher(event)
        elif kind == "layer_map":
            self._layer_map(event)
        elif kind == "alert":
            word, style = _ALERTS.get(str(event.get("level")), _ALERTS["warning"])
            self._say(f"{word}: {one_line(event.get('what'))}", style)
            self._todo(event)
        elif kind == "finished":
            self._end(event["t"])
            self._say(f"finished in {duration(event['t'] - self._began_seconds)}", "bold")
        elif kind == "failed":
            self._end(event["t"])
            # What went wrong is the command's last word, not said twice.
            self._say(f"ended early, after {duration(event['t'] - self._began_seconds)}", "red")

    def _stage(self, event: Event) -> None:
        self._end(event["t"])
        name = one_line(event.get("stage"))
        stage = StageView(name, whole(event.get("total_turns")), event["t"])
        self._stages[str(event.get("stage"))] = stage
        if not self._plain:
            self._live.refresh()
        else:
            self._say(f"{name}: {stage.total_turns} turns")
            self._next_plain_seconds = 0.0

    def _progress(self, stage: StageView, seconds: float) -> None:
        if not self._plain:
            self._live.refresh()
        elif seconds >= self._next_plain_seconds:
            assert self._began_seconds is not None
            self._next_plain_seconds = seconds + min(60.0, max(5.0, (seconds - self._began_seconds) / 120))
            self._say(stage.line())

    def _evaluation(self, event: Event) -> None:
        stage = self._stages.get(str(event.get("stage")))
        if stage:
            stage.take_evaluation(event)
        epoch = number(event.get("epoch"))
        words = [
            one_line(event.get("stage")),
            f"turn {whole(event.get('turn'))}",
            *([] if epoch is None else [f"epoch {epoch:.2f}"]),
            one_line(event.get("split")),
            score_words(event.get("scores")),
        ]
        self._say(
            "  ".join(words) + ("  best so far" if event.get("best") else ""), "bold" if event.get("best") else ""
        )

    def _teacher(self, event: Event) -> None:
        metric, score = one_line(event.get("metric") or "score"), number(event.get("score"))
        said = "" if score is None else f": {metric} {score:.4f}"
        self._say(f"teacher {one_line(event.get('name'))}{said}")

    def _layer_map(self, event: Event) -> None:
        pairs = event.get("layers")
        taken = (
            ", ".join(str(pair[-1]) for pair in pairs if isinstance(pair, list) and pair)
            if isinstance(pairs, list)
            else ""
        )
        said = event.get("description") or (f"its layers are the teacher's {taken}" if taken else "")
        if said:
            self._say(f"student: {one_line(said)}")

    def _todo(self, event: Event) -> None:
        if event.get("todo"):
            self._say(f"  {one_line(event['todo'])}", "dim")

    def _end(self, seconds: float) -> None:
        for stage in self._stages.values():
            if not stage.ended:
                stage.end(seconds)
                if self._plain and stage.turn:
                    self._say(stage.line())

    def _say(self, text: str, style: str = "") -> None:
        encoding = self._console.encoding
        shown = text.encode(encoding, "replace").decode(encoding)
        self._console.print(Text(shown, style=style), soft_wrap=self._plain)
        if not self._plain:
            # Printing above the bars draws them again as they were last.
            self._live.refresh()


def _drawn(stages: Collection[StageView], width: int) -> RenderableType:
    """A line a stage, and below them what the one that runs says of itself."""
    roomy = width >= _NARROW
    bars = Table.grid(padding=(0, 1), expand=roomy)
    bars.add_column(no_wrap=True, style="bold")
    if roomy:
        bars.add_column(ratio=1)
    # As wide as their longest words, so that the bar keeps its length.
    for style, cells in (("", 9), ("cyan", 4), ("", 13), *([("dim", 11)] if roomy else [])):
        bars.add_column(no_wrap=True, style=style, justify="right", min_width=cells)
    for stage in stages:
        words = [stage.turns_words, stage.percent_words, stage.time_words, *([stage.rate_words] if roomy else [])]
        bar = [_bar(stage)] if roomy else []
        bars.add_row(Text(stage.name), *bar, *map(Text, words))
    return Group(bars, *(line for stage in stages if not stage.ended for line in _details(stage, width)))


def _bar(stage: StageView) -> ProgressBar:
    return ProgressBar(total=stage.total_turns, completed=stage.turn, complete_style="cyan", finished_style="green")


def _details(stage: StageView, width: int) -> list[Text]:
    """Epoch, best score, and the losses of each player, as wide as the terminal."""
    groups = [("", [words for words in (stage.epoch_words, stage.best_words) if words]), *stage.loss_groups]
    margin = max(len(name) for name, _ in groups) + 2
    return [
        Text.assemble(((name if place == 0 else "").ljust(margin), "dim"), line, no_wrap=True, overflow="crop")
        for name, cells in groups
        for place, line in enumerate(packed(cells, width - margin))
    ]
