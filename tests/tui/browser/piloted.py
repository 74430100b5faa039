"""The browser with its threads, its run and its files, without a terminal: Textual's own pilot presses the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cilda.runs.layout import RunFolder
from cilda_tui.app import Dashboard
from cilda_tui.browser.app import Browser, Browsing
from cilda_tui.browser.desk import Desk

Act = Callable[[Pilot[None]], Awaitable[None]]


def browser(folder: RunFolder, tmp_path: Path, **more: object) -> Browser:
    given: dict[str, object] = {
        "folder": folder, "cache": tmp_path / "cache", "marks": tmp_path / "marks", "exports": tmp_path / "exports",
        "hz": 20.0, "strict": True, **more,
    }  # fmt: skip
    return Browser(Browsing(**given))  # type: ignore[arg-type]


def piloted(app: Browser | Dashboard, act: Act, size: tuple[int, int] = (120, 40)) -> None:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await act(pilot)

    asyncio.run(run())


async def until(pilot: Pilot[None], reached: Callable[[], bool]) -> None:
    for _ in range(500):
        if reached():
            return
        await pilot.pause(0.01)
    pytest.fail("it never came")


def text(app: Browser | Dashboard) -> str:
    return "\n".join(app.canvas.frame.lines())


def press(app: Browser | Dashboard, *keys: str) -> None:
    """Presses keys as the canvas hands them on, without the pilot's waiting."""
    for key in keys:
        app.pressed(key, key if len(key) == 1 else " " if key == "space" else None)


async def listed(pilot: Pilot[None], desk: Desk, count: int) -> None:
    await until(pilot, lambda: desk.sight().whole and desk.sight().count == count)
