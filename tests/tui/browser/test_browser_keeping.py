"""What a viewer takes along: marks and notes for the next time, exports, copies, the theme."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cilda_tui.remembered import recalled
from tests.rewrites.made_rewrites import made_run
from tests.tui.browser.piloted import browser, listed, piloted, press, text, until


def test_marks_and_notes_are_there_again_the_next_time(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 30)

    async def mark(pilot: Pilot[None]) -> None:
        await listed(pilot, first.desk, 30)
        press(first, "space", "w", *"odd", "enter")

    async def look(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(second.desk.state.marks) and bool(second.desk.state.notes))
        assert second.desk.state.marks == {29}
        assert second.desk.state.notes == ((28, "odd"),)
        press(second, "m")
        await listed(pilot, second.desk, 2)

    first = browser(folder, tmp_path)
    piloted(first, mark)
    second = browser(folder, tmp_path)
    piloted(second, look)


def test_marks_of_rewrites_that_are_others_now_are_dropped_and_told(tmp_path: Path) -> None:
    async def mark(pilot: Pilot[None]) -> None:
        await listed(pilot, first.desk, 30)
        press(first, "space")

    async def look(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: second.desk.state.message is not None)
        assert second.desk.state.marks == frozenset()

    first = browser(made_run(tmp_path / "runs", 30), tmp_path)
    piloted(first, mark)
    second = browser(made_run(tmp_path / "others", 30, seed=5), tmp_path)
    piloted(second, look)


def test_a_disk_that_keeps_no_marks_is_told(tmp_path: Path) -> None:
    (tmp_path / "marks").write_text("a file where a folder is needed", encoding="utf-8")
    app = browser(made_run(tmp_path / "runs", 3), tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 3)
        press(app, "space")
        await until(pilot, lambda: "not kept for the next time" in text(app))

    piloted(app, act)


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_the_marked_ones_are_exported_and_no_file_is_replaced_without_a_yes(tmp_path: Path, ending: str) -> None:
    app = browser(made_run(tmp_path / "runs", 20), tmp_path)
    path = tmp_path / f"taken.{ending}"

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 20)
        press(app, "space", "space", "e", "ctrl+u")
        app.pasted(str(path))
        press(app, "enter")
        await until(pilot, lambda: "2 rewrites written" in text(app))
        before = path.read_bytes()
        press(app, "M", "y")
        for answer, said in (("n", "left as it is"), ("y", "20 rewrites written")):
            press(app, "e", "ctrl+u")
            app.pasted(str(path))
            press(app, "enter")
            await until(pilot, lambda: "is there already" in text(app))
            assert path.read_bytes() == before
            press(app, answer)
            await until(pilot, lambda said=said: said in text(app))  # type: ignore[misc]
        if ending == "jsonl":
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            assert len(rows) == 20
            assert rows[0]["label"] in ("negative", "positive")

    piloted(app, act)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    app = browser(made_run(tmp_path / "runs", 3), tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 3)
        press(app, "e", "ctrl+u")
        app.pasted(str(tmp_path / "file" / "x.csv"))
        press(app, "enter")
        await until(pilot, lambda: "not written" in text(app))

    piloted(app, act)


def test_a_copy_goes_to_the_clipboard_and_into_a_file(tmp_path: Path) -> None:
    app = browser(made_run(tmp_path / "runs", 3), tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 3)
        press(app, "y")
        await until(pilot, lambda: "copied" in text(app))
        assert app.clipboard.startswith("text\t")
        (path,) = (tmp_path / "exports").iterdir()
        assert path.read_text(encoding="utf-8") == app.clipboard

    piloted(app, act)


def test_the_theme_is_remembered(tmp_path: Path) -> None:
    app = browser(made_run(tmp_path / "runs", 3), tmp_path, remembered=tmp_path / "dashboard.json")

    async def act(pilot: Pilot[None]) -> None:
        press(app, "T", "q")

    piloted(app, act)
    assert recalled(tmp_path / "dashboard.json").theme == "light"


def test_a_read_only_run_is_browsed_and_marked_all_the_same(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 10)
    for path in (folder.augmentations, folder.path):
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 10)
        press(app, "space")
        assert app.desk.state.message is None

    try:
        piloted(app, act)
    finally:
        for path in (folder.path, folder.augmentations):
            path.chmod(stat.S_IRWXU)
