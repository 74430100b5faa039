from __future__ import annotations

from pathlib import Path

import pytest

from tests.storm import Storm


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_five_kills_cost_nothing_and_every_status_is_true(tmp_path: Path) -> None:
    figures = Storm(tmp_path, seed=2, turns=60).rage(5)
    assert figures.held, figures.line()
    assert figures.kills == 5
