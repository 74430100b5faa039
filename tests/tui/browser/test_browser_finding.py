"""Lists and hits as the threads find them are those that plain reading gives, while the index grows too."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cilda.rewrites.index import Index
from cilda.rewrites.query_order import Order
from cilda_tui.browser.errands import export
from cilda_tui.browser.finding import Hits, Listed, Wanted, find_hits, list_on
from cilda_tui.browser.latest import Ended, Job, Latest
from cilda_tui.browser.state import State
from tests.rewrites.made_rewrites import LABELS, made_run, write_rewrites
from tests.rewrites.plain_index import plain
from tests.tui.browser.seen import listed

PATIENCE_SECONDS = 20.0
WHERES = ("", "flip", "kl>0.3 or not disagree", '"not" label:positive', "from:the", "id:17", "kl>kl_before turn<9")


@pytest.fixture(name="index", scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("finding")
    index = Index.open(made_run(folder / "runs", 250).augmentations, cache=folder / "cache")
    while not index.catch_up():
        continue
    return index


def found_list(index: Index, wanted: Wanted) -> Listed:
    """The whole list, once there is one."""
    came = threading.Event()
    latest = Latest[Listed]("list", came.set)
    latest.ask(lambda job: list_on(index, wanted, job))
    while latest.found is None or not latest.found.whole:
        assert came.wait(PATIENCE_SECONDS)
        came.clear()
    latest.stop()
    return latest.found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(WHERES),
    st.none() | st.builds(Order, st.sampled_from(["kl", "step", "label", "id", "time"]), st.booleans()),
    st.none() | st.frozensets(st.integers(0, 249), max_size=30),
)
def test_a_list_is_what_plain_reading_gives(
    index: Index, where: str, order: Order | None, only: frozenset[int] | None
) -> None:
    state = State(where=where, order=order, only_marked=only is not None, marks=only or frozenset())
    if order == Order("time", falling=True):
        # Of equal times the earlier stays before the later, whichever way round.
        return
    seen = found_list(index, Wanted(where=where, order=order, only=only, labels=LABELS))
    assert seen.places.tolist() == listed(state, plain(Path(index._folder)))


def test_a_list_grows_with_its_index_and_stays_what_plain_reading_gives(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 50).augmentations
    index = Index.open(folder, cache=tmp_path / "cache")
    came = threading.Event()
    for where in ("", "kl>0.2"):
        for order in (None, Order("kl", falling=True)):
            latest = Latest[Listed]("list", came.set)
            wanted = Wanted(where=where, order=order, labels=LABELS)
            latest.ask(lambda job, wanted=wanted: list_on(index, wanted, job))  # type: ignore[misc]
            for seed in (1, 2):
                write_rewrites(folder, 20, seed=seed)
                while not index.catch_up():
                    continue
                while latest.found is None or latest.found.known < len(index) or not latest.found.whole:
                    assert came.wait(PATIENCE_SECONDS)
                    came.clear()
                rewrites = plain(folder)
                assert latest.found.places.tolist() == listed(State(where=where, order=order), rewrites)
            latest.stop()


def test_hits_are_the_texts_that_hold_the_phrase_and_later_searches_add_what_has_come(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "runs", 60).augmentations
    index = Index.open(folder, cache=tmp_path / "cache")
    said: list[Hits] = []
    job = Job[Hits](lambda _, hits: said.append(hits))
    for seed in (1, 2):
        while not index.catch_up():
            continue
        find_hits(index, "NOT", job, said[-1] if said else None)
        wanted = [n for n, one in enumerate(plain(folder)) if "not" in (one.real + "\n" + one.soft).casefold()]
        assert said[-1].whole
        assert sorted(said[-1].places.tolist()) == wanted
        write_rewrites(folder, 60, seed=seed)


def test_a_filter_that_is_none_is_told_instead_of_a_list(index: Index) -> None:
    seen = found_list(index, Wanted(where="label:nobody", labels=LABELS))
    assert "nobody" in seen.trouble
    assert len(seen.places) == 0


def test_of_jobs_only_the_last_is_heard_and_the_others_end() -> None:
    heard = threading.Event()
    latest = Latest[str]("test", heard.set)
    ended, begun = threading.Event(), threading.Event()

    def patient(job: Job[str]) -> None:
        begun.set()
        try:
            job.wait(PATIENCE_SECONDS)
        finally:
            job.say("too late")
            ended.set()

    latest.ask(patient)
    assert begun.wait(PATIENCE_SECONDS)
    latest.ask(lambda job: job.say("in time"))
    assert ended.wait(PATIENCE_SECONDS)
    assert heard.wait(PATIENCE_SECONDS)
    assert latest.found == "in time"


def test_an_export_that_is_ended_leaves_no_file(index: Index, tmp_path: Path) -> None:
    left = iter(range(100))

    def looking() -> None:
        if next(left) == 50:
            raise Ended

    with pytest.raises(Ended):
        export(index, np.arange(200), tmp_path / "x.csv", LABELS, looking)
    assert list(tmp_path.iterdir()) == []
    assert export(index, np.arange(200), tmp_path / "x.csv", LABELS) == 200
