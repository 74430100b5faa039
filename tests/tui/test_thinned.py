"""A bounded list: the newest whole, the older ones evenly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.thinned import Thinned


@given(st.integers(4, 60), st.integers(0, 3000))
def test_it_is_bounded_in_order_and_the_newest_quarter_is_there(most: int, count: int) -> None:
    items: Thinned[int] = Thinned(most)
    for number in range(count):
        items.add(float(number), number)
    kept = list(items)
    assert len(kept) == len(items) <= most
    assert kept == sorted(set(kept))
    newest = min(count, most // 4)
    assert kept[len(kept) - newest :] == list(range(count - newest, count))
    assert not count or kept[0] == 0


@given(st.lists(st.floats(0, 50), max_size=300))
def test_it_is_never_heavier_than_it_may_be_but_for_a_single_item(weights: list[float]) -> None:
    items: Thinned[float] = Thinned(100, heaviest=120, weigh=lambda item: item)
    for place, weight in enumerate(weights):
        items.add(float(place), weight)
        assert items.weight <= 120
        assert items[-1] == weight


@given(st.lists(st.tuples(st.floats(0, 100), st.integers()), max_size=50), st.floats(0, 100))
def test_what_was_there_at_a_time_is_the_beginning_of_all(added: list[tuple[float, int]], seconds: float) -> None:
    items: Thinned[int] = Thinned(1000)
    for t, item in added:
        items.add(t, item)
    found = items.until(seconds)
    assert list(found) == list(items)[: len(found)]
    assert items.at(seconds) == (found[-1] if found else None)
