"""The application with its keys and its run, without a terminal: Textual's own pilot presses the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder, create
from cilda.runs.writer import RunWriter
from cilda_tui import scene
from cilda_tui.app import Dashboard
from cilda_tui.options import Options
from cilda_tui.remembered import recalled
from tests.tui.made_run import MadeRun, finished, not_a_number, running, several

Asked = list[tuple[str, str, str]]


def options(made: MadeRun, **more: object) -> Options:
    given: dict[str, object] = {
        "runs_dir": made.folder.path.parent, "folder": made.folder, "clock": lambda: made.now, "strict": True,
        "why_read_only": lambda _: "", "hz": 20.0, **more,
    }  # fmt: skip
    return Options(**given)  # type: ignore[arg-type]


def piloted(app: Dashboard, act: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
    """Opens the screen, waits until it shows its run, and acts."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.scene.view is None or app.scene.view.events_taken > 0)
            await act(pilot)

    asyncio.run(run())


async def until(pilot: Pilot[None], reached: Callable[[], bool]) -> None:
    for _ in range(400):
        if reached():
            return
        await pilot.pause(0.02)
    pytest.fail("it never came")


def text(app: Dashboard) -> str:
    return "\n".join(app.canvas.frame.lines())


def test_keys_change_what_is_shown(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        app = Dashboard(options(made))

        async def act(pilot: Pilot[None]) -> None:
            await pilot.press("3", "z")
            assert (app.ui.focus, app.ui.zoomed) == ("examples", True)
            await pilot.press("1", "c")
            assert app.ui.cursor is not None
            await pilot.press("escape", "escape", "tab", "shift+tab", "question_mark")
            await until(pilot, lambda: "esc closes" in text(app))

        piloted(app, act)


def test_what_was_chosen_is_remembered_when_it_is_left(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.json"
    with running(tmp_path / "runs") as made:
        app = Dashboard(options(made, remembered=path))

        async def act(pilot: Pilot[None]) -> None:
            await pilot.press("T", "x", "q")

        piloted(app, act)
    assert (recalled(path).theme, recalled(path).axis) == ("light", "epoch")


def test_a_request_goes_through_the_callback_and_its_refusal_is_told(tmp_path: Path) -> None:
    asked: Asked = []

    def steer(folder: RunFolder, what: str, note: str) -> str:
        asked.append((folder.id, what, note))
        if what == "pause":
            raise CildaError("no space left", "free some")
        return "it is asked"

    with running(tmp_path) as made:
        app = Dashboard(options(made, steer=steer))

        async def act(pilot: Pilot[None]) -> None:
            await pilot.press("K", "n")
            assert asked == []
            await pilot.press("K", "y")
            await until(pilot, lambda: "it is asked" in text(app))
            await pilot.press("P", "y")
            await until(pilot, lambda: "no space left: free some" in text(app))
            await pilot.press("W", "h", "i", "enter")
            await until(pilot, lambda: len(asked) == 3)

        piloted(app, act)
    assert [(what, note) for _, what, note in asked] == [("checkpoint", ""), ("pause", ""), ("note", "hi")]


def test_an_alert_that_stood_before_does_not_ring_and_a_new_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with not_a_number(tmp_path) as made:
        app = Dashboard(options(made))
        rung: list[str] = []
        monkeypatch.setattr(app, "bell", lambda: rung.append("bell"))

        async def act(pilot: Pilot[None]) -> None:
            await until(pilot, lambda: bool(app.scene.view and app.scene.view.alerts) and app._rung is not None)
            assert rung == []
            assert app.ui.message is None
            app._rung = set()
            app.touch()
            await until(pilot, lambda: rung == ["bell"])
            assert "not finite" in text(app).splitlines()[-1]

        piloted(app, act)


def test_an_error_while_drawing_is_told_in_the_screen_s_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("a panel's mistake")

    with running(tmp_path) as made:
        app = Dashboard(options(made, strict=False))

        async def act(pilot: Pilot[None]) -> None:
            monkeypatch.setattr(scene, "draw_dashboard", broken)
            await pilot.press("2")
            await until(pilot, lambda: "ValueError: a panel's mistake" in text(app))
            await pilot.press("question_mark")
            await until(pilot, lambda: "esc closes" in text(app))

        piloted(app, act)


def test_runs_are_laid_over_compared_and_opened(tmp_path: Path) -> None:
    runs = several(tmp_path)
    try:
        app = Dashboard(options(runs[-1]))

        async def act(pilot: Pilot[None]) -> None:
            await pilot.press("4")
            await until(pilot, lambda: len(app.scene.rows) == 4)
            await pilot.press("G", "o")
            assert app.ui.marks == (runs[0].folder.id,)
            await until(pilot, lambda: app.scene.marked(app.ui)[0].events_taken > 0)
            await pilot.press("up", "o", "D")
            await until(pilot, lambda: "learning_rate" in text(app))
            await pilot.press("escape", "equals_sign")
            await until(pilot, lambda: "esc closes" in text(app))
            await pilot.press("escape", "enter")
            await until(pilot, lambda: app.scene.view is not None and app.scene.view.folder.id == runs[1].folder.id)
            assert app.ui.marks == (runs[0].folder.id,)

        piloted(app, act)
    finally:
        for run in runs:
            run.__exit__(None, None, None)


def test_a_finished_run_is_replayed(tmp_path: Path) -> None:
    with finished(tmp_path, turns=1320) as made:
        app = Dashboard(options(made))

        async def act(pilot: Pilot[None]) -> None:
            before = text(app)
            await pilot.press(*["less_than_sign"] * 10)
            await until(pilot, lambda: app.ui.playhead is not None and text(app) != before)
            await pilot.press("space")
            assert app.ui.playhead is None

        piloted(app, act)


def test_a_click_gives_the_keys_to_its_pane(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        app = Dashboard(options(made))

        async def act(pilot: Pilot[None]) -> None:
            await pilot.click(offset=(5, 32))
            assert app.ui.focus == "machine"
            await pilot.click(offset=(90, 10))
            assert (app.ui.focus, app.ui.chart) == ("curves", 1)

        piloted(app, act)


class Line:
    """A line to the terminal, of which a test says how it is."""

    def __init__(self) -> None:
        self.is_slow = self.is_stuck = False
        self.meter = self

    def slow(self) -> bool:
        return self.is_slow

    def stuck(self) -> bool:
        return self.is_stuck

    def rate(self) -> float:
        return 1234.0


def test_a_slow_line_gets_less_and_a_stuck_one_nothing_until_it_moves(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        app = Dashboard(options(made))

        async def act(pilot: Pilot[None]) -> None:
            line = Line()
            app._wire = line  # type: ignore[assignment]
            line.is_slow = True
            await until(pilot, lambda: app.ui.slow and not app.ui.draws_band)
            assert app.ui.sent_rate == 1200.0
            line.is_stuck = True
            before = app.canvas.frame
            await pilot.press("question_mark")
            await pilot.pause(0.2)
            assert app.canvas.frame is before
            line.is_stuck = False
            await until(pilot, lambda: "esc closes" in text(app))

        piloted(app, act)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (10, 3), (59, 15), (60, 16), (300, 100)])
def test_any_size_can_be_drawn(tmp_path: Path, size: tuple[int, int]) -> None:
    with running(tmp_path) as made:
        app = Dashboard(options(made))

        async def act(pilot: Pilot[None]) -> None:
            await pilot.press("question_mark", "escape", "colon", "x", "escape", "4", "z", "5")
            await until(pilot, lambda: (app.canvas.frame.width, app.canvas.frame.height) == size)

        piloted(app, act, size)


def test_a_bench_is_shown_as_the_list_of_its_runs(tmp_path: Path) -> None:
    runs = several(tmp_path)
    bench = runs[0].folder.path.parent / runs[1].folder.id[:8]
    try:
        with RunWriter(create(bench.parent, bench.name)) as writer:
            writer.write_run({"job": "bench", "config": {}})
            writer.event("started", host="here", attempt=1)
            writer.state("finished")
        app = Dashboard(options(runs[-1], folder=RunFolder(bench)))

        async def act(pilot: Pilot[None]) -> None:
            await until(pilot, lambda: runs[1].folder.id in text(app))
            assert (app.ui.focus, app.ui.zoomed, app.ui.run_filter) == ("runs", True, bench.name)
            assert f"cilda table {bench.name}" in text(app) and runs[0].folder.id not in text(app)
            await pilot.press("G", "enter")
            await until(pilot, lambda: app.scene.view is not None and app.scene.view.folder.id == runs[1].folder.id)
            assert (app.ui.focus, app.ui.zoomed) == ("curves", False)

        piloted(app, act)
    finally:
        for run in runs:
            run.__exit__(None, None, None)
