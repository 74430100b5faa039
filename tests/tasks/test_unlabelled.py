from __future__ import annotations

import math
from pathlib import Path

import pytest

from cilda.errors import CildaError, UsageError
from cilda.tasks import TASKS
from cilda.tasks.rows import NO_CLASS, Rows
from cilda.tasks.unlabelled import unlabelled_rows


def test_a_text_file_has_one_text_a_line(tmp_path: Path) -> None:
    path = tmp_path / "more.txt"
    path.write_text("one text\n\n  another,  with a comma \nthe third", encoding="utf-8")
    rows = unlabelled_rows(TASKS["sst2"], path)
    assert rows.texts == (["one text", "another,  with a comma", "the third"],)
    assert rows.labels == [NO_CLASS] * 3 and [rows.label(row) for row in range(3)] == [None] * 3
    assert rows.ids == ["unlabelled:0", "unlabelled:1", "unlabelled:2"]


def test_a_table_has_the_columns_named_or_the_task_s_own(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("sentence1,sentence2,label,mine\na,b,1,c\nd,e,0,f\n", encoding="utf-8")
    assert unlabelled_rows(TASKS["rte"], path).texts == (["a", "d"], ["b", "e"])
    assert unlabelled_rows(TASKS["rte"], path, text_pair="mine").texts == (["a", "d"], ["c", "f"])
    amounts = unlabelled_rows(TASKS["stsb"], path).labels
    assert amounts is not None and all(math.isnan(amount) for amount in amounts)


@pytest.mark.parametrize(
    ("name", "content", "task", "what"),
    [
        ("more.txt", "", "sst2", "has no text"),
        ("more.txt", "one line", "rte", "reads two texts, and a line of"),
        ("more.csv", "text\na\n", "sst2", "no column in .* named 'sentence'"),
        ("more.csv", "sentence\n\n\n", "sst2", "no rows"),
        ("more.doc", "x", "sst2", "cannot tell how to read"),
    ],
)
def test_what_cannot_be_texts_is_refused(tmp_path: Path, name: str, content: str, task: str, what: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CildaError, match=what) as caught:
        unlabelled_rows(TASKS[task], tmp_path / name)
    assert caught.value.todo
    with pytest.raises((CildaError, UsageError)):
        unlabelled_rows(TASKS["sst2"], tmp_path / "nothing.txt")


def test_rows_are_joined_in_their_order() -> None:
    one, other = Rows((["a"],), [1], ["t:0"], "one"), Rows((["b", "c"],), [NO_CLASS] * 2, ["u:0", "u:1"], "other")
    both = one.joined(other)
    assert both.texts == (["a", "b", "c"],) and both.ids == ["t:0", "u:0", "u:1"]
    assert [both.label(row) for row in range(3)] == [1, None, None]
    assert Rows((["x"],), [-1.0], ["r:0"], "amounts").label(0) == -1.0
