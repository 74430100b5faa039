"""Whatever the size: panes lie side by side, cover the screen, and the one that has the keys is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.layout import Placed, arrange, charts_placed, size_of
from cilda_tui.ui import ARRANGEMENTS, PANES, Ui


def cells(place: Placed) -> set[tuple[int, int]]:
    return {(x, y) for x in range(place.x, place.x + place.width) for y in range(place.y, place.y + place.height)}


def panes(width: int, height: int, ui: Ui | None = None) -> list[str]:
    return [place.pane for place in arrange(width, height, ui or Ui())]


@given(
    st.integers(1, 250), st.integers(1, 80), st.sampled_from(PANES), st.booleans(), st.sampled_from(ARRANGEMENTS)
)  # fmt: skip
def test_panes_cover_the_screen_and_none_lies_over_another(
    width: int, height: int, focus: str, zoomed: bool, arrangement: int
) -> None:
    placed = arrange(width, height, Ui(focus=focus, zoomed=zoomed, arrangement=arrangement))
    assert all(place.width > 0 and place.height > 0 for place in placed)
    assert sum(place.width * place.height for place in placed) == width * height
    assert set().union(*map(cells, placed)) == {(x, y) for x in range(width) for y in range(height)}
    assert size_of(width, height) == "tiny" or focus in {place.pane for place in placed}
    assert [place.index for place in charts_placed(placed)] == list(range(len(charts_placed(placed))))


@pytest.mark.parametrize(("width", "height", "charts"), [(80, 24, 1), (100, 30, 2), (120, 40, 4), (200, 60, 6)])
def test_larger_screens_show_more_charts(width: int, height: int, charts: int) -> None:
    assert panes(width, height).count("curves") == charts


def test_what_each_size_shows() -> None:
    assert panes(59, 40) == panes(80, 15) == ["block"]
    assert panes(80, 24) == ["status", "curves", "sparks", "machine", "share", "examples", "footer"]
    assert {"machine", "share", "examples", "events"} <= set(panes(120, 40))
    assert {"runs", "log"} <= set(panes(200, 50))


@pytest.mark.parametrize("focus", PANES)
def test_a_pane_without_a_place_of_its_own_takes_that_of_the_charts(focus: str) -> None:
    placed = arrange(80, 24, Ui(focus=focus))
    pane = next(place for place in placed if place.pane == focus)
    if focus in {"runs", "log", "events"}:
        assert not charts_placed(placed)
        assert pane.height >= 8


def test_a_zoomed_pane_has_the_screen_but_for_status_and_keys() -> None:
    assert panes(80, 24, Ui(focus="log", zoomed=True)) == ["status", "log", "footer"]
    assert panes(40, 6, Ui(focus="log", zoomed=True)) == ["log"]


@pytest.mark.parametrize(("arrangement", "width", "height"), [(1, 200, 60), (2, 80, 24), (4, 80, 24), (6, 120, 40)])
def test_a_viewer_gets_as_many_charts_as_asked_for(arrangement: int, width: int, height: int) -> None:
    charts = charts_placed(arrange(width, height, Ui(arrangement=arrangement)))
    assert len(charts) == arrangement
    assert all(place.width >= 24 and place.height >= 5 for place in charts)


def test_charts_that_there_are_not_get_no_place() -> None:
    def count(charts: int, arrangement: int = 0) -> int:
        return len(charts_placed(arrange(120, 40, Ui(arrangement=arrangement), charts)))

    assert [count(charts) for charts in (0, 1, 2, 4, 30)] == [1, 1, 2, 4, 4]
    assert [count(charts, arrangement=6) for charts in (1, 5, 30)] == [1, 5, 6]
