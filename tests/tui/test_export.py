from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.store import read_events
from cilda_tui.export import Taken, copied, exported
from cilda_tui.frame import Frame
from cilda_tui.look import DARK
from cilda_tui.plot import Line, Plot
from cilda_tui.series import Series
from cilda_tui.tables import (
    Table,
    newest_of_plot,
    table_of_events,
    table_of_examples,
    table_of_machine,
    table_of_plot,
)
from cilda_tui.track import Track
from cilda_tui.ui import Ui
from cilda_tui.view import RunView
from tests.tui.made_run import hostile, running
from tests.tui.strange_texts import strange_texts


def small_plot() -> Plot:
    """Three steps, the middle one not finite."""
    series, track = Series(), Track()
    for step, value in ((1, 0.5), (2, math.nan), (3, 0.25)):
        series.add(step, value, value, value)
        track.add(step, step / 10, 100.0 + step, step * 32.0)
    return Plot("losses of $x$", (Line("student/total", series),), track, references=(("teacher", 0.4),), seams=(2,))


def view_of(made: object) -> RunView:
    folder = made.folder  # type: ignore[attr-defined]
    view = RunView(folder)
    view.take(list(read_events(folder.events)))
    view.take_system(list(read_events(folder.system)))
    view.take_examples(list(read_events(folder.augmentations)))
    return view


def test_a_chart_s_table_holds_every_value_at_its_place() -> None:
    table = table_of_plot(small_plot())
    assert table.columns == ("line", "step", "epoch", "time", "texts", "mean", "low", "high", "count", "finite")
    assert table.rows[0] == ("student/total", 1, 0.1, 0.0, 32.0, 0.5, 0.5, 0.5, 1, True)
    assert [row[1] for row in table.rows] == [1, 2, 3]
    assert [row[-1] for row in table.rows] == [True, False, True]
    rows = json.loads(table.to_json())
    assert rows[1]["mean"] == "NaN" and rows[2]["mean"] == 0.25
    assert list(csv.DictReader(io.StringIO(table.to_csv())))[2]["mean"] == "0.25"
    assert newest_of_plot(small_plot()).splitlines()[1] == "student/total\t3\t0.25"


@given(st.lists(st.tuples(strange_texts(), st.floats(), st.none() | st.integers()), max_size=5))
def test_whatever_it_holds_a_table_can_be_read_back(rows: list[tuple[str, float, int | None]]) -> None:
    clean = [(text.encode("utf-8", "replace").decode(), number, whole) for text, number, whole in rows]
    table = Table(("text", "number", "whole"), tuple(clean))
    assert [row["text"] for row in json.loads(table.to_json())] == [row[0] for row in clean]
    assert len(list(csv.reader(io.StringIO(table.to_csv().replace("\r", " ").replace("\0", " "))))) == len(rows) + 1


def test_a_chart_becomes_four_files(tmp_path: Path) -> None:
    taken = Taken("one run/curves: losses", table_of_plot(small_plot()), Frame(10, 3), small_plot())
    said = exported(taken, tmp_path / "exports", DARK, now=0.0)
    names = sorted(path.name.partition(".")[2] for path in (tmp_path / "exports").iterdir())
    assert names == ["csv", "json", "png", "svg"] and "exports" in said
    png = next((tmp_path / "exports").glob("*.png")).read_bytes()
    assert png.startswith(b"\x89PNG")
    exported(taken, tmp_path / "exports", DARK, now=0.0)
    assert len(list((tmp_path / "exports").iterdir())) == 8


def test_other_panes_become_a_picture_of_what_they_show(tmp_path: Path) -> None:
    frame = Frame(20, 3)
    frame.put(0, 0, "a title", "title")
    frame.put(0, 1, "日本 $x$ <b>", "selected")
    exported(Taken("one", Table(("a",), ((1,),)), frame), tmp_path, DARK)
    assert "<svg" in next(tmp_path.glob("*.svg")).read_text(encoding="utf-8")


def test_every_pane_has_a_table(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        view = view_of(made)
    assert len(table_of_machine(view).rows) > 10
    assert {"cpu", "memory"} <= {row[0] for row in table_of_machine(view).rows}
    examples = json.loads(table_of_examples(view, Ui()).to_json())
    assert {"real", "soft", "teacher_soft", "kl_soft"} <= examples[0].keys()
    assert any("checkpoint" in str(row[5]) for row in table_of_events(view).rows)


def test_hostile_texts_are_written_as_they_are_and_can_be_read_back(tmp_path: Path) -> None:
    with hostile(tmp_path) as made:
        view = view_of(made)
    for table in (table_of_examples(view, Ui()), table_of_events(view)):
        (tmp_path / "table.csv").write_text(table.to_csv(), encoding="utf-8")
        assert len(json.loads(table.to_json())) == len(table.rows)


def test_what_is_copied_lies_in_a_file_as_well(tmp_path: Path) -> None:
    said = copied("line\tvalue\n", "one/curves", tmp_path)
    (path,) = tmp_path.glob("*.txt")
    assert path.read_text(encoding="utf-8") == "line\tvalue\n" and path.name in said
