"""The lists of what there is: one line a row in a pipe, JSON that programs can hold on to."""

from __future__ import annotations

import json

import pytest

from cilda.cli.main import main
from cilda.cli.table import aligned
from cilda.families import SHORT_NAMES
from cilda.methods import METHODS
from cilda.tasks import TASKS


@pytest.mark.parametrize(("command", "names"), [("tasks", TASKS), ("methods", METHODS), ("models", SHORT_NAMES)])
def test_a_list_names_every_entry_once_as_text_and_as_json(
    command: str, names: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[0] == command.removesuffix("s")
    assert [row.split()[0] for row in rows] == list(names)
    assert main([command, "--json"]) == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)] == list(names)


def test_methods_are_shown_as_sums_of_terms(capsys: pytest.CaptureFixture[str]) -> None:
    main(["methods"])
    rows = {row.split()[0]: row for row in capsys.readouterr().out.splitlines()}
    assert "1/2 hard_label.real + 1/2 logit_kl.real" in rows["kd"]
    assert "1/2 logit_kl.soft + 1/2 layer_contrast.soft" in rows["cilda"]
    assert "1/12 layer_contrast.soft/ln B" in rows["cilda_minild"]


def test_methods_as_json_keep_the_keys_of_their_terms(capsys: pytest.CaptureFixture[str]) -> None:
    main(["methods", "--json"])
    methods = {method["name"]: method for method in json.loads(capsys.readouterr().out)}
    term = methods["mate_kd"]["generator"][0]
    assert term == {
        "key": "logit_kl.soft", "loss": "logit_kl", "on": "soft", "weight": 1.0, "per_log_batch": False, "phase": None,
    }  # fmt: skip
    assert [term["phase"] for term in methods["annealing_kd"]["student"]] == [1, 2]
    assert methods["rail_kd"]["settings"]["layer_map"] == "random"
    assert methods["finetune"]["generator"] == []


def test_aligned_columns_end_without_spaces_and_keep_a_row_on_its_line() -> None:
    lines = aligned(("name", "n"), [("a", "10"), ("long\nname", "9"), ("b", "")], right=frozenset({"n"}))
    assert lines == ["name        n", "a          10", "long name   9", "b"]
