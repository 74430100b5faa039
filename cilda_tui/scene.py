"""What is on the screen: the run that is followed, the list of runs, the log, and runs laid over the charts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cilda.runs.layout import RunFolder
from cilda_tui.controls import kept
from cilda_tui.dashboard import draw_dashboard
from cilda_tui.export import Taken
from cilda_tui.feed import Feed
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.layout import Placed, arrange, charts_placed
from cilda_tui.log_tail import LogTail, LogText
from cilda_tui.look import THEMES
from cilda_tui.options import Options
from cilda_tui.panels.compare import difference_rows, draw_differences, draw_table, score_rows
from cilda_tui.panels.curves import first_chart
from cilda_tui.panels.examples import chosen_examples
from cilda_tui.plot import Plot
from cilda_tui.plots import chart_names, plot_named
from cilda_tui.poller import Poller
from cilda_tui.run_rows import RunList, RunRow, shown_rows
from cilda_tui.screens.help import draw_help, help_rows
from cilda_tui.screens.palette import draw_palette
from cilda_tui.screens.prompt import draw_prompt
from cilda_tui.sight import Sight
from cilda_tui.tables import (
    Table,
    newest_of_plot,
    table_of_events,
    table_of_examples,
    table_of_log,
    table_of_machine,
    table_of_plot,
    table_of_runs,
)
from cilda_tui.ui import PANES, Ui
from cilda_tui.view import RunView

_LIST_SECONDS = 3.0
_LIST_UNSEEN_SECONDS = 30.0
_LOG_SECONDS = 0.5
_LOG_UNSEEN_SECONDS = 10.0


class Scene:
    """Follows what is shown, in threads of its own; all else happens on the thread that draws.

    `on_ui` runs a function there and waits for it, `changed` says that there is something new to draw.
    """

    def __init__(
        self, options: Options, on_ui: Callable[[Callable[[], None]], None], changed: Callable[[], None]
    ) -> None:
        self.folder: RunFolder | None = None
        self.last: RunFolder | None = None
        """The run that was shown last."""
        self._options = options
        self._on_ui = on_ui
        self._changed = changed
        self._feed: Feed | None = None
        self._marked: dict[str, Feed] = {}
        self._list = RunList(options.runs_dir)
        self._log: LogTail | None = None
        self._list_poller: Poller[tuple[RunRow, ...]] | None = None
        self._log_poller: Poller[LogText] | None = None
        self._overlay_rows = 0

    @property
    def view(self) -> RunView | None:
        """The run shown."""
        return None if self._feed is None else self._feed.view

    @property
    def rows(self) -> tuple[RunRow, ...]:
        """The runs that there are."""
        return self._list.rows

    def start(self, folder: RunFolder | None) -> None:
        """Begins to follow a run, or only the list of runs."""
        if folder is not None:
            self.open(folder)
        seconds = _LIST_SECONDS if folder is None else _LIST_UNSEEN_SECONDS
        self._list_poller = Poller(lambda: self._list.poll(self._options.clock()), self._changed, seconds=seconds)

    def open(self, folder: RunFolder) -> None:
        """Follows this run from now on."""
        self.close()
        self.folder = self.last = folder
        self._forget(folder.id)
        self._feed = Feed(folder, self._on_ui, self._changed, clock=self._options.clock)
        self._feed.start()
        self._log = LogTail(folder)
        self._log_poller = Poller(self._log.poll, self._changed, seconds=_LOG_UNSEEN_SECONDS)

    def close(self) -> None:
        """Follows no run any more."""
        if self._feed is not None:
            self._feed.stop()
        if self._log_poller is not None:
            self._log_poller.stop()
        self.folder = self._feed = self._log = self._log_poller = None

    def stop(self) -> None:
        """Follows nothing any more."""
        self.close()
        if self._list_poller is not None:
            self._list_poller.stop()
        for feed in self._marked.values():
            feed.stop()

    def poke(self) -> None:
        """Something was asked of the run: looks at once for what comes of it."""
        if self._feed is not None:
            self._feed.poke()

    def folder_of(self, run: str) -> RunFolder | None:
        """The folder of a run in the list."""
        return next((row.summary.folder for row in self.rows if row.id == run), None)

    def load(self, run: str) -> None:
        """Reads a run that is laid over the charts."""
        folder = self.folder_of(run)
        if folder is not None and run not in self._marked:
            self._marked[run] = Feed(folder, self._on_ui, self._changed, clock=self._options.clock)
            self._marked[run].start()

    def marked(self, ui: Ui) -> list[RunView]:
        """The runs that are laid over the charts, in their order, as far as they are read."""
        for run in [run for run in self._marked if run not in ui.marks]:
            self._forget(run)
        return [self._marked[run].view for run in ui.marks if run in self._marked]

    def sight(self, ui: Ui, width: int, height: int) -> Sight:
        """What keys need to know."""
        view, placed = self.view, self._arranged(ui, width, height)
        charts = charts_placed(placed)
        focused = next((place for place in placed if place.pane == ui.focus), None)
        rows, _ = shown_rows(self.rows, ui, self._options.clock())
        sight = Sight(
            page=max(1, height - 1 if ui.overlay else focused.height - 1 if focused else 1),
            columns=max(1, charts[0].width - 8) if charts else 1,
            runs=tuple(row.id for row in rows),
            overlay_rows=self._overlay_rows,
            themes=tuple(THEMES),
            home=self._options.folder is None,
        )
        if view is None:
            return sight
        names = chart_names(view, ui)
        plot = plot_named(view, ui, [], names[min(ui.chart, len(names) - 1)]) if names else None
        # Filtering texts takes milliseconds: only for whom it matters.
        examples = chosen_examples(view, ui) if ui.focus == "examples" or ui.pinned is not None else []
        return replace(
            sight,
            run=view.folder.id,
            status=view.status.word,
            ended=view.status.ended,
            began=view.began,
            now=view.now,
            stages=tuple(view.stages),
            charts=names,
            extent=None if plot is None else plot.whole(),
            examples=tuple(example.key for example in reversed(examples)),
            log_lines=len(self._log.text.lines) if self._log else 0,
            events=len(view.notices),
        )

    def kept(self, ui: Ui, width: int, height: int) -> Ui:
        """The same, as what is there by now wants it; and what is not in sight is read more rarely."""
        panes = {place.pane for place in self._arranged(ui, width, height)} if width and height else set()
        if self._log_poller is not None:
            self._log_poller.every(_LOG_SECONDS if "log" in panes else _LOG_UNSEEN_SECONDS)
        if self._list_poller is not None:
            self._list_poller.every(_LIST_SECONDS if "runs" in panes else _LIST_UNSEEN_SECONDS)
        moves = ui.follow or ui.pinned is not None or ui.chart
        return kept(ui, self.sight(ui, width, height)) if moves else ui

    def frame(self, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
        """Everything, as it looks now."""
        log = self._log.text if self._log else None
        marked = self.marked(ui)
        if ui.overlay == "help":
            self._overlay_rows = help_rows(ui, width, glyphs)
            frame = draw_help(ui, width, height, glyphs)
        elif ui.overlay in ("differences", "table"):
            frame = self._comparison(ui, marked, width, height, glyphs)
        else:
            frame = draw_dashboard(
                self.view, ui, width, height, glyphs, log=log, runs=self.rows, marked=marked,
                now=self._options.clock(), trouble=self._list.trouble,
            )  # fmt: skip
        if ui.overlay == "palette":
            palette = draw_palette(ui, width, height - 1, glyphs)
            frame.paste(palette, 0, max(0, height - 1 - palette.height))
        if ui.prompt is not None:
            frame.paste(draw_prompt(ui.prompt, width, glyphs), 0, height - 1)
        return frame

    def focused_at(self, ui: Ui, x: int, y: int, width: int, height: int) -> Ui:
        """The pane there has the keys, and if it is a chart, it has the focus."""
        placed = self._arranged(ui, width, height)
        there = (place for place in placed if 0 <= x - place.x < place.width and 0 <= y - place.y < place.height)
        place = next((place for place in there if place.pane in PANES), None)
        if place is None:
            return ui
        first = first_chart(ui, len(charts_placed(placed)))
        return ui.with_(focus=place.pane, chart=first + place.index if place.pane == "curves" else ui.chart)

    def taken(self, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Taken:
        """What the focused pane shows: its cells, and the data behind them."""
        frame, view = self.frame(ui.with_(overlay="", prompt=None), width, height, glyphs), self.view
        run = "runs" if view is None else view.folder.id
        plot = self._plot(ui)
        name = f"{run}-{plot.title}" if plot is not None else f"{run}-{ui.focus}"
        return Taken(name, self._table(ui, plot), self._part(frame, ui, width, height), plot)

    def text_of(self, ui: Ui, width: int, height: int, glyphs: Glyphs) -> str:
        """What the focused pane says, for a clipboard: of a chart each line's newest value, else its lines."""
        plot = self._plot(ui)
        if plot is not None:
            return newest_of_plot(plot)
        frame = self.frame(ui.with_(overlay="", prompt=None), width, height, glyphs)
        return "\n".join(self._part(frame, ui, width, height).lines()).strip("\n") + "\n"

    def _comparison(self, ui: Ui, marked: list[RunView], width: int, height: int, glyphs: Glyphs) -> Frame:
        views = [*([self.view] if self.view else []), *marked]
        # Two rows of heads stand above them.
        if ui.overlay == "differences":
            self._overlay_rows = 2 + len(difference_rows(views, glyphs))
            return draw_differences(views, ui, width, height, glyphs)
        self._overlay_rows = 2 + len(score_rows(views, ui, glyphs))
        return draw_table(views, ui, width, height, glyphs)

    def _plot(self, ui: Ui) -> Plot | None:
        view = self.view
        if view is None or ui.focus != "curves":
            return None
        names = chart_names(view, ui)
        return plot_named(view, ui, self.marked(ui), names[min(ui.chart, len(names) - 1)]) if names else None

    def _table(self, ui: Ui, plot: Plot | None) -> Table:
        view = self.view
        if plot is not None:
            return table_of_plot(plot)
        if view is None or ui.focus == "runs":
            return table_of_runs(self.rows, ui, self._options.clock())
        if ui.focus == "machine":
            return table_of_machine(view)
        if ui.focus == "examples":
            return table_of_examples(view, ui)
        return table_of_log(self._log.text if self._log else None) if ui.focus == "log" else table_of_events(view)

    def _arranged(self, ui: Ui, width: int, height: int) -> list[Placed]:
        return arrange(width, height, ui, 1 if self.view is None else len(chart_names(self.view, ui)))

    def _part(self, frame: Frame, ui: Ui, width: int, height: int) -> Frame:
        for place in self._arranged(ui, width, height):
            if place.pane == ui.focus:
                return frame.part(place.x, place.y, place.width, place.height)
        return frame

    def _forget(self, run: str) -> None:
        feed = self._marked.pop(run, None)
        if feed is not None:
            feed.stop()
