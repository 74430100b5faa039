from __future__ import annotations

from typing import Any

import pytest

from cilda.cli.description import describe_run
from cilda.config import RunConfig
from cilda.methods import METHODS
from cilda.rewrites.rewriting import rewrites_texts


@pytest.mark.parametrize("name", METHODS)
def test_a_run_says_whether_its_method_looks_at_rewrites(name: str) -> None:
    run = describe_run(RunConfig(method=name), {}, [], job="distill")
    assert rewrites_texts(run) is METHODS[name].needs_generator
    assert rewrites_texts({**run, "job": "finetune"}) is False


@pytest.mark.parametrize("terms", [None, {}, [], "x"])
def test_where_nothing_is_said_nobody_knows(terms: Any) -> None:
    assert rewrites_texts({"terms": terms}) is None


def test_terms_of_another_form_are_none() -> None:
    assert rewrites_texts({"terms": {"student": [1, {"key": 5}, {}], "generator": None}}) is False
