"""Scores in words: a confusion that can be read whatever the number of classes."""

from __future__ import annotations

import numpy as np

from cilda.cli.scores import confusion_lines, predictions_tsv
from cilda.distill.appraisal import Appraisal
from cilda.tasks.rows import Rows
from cilda.tasks.task import Task


def test_a_few_classes_make_a_square() -> None:
    assert confusion_lines("student", ["no", "yes"], [[8, 2], [1, 1234]], 80) == [
        "student: rows are gold, columns what it says",
        "     no    yes",
        "no    8      2",
        "yes   1  1,234",
    ]


def test_a_square_wider_than_the_terminal_is_told_class_by_class() -> None:
    table = [[8, 2, 0, 1, 1], [0, 9, 0, 0, 0], [3, 0, 7, 0, 0], [0, 0, 0, 5, 0], [0, 0, 0, 0, 5]]
    assert confusion_lines("student", list("abcde"), table, 10) == [
        "student: class by class",
        "gold  rows  right  taken for",
        "a       12      8  b 2, d 1, e 1",
        "b        9      9",
        "c       10      7  a 3",
        "d        5      5",
        "e        5      5",
    ]


def test_many_classes_are_told_class_by_class_in_a_pipe_too() -> None:
    names = [f"class {number}" for number in range(150)]
    table = np.ones((150, 150), dtype=int).tolist()
    lines = confusion_lines("student", names, table, None)
    assert len(lines) == 152
    assert lines[2] == "class 0     150      1  class 1 1, class 2 1, class 3 1, …"


def test_labels_with_tabs_and_line_ends_stay_one_field() -> None:
    task = Task("own", texts=("text",), labels=("a\tb", 'c"\nd'))
    said = Appraisal({}, None, None, np.array([0, 1]), 1, 4, 1.0, 1.0, 1.0)
    rows = Rows((["x", "y"],), None, ["rows:0", "rows:1"], "rows.csv")
    expected = 'id\tprediction\nrows:0\t"a\tb"\nrows:1\t"c""\nd"\n'
    assert predictions_tsv(task, {"rows.csv": rows}, {"rows.csv": said}) == expected
