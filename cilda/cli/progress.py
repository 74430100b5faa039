"""A run's events on stderr as they come: bars on a terminal, plain lines in a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cilda.runs.events import Event, number
from cilda.runs.rate import interrupts
from cilda.runs.stages import StageView
from cilda.runs.words import duration, one_line, packed, score_words, whole

_NARROW = 60
_ALERTS = {"info": ("note", "dim"), "warning": ("warning", "yellow"), "error": ("error", "bold red")}


class ProgressConsole(Console):
    """Stderr, where a closed pipe is an error like any other: rich would end the process, and so the training."""

    def __init__(self, *, stderr: bool = True) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Lets the writer of events drop this listener."""
        raise BrokenPipeError("nobody reads any more")


class TerminalProgress:
    """Listens to a run's events and shows them on stderr; use it as a context manager around the run.

    On a terminal: one line a stage with its turns, time left and texts a second, the losses by term below it, and
    evaluations and alerts as lines above. It is drawn when events come, at most twice a second, and by no thread. With
    `plain` (by default: wherever stderr is no terminal that can move its cursor) each is a line of text, progress every
    five seconds at first and every minute at last. No text of an event is taken for markup or terminal control.

    Nothing is drawn before it is entered, so that what has long happened can be told first. What a run failed of is
    left to the command that runs it, unless this one `says_failure`.
    """

    def __init__(
        self, console: Console | None = None, *, plain: bool | None = None, says_failure: bool = False
    ) -> None:
        self.footer = ""
        """A line below the bars."""
        self._says_failure = says_failure
        self._console = console or ProgressConsole()
        # FORCE_COLOR makes rich take a file for a terminal: colours may be wanted there, a moving cursor never.
        terminal = self._console.is_terminal if console else sys.stderr.isatty()
        able = terminal and not self._console.is_dumb_terminal
        self._stages: dict[str, StageView] = {}
        # What others print to this terminal appears above the bars; stdout in a file or pipe is data and stays there.
        self._live = Live(
            console=self._console,
            get_renderable=lambda: _drawn(self._stages.values(), self._console.width, self.footer),
            auto_refresh=False,
            redirect_stdout=sys.stdout.isatty(),
            vertical_overflow="crop",
        )
        self._plain = not able if plain is None else plain
        self._began_seconds: float | None = None
        self._next_plain_seconds = 0.0
        self._told_turn = ("", 0)
        self._size = self._console.size

    def __enter__(self) -> Self:
        if not self._plain:
            self._size = self._console.size
            self._live.start(refresh=bool(self._stages or self.footer))
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
        kind = event["kind"]
        if self._began_seconds is None or kind == "started":
            self._began_seconds = event["t"]
        if interrupts(event):
            for interrupted in self._stages.values():
                interrupted.interrupted()
        if kind == "started":
            self._started(event)
        elif kind == "stage":
            self._stage(event)
        elif kind == "metrics" and (stage := self._stages.get(str(event.get("stage")))):
            stage.take_metrics(event)
            self._progress(stage, event["t"])
        elif kind == "evaluation":
            self._evaluation(event)
        elif kind == "checkpoint" and (stage := self._stages.get(str(event.get("stage")))):
            stage.worked()
        elif kind == "teacher":
            self._teacher(event)
        elif kind == "layer_map":
            self._layer_map(event)
        elif kind == "alert":
            word, style = _ALERTS.get(str(event.get("level")), _ALERTS["warning"])
            self._say(f"{word}: {one_line(event.get('what'))}", style)
            self._todo(event)
        elif kind == "request":
            self._request(event)
        elif kind == "note":
            by = f" ({one_line(event['by'])})" if event.get("by") else ""
            self._say(f"note: {one_line(event.get('text'))}{by}")
        elif kind == "stopped":
            self._end(event["t"])
            at = f"; goes on from {one_line(event['checkpoint'])}" if event.get("checkpoint") else ""
            self._say(f"stopped, worked for {duration(event['t'] - self._began_seconds)}{at}", "bold")
        elif kind == "finished":
            self._end(event["t"])
            self._say(f"finished, worked for {duration(event['t'] - self._began_seconds)}", "bold")
        elif kind == "failed":
            self._end(event["t"])
            # What went wrong is the command's last word, not said twice.
            self._say(f"ended early, worked for {duration(event['t'] - self._began_seconds)}", "red")
            if self._says_failure:
                self._say(f"failed: {one_line(event.get('what'))}", "red")
                self._todo(event)

    @property
    def stages(self) -> tuple[StageView, ...]:
        """Those that have begun."""
        return tuple(self._stages.values())

    def draw(self) -> None:
        """Draws the bars anew, as after a change of the footer; nothing where there are none."""
        if not self._live.is_started:
            return
        size = self._console.size
        if size != self._size:
            # What was drawn has been wrapped or cut since: nobody can find its lines again.
            self._size = size
            self._console.control(Control.clear(), Control.home())
        self._live.refresh()

    def _started(self, event: Event) -> None:
        attempt = whole(event.get("attempt"))
        if attempt > 1:
            self._say(f"attempt {attempt}", "bold")

    def _request(self, event: Event) -> None:
        what, answer = one_line(event.get("what")), str(event.get("answer"))
        if what in ("note", "stop") and answer == "done":
            # The note and the stop come as events of their own.
            return
        details = [one_line(event[key]) for key in ("checkpoint", "why") if event.get(key)]
        said = f": {', '.join(details)}" if details else ""
        by = f" ({one_line(event['by'])})" if event.get("by") else ""
        self._say(f"request {what}{by} {one_line(answer)}{said}", "yellow" if answer == "refused" else "dim")

    def _stage(self, event: Event) -> None:
        self._end(event["t"])
        name = one_line(event.get("stage"))
        turns = number(event.get("generator_turns"))
        generator_turns = None if turns is None else whole(turns)
        stage = StageView(name, whole(event.get("total_turns")), event["t"], generator_turns=generator_turns)
        stage.turn = whole(event.get("turn"))
        best = number(event.get("best"))
        if best is not None:
            stage.best = (str(event.get("metric") or "score"), best, whole(event.get("best_turn")))
        self._stages[str(event.get("stage"))] = stage
        came_from = event.get("resumed_from")
        if came_from:
            stage.resumed_from(came_from)
        if self._plain or came_from:
            told = f"{name}: {stage.total_turns} turns"
            self._say(f"{told}; goes on from {one_line(came_from)}" if came_from else told)
        if self._plain:
            self._next_plain_seconds = 0.0
        else:
            self.draw()

    def _progress(self, stage: StageView, seconds: float) -> None:
        if not self._plain:
            self.draw()
        elif seconds >= self._next_plain_seconds:
            assert self._began_seconds is not None
            self._next_plain_seconds = seconds + min(60.0, max(5.0, (seconds - self._began_seconds) / 120))
            self._say(stage.line())
            self._told_turn = (stage.name, stage.turn)

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
                    told = self._told_turn == (stage.name, stage.turn)
                    # Not all of it twice.
                    self._say(f"{stage.name}  {stage.turns_words}  {stage.time_words}" if told else stage.line())

    def _say(self, text: str, style: str = "") -> None:
        encoding = self._console.encoding
        shown = text.encode(encoding, "replace").decode(encoding)
        self._console.print(Text(shown, style=style), soft_wrap=self._plain)
        # Printing above the bars draws them again as they were last.
        self.draw()


def _drawn(stages: Collection[StageView], width: int, footer: str = "") -> RenderableType:
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
    below = [Text(footer, style="dim", no_wrap=True, overflow="ellipsis")] if footer else []
    return Group(bars, *(line for stage in stages if not stage.ended for line in _details(stage, width)), *below)


def _bar(stage: StageView) -> ProgressBar:
    return ProgressBar(total=1.0, completed=stage.fraction, complete_style="cyan", finished_style="green")


def _details(stage: StageView, width: int) -> list[Text]:
    """Epoch, best score, and the losses of each player, as wide as the terminal."""
    groups = [("", [words for words in (stage.epoch_words, stage.best_words) if words]), *stage.loss_groups]
    margin = max(len(name) for name, _ in groups) + 2
    return [
        Text.assemble(((name if place == 0 else "").ljust(margin), "dim"), line, no_wrap=True, overflow="crop")
        for name, cells in groups
        for place, line in enumerate(packed(cells, width - margin))
    ]
