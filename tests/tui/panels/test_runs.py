"""The run list: states, curves, bar, marks and filter; whatever the names."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda.runs.status import Status
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.runs import draw_runs
from cilda_tui.run_rows import RunList, RunRow, curve_of, shown_rows
from cilda_tui.ui import Ui
from tests.runs.summaries import PLAIN, summary
from tests.tui.made_run import running, several
from tests.tui.strange_texts import strange_texts

NOW = PLAIN.created + 7200
ROWS = [
    RunRow(PLAIN, tuple(8.0 - step for step in range(8))),
    RunRow(summary(id="one", word="failed", best=None, progress=None)),
    RunRow(summary(id="two", word="finished", best=0.8654321, progress=1.0, created=PLAIN.created - 90_000)),
]


def test_each_run_has_its_state_progress_score_and_curve_in_a_row() -> None:
    frame = draw_runs(ROWS, Ui(focus="runs", run="one", marks=("two",)), 90, 9, UNICODE, shown_run=PLAIN.id, now=NOW)
    assert frame.lines() == [
        "─▸4 runs ──────────────────────────────────────────────────────────────── 3 runs, 1 live ─",
        "     state        run                                        done   best loss         age",
        "  a● running      20261122-1158-sst2-6L-cilda-a7f3            25% 0.9100   █▇▆▅▄▃▂▁   2 h",
        " ▸ ✗ failed       one                                                                 2 h",
        "  b✓ finished     two                                        100% 0.8654              1 d",
        "",
        " ────────────────────────────────────────────────────────────────────────────────────────",
        "  sst2  cilda  bert-base → 6L  student 100/400  on here",
        "  one",
    ]


def test_a_narrow_list_keeps_symbol_and_name() -> None:
    assert draw_runs(ROWS, Ui(), 30, 4, ASCII, now=NOW).lines()[1:] == [
        " > * 20261122-11~L-cilda-a7f3",
        "   x one",
        "   + two",
    ]


def test_the_filter_chooses_and_a_mistake_in_it_is_told() -> None:
    assert [row.id for row in shown_rows(ROWS, Ui(run_filter="best>0.9"), NOW)[0]] == [PLAIN.id]
    lines = draw_runs(ROWS, Ui(run_filter="colour:red"), 80, 8, UNICODE, now=NOW).lines()
    assert "no filter named 'colour'" in lines[1]
    assert sum("●" in line or "✗" in line or "✓" in line for line in lines) == 3, "then all are shown"
    assert "no run passes" in draw_runs(ROWS, Ui(run_filter="best>7"), 80, 8, UNICODE, now=NOW).lines()[1]


def test_the_bar_stays_in_sight() -> None:
    rows = [RunRow(summary(id=f"run{place}")) for place in range(100)]
    for chosen in ("run0", "run50", "run99"):
        lines = draw_runs(rows, Ui(run=chosen), 60, 8, UNICODE, now=NOW).lines()
        assert any(line.startswith(" ▸") and chosen in line for line in lines)


def test_rows_come_from_run_folders_the_newest_first(tmp_path: Path) -> None:
    runs = several(tmp_path)
    try:
        rows = RunList(tmp_path).poll(runs[-1].now)
        assert [row.summary.status.word for row in rows] == ["running", "failed", "finished", "finished"]
        assert all(len(row.curve) > 10 for row in rows)
        assert rows[-1].curve[0] > rows[-1].curve[-1]
    finally:
        for run in runs:
            run.author.release_locks()


def test_a_run_without_events_has_no_curve(tmp_path: Path) -> None:
    assert RunList(tmp_path / "nowhere").poll() == ()
    with running(tmp_path) as made:
        for path in made.folder.events.iterdir():
            path.unlink()
        assert curve_of(made.folder) == ()


@given(st.lists(strange_texts(20), max_size=5), strange_texts(10), st.integers(0, 130), st.integers(0, 12))
def test_whatever_runs_are_called_each_row_is_visible_and_as_wide_as_it_says(
    texts: list[str], filtered: str, width: int, height: int
) -> None:
    rows = [
        RunRow(summary(id="x", teacher=text, task=text, host=text, status=Status("failed", text))) for text in texts
    ]
    for glyphs in (UNICODE, ASCII):
        frame = draw_runs(rows, Ui(run_filter=filtered), width, height, glyphs, now=NOW)
        for row in range(height):
            assert frame.text(row).isprintable()
            assert cell_len(frame.text(row)) == width
