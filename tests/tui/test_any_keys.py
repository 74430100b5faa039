"""Any keys in any order, on screens of any size, leave a screen that still answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.tui.made_run import MADE
from tests.tui.terminal import KEYS, terminal

OPENED = (sys.executable, "-m", "tests.tui.opened")
# Leaving and writing files are other tests' business; the first entry of the palette is to leave.
PRESSED = sorted({*"123456zcxLbfsSamt[]+-0 ,.<>dowDn=N/?gGhjklTBKPXW", *KEYS} - {"ctrl+c", "ctrl+p"})
SIZES = st.tuples(st.integers(1, 210), st.integers(1, 70))


@pytest.mark.slow
def test_any_keys_in_any_order_at_any_size_leave_a_screen_that_can_be_left(tmp_path: Path) -> None:
    with (
        MADE["resumed"](tmp_path) as made,
        terminal(str(made.folder.path), "--now", str(made.now), command=OPENED, width=200, height=110) as shown,
    ):
        shown.until("RUNNING")
        shown.press("B")

        @settings(
            max_examples=4,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        )
        @given(st.lists(st.sampled_from(PRESSED) | SIZES, min_size=60, max_size=60))
        def tried(actions: list[str | tuple[int, int]]) -> None:
            for action in actions:
                if isinstance(action, str):
                    shown.press(action)
                else:
                    shown.resize(*action)
                shown.read(0.01)
            shown.resize(100, 30)
            shown.press(*["escape"] * 6, "1", "0")
            shown.until("step")
            # What was asked of the run may still be answered in the footer; the next key takes that away.
            shown.settled(1.0)
            shown.press("escape")
            shown.until("q leave")

        tried()
        # A key right behind an escape would be another key.
        shown.settled(0.3)
        shown.press("q")
        assert shown.wait(10) == 0, shown.text()
