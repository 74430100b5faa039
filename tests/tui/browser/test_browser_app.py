"""The browser on its run: what is listed, what comes, what is gone to, from where it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from cilda_tui.app import Dashboard
from tests.rewrites.made_rewrites import made_run, write_rewrites
from tests.tui.browser.piloted import browser, listed, piloted, press, text, until
from tests.tui.made_run import running
from tests.tui.test_app import options as dashboard_options


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


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made_run(tmp_path / "runs", 3)
    (folder.augmentations / "000001.jsonl").unlink()
    folder.augmentations.rmdir()
    folder.augmentations.write_text("a file where a folder should be", encoding="utf-8")
    app = browser(folder, tmp_path)

    async def act(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "cannot read" in text(app))

    piloted(app, act)


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
