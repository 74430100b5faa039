"""The browser with its threads, its run and its files, without a terminal: Textual's own pilot presses the keys."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cilda.runs.layout import RunFolder
from cilda_tui.app import Dashboard
from cilda_tui.browser.app import Browser, Browsing
from cilda_tui.browser.desk import Desk
from cilda_tui.remembered import recalled
from tests.rewrites.made_rewrites import made_run, write_rewrites
from tests.tui.made_run import running
from tests.tui.test_app import options as dashboard_options

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


def test_all_rewrites_are_listed_filtered_and_searched(tmp_path: Path) -> None:
    app = browser(made_run(tmp_path / "runs", 300), tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        desk = app.desk
        await listed(pilot, desk, 300)
        await pilot.press("f", *"flip")
        await until(pilot, lambda: desk.sight().whole and 0 < desk.sight().count < 300)
        await pilot.press("escape")
        await listed(pilot, desk, 300)
        await pilot.press("slash", *"not")
        await until(pilot, lambda: len(desk.sight().hits) > 0 and not desk.sight().searching)
        await pilot.press("enter")
        await until(pilot, lambda: not desk.state.seeking)
        first = desk.state.selected
        await pilot.press("n")
        assert desk.state.selected != first

    piloted(app, act)


def test_what_comes_while_one_looks_is_listed_and_the_bar_stays(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 40)
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        desk = app.desk
        await listed(pilot, desk, 40)
        press(app, "j", "j", "slash", *"not", "enter")
        await until(pilot, lambda: not desk.state.seeking and not desk.sight().searching)
        before, hits = desk.sight().place, len(desk.sight().hits)
        write_rewrites(folder.augmentations, 40, seed=3)
        await listed(pilot, desk, 80)
        assert desk.sight().place == before
        await until(pilot, lambda: len(desk.sight().hits) > hits)

    piloted(app, act)


def test_a_run_that_has_not_written_yet_is_waited_for(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 0)
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "no rewrites yet" in text(app))
        press(app, "j", "t", "space", "e", "y", "enter")
        write_rewrites(folder.augmentations, 5)
        await listed(pilot, app.desk, 5)

    piloted(app, act)


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


def test_the_same_text_is_followed_and_neighbours_are_gone_to(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 60)
    write_rewrites(folder.augmentations, 60)
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        desk = app.desk
        await listed(pilot, desk, 120)
        press(app, "j", "t")
        await listed(pilot, desk, 2)
        assert len(desk.sight().course) == 2
        press(app, "t")
        await listed(pilot, desk, 120)
        assert desk.state.selected == 118
        press(app, "left_square_bracket")
        await until(pilot, lambda: desk.state.message is not None)
        assert desk.sight().place == 58
        press(app, "left_square_bracket")
        await until(pilot, lambda: "the first of 2 of the same text" in text(app))
        press(app, "right_curly_bracket")
        await until(pilot, lambda: "of the same turn" in text(app))

    piloted(app, act)


def test_a_neighbour_that_the_filter_hides_is_shown_beside_the_list(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 60)
    app = browser(folder, tmp_path, where="id:" + "9" * 9)

    async def act(pilot: Pilot[None]) -> None:
        desk = app.desk
        await until(pilot, lambda: "no rewrite passes the filter" in text(app))
        press(app, "f", "ctrl+u", *"turn=3", "enter")
        await listed(pilot, desk, 8)
        press(app, "escape", "f", *"turn=3 kl>0.2", "enter")
        await until(pilot, lambda: desk.sight().whole and 0 < desk.sight().count < 8)
        press(app, "right_curly_bracket", "right_curly_bracket")
        await until(pilot, lambda: desk.state.message is not None and desk.state.prompt is None)
        press(app, "escape")
        assert desk.state.aside is None

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


def test_clicks_and_the_wheel_move_the_bar_and_heads_sort(tmp_path: Path) -> None:
    app = browser(made_run(tmp_path / "runs", 100), tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        desk = app.desk
        await listed(pilot, desk, 100)
        await pilot.click(offset=(30, 6))
        assert desk.state.selected == 95
        desk.scrolled(5, 5, 1)
        assert desk.state.selected == 92
        await pilot.click(offset=(app.canvas.frame.text(1).index("kl"), 1))
        assert desk.state.order is not None and desk.state.order.column == "kl"

    piloted(app, act)


def test_the_theme_is_remembered(tmp_path: Path) -> None:
    app = browser(made_run(tmp_path / "runs", 3), tmp_path, remembered=tmp_path / "dashboard.json")

    async def act(pilot: Pilot[None]) -> None:
        press(app, "T", "q")

    piloted(app, act)
    assert recalled(tmp_path / "dashboard.json").theme == "light"


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made_run(tmp_path / "runs", 3)
    (folder.augmentations / "000001.jsonl").unlink()
    folder.augmentations.rmdir()
    folder.augmentations.write_text("a file where a folder should be", encoding="utf-8")
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "cannot read" in text(app))

    piloted(app, act)


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


def test_hostile_and_damaged_records_are_listed_as_far_as_they_are_rewrites(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 0)
    write_rewrites(folder.augmentations, 200, hostile=True)
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 200)
        press(app, *["j"] * 20, "enter", "G", "escape", "O", "t", "escape", "s", "s")
        await until(pilot, lambda: app.desk.sight().whole)

    piloted(app, act, size=(80, 24))


def test_the_dashboard_opens_it_on_the_example_shown_and_comes_back(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        app = Dashboard(dashboard_options(made))

        async def act(pilot: Pilot[None]) -> None:
            await until(pilot, lambda: app.scene.view is not None and len(app.scene.view.examples) > 5)
            press(app, "3", "left", "left", "enter")
            assert app.scene.view is not None
            example = app.scene.view.examples[len(app.scene.view.examples) - 3]
            await until(pilot, lambda: app.desk is not None and app.desk.state.selected is not None)
            desk = app.desk
            assert desk is not None
            await until(pilot, lambda: desk.sight().place is not None)
            place = desk.sight().place
            assert place is not None
            assert desk.library.index.rewrite(place).id == example.id
            press(app, "T", "escape")
            assert app.desk is None
            assert app.ui.theme == "light"
            await until(pilot, lambda: "augmented texts" in text(app))
            press(app, "enter", "ctrl+c")

        piloted(app, act)


@pytest.mark.parametrize("size", [(1, 1), (20, 4), (200, 60)])
def test_any_size_can_be_drawn(tmp_path: Path, size: tuple[int, int]) -> None:
    app = browser(made_run(tmp_path / "runs", 30), tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await listed(pilot, app.desk, 30)
        press(app, "j", "enter", "escape", "question_mark", "escape", "colon", "x", "escape", "f", "(", "escape")
        await until(pilot, lambda: (app.canvas.frame.width, app.canvas.frame.height) == size)

    piloted(app, act, size)
