from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.remembered import recalled, remember
from cilda_tui.ui import Ui

SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
VALUES = SCALARS | st.lists(SCALARS, max_size=3)


def test_what_was_chosen_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "dashboard.json"
    chosen = Ui(theme="light", axis="epoch", smoothing=0.9, band=False, bell=False, arrangement=4)
    chosen = chosen.with_(chosen_charts=("speed",))
    remember(path, chosen)
    assert recalled(path) == chosen


def test_where_nothing_is_remembered_it_is_as_usual(tmp_path: Path) -> None:
    assert recalled(None) == recalled(tmp_path / "nothing.json") == Ui()


def test_a_place_that_cannot_be_written_is_no_reason_to_complain(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remember(tmp_path / "file" / "dashboard.json", Ui())
    remember(None, Ui())


@given(
    st.dictionaries(st.sampled_from(["theme", "axis", "smoothing", "band", "bell", "arrangement", "charts"]), VALUES)
)
def test_whatever_the_file_holds_it_is_a_screen_s_choice(content: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dashboard.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        ui = recalled(path)
    assert isinstance(ui.theme, str) and 0 <= ui.smoothing < 1 and isinstance(ui.bell, bool)
