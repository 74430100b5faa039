"""Waiting for runs: how each ended, in a line, in a code, and in its own words."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from tests.cli.conftest import Cilda
from tests.cli.standin import Standin, ended_run, new_run


def test_a_finished_run_is_good_news(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path)
    shown = cilda("wait", "--runs-dir", tmp_path)
    assert (shown.code, shown.out, shown.err) == (0, "one finished\n", "latest run: one\n")


def test_one_failure_among_many_counts_and_is_told_in_its_own_words(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "good")
    ended_run(tmp_path, "bad", "failed", error="no such column: \x1b[2Jtexte")
    shown = cilda("wait", "good", "bad", "good", "--runs-dir", tmp_path)
    assert (shown.code, shown.out) == (4, "good finished\nbad failed (no such column: ?[2Jtexte)\n")
    assert shown.err == "", "each is told once"


def test_it_waits_until_the_run_has_ended(cilda: Cilda, tmp_path: Path) -> None:
    with Standin(new_run(tmp_path)) as run:
        later = threading.Timer(0.3, run.end, ["finished"])
        later.start()
        shown = cilda("wait", "one", "--runs-dir", tmp_path)
        later.join()
    assert (shown.code, shown.out) == (0, "one finished\n")


def test_a_timeout_says_what_the_run_is_still_doing(cilda: Cilda, tmp_path: Path) -> None:
    with Standin(new_run(tmp_path)):
        shown = cilda("wait", "one", "--timeout", "0.1", "--runs-dir", tmp_path)
    assert (shown.code, shown.what) == (1, "not ended within 0.1 s: one (running)")
    assert cilda("wait", "one", "--timeout", "-1", "--runs-dir", tmp_path).code == 2
    assert cilda("wait", "one", "--timeout", "nan", "--runs-dir", tmp_path).code == 2


def test_programs_get_json(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "bad", "failed", error="no")
    shown = cilda("wait", "bad", "--json", "--runs-dir", tmp_path)
    assert shown.code == 4
    assert json.loads(shown.out) == [{"id": "bad", "status": "failed", "why": "no"}]


def test_a_run_that_is_not_there_is_3(cilda: Cilda, tmp_path: Path) -> None:
    assert cilda("wait", "nope", "--runs-dir", tmp_path).code == 3
