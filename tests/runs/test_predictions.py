from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cilda.runs.layout import RunFolder
from cilda.runs.predictions import Predictions, keep_predictions, read_predictions

NAMES = st.text(min_size=1, max_size=20)
AMOUNTS = st.floats(allow_nan=False, allow_infinity=False)
CLASSES = st.integers(0, 50).map(float)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(NAMES, st.one_of(AMOUNTS, CLASSES), st.one_of(AMOUNTS, CLASSES)), max_size=8))
def test_what_was_kept_is_read_again(tmp_path: Path, rows: list[tuple[str, float, float]]) -> None:
    folder = RunFolder(tmp_path)
    ids, gold, said = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]

    keep_predictions(folder, "validation", ids, gold, said)

    assert read_predictions(folder, "validation") == Predictions(tuple(ids), tuple(gold), tuple(said))


def test_a_missing_or_damaged_file_says_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert read_predictions(folder, "validation") is None
    for text in ("", "other\tcolumns\n", "id\tgold\tprediction\na\tone\t1\n", "id\tgold\tprediction\na\t1\n"):
        folder.predictions.mkdir(exist_ok=True)
        (folder.predictions / "validation.tsv").write_text(text, encoding="utf-8")
        assert read_predictions(folder, "validation") is None
