"""Packages are held against what is asked for, settings against what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cilda.cli.checks.software import packages, packages_among, python, settings


def test_what_is_installed_here_is_enough() -> None:
    assert (python().verdict, packages().verdict) == ("ok", "ok")


def test_a_package_that_is_missing_or_too_old_is_a_problem_with_its_cure() -> None:
    check = packages_among(["torch>=2.8", "no-such-package>=1", "typer>=999", "other; extra == 'dev'"])
    assert check.verdict == "problem"
    assert check.found.startswith("no-such-package is missing; typer>=999 is asked for; there: torch ")
    assert check.todo == "pip install 'no-such-package' 'typer>=999'"


def test_settings_that_cannot_be_read_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings().found == "all by default"
    monkeypatch.setenv("CILDA_SEED", "7")
    assert settings().found == "CILDA_SEED"
    monkeypatch.setenv("CILDA_BATCHSIZE", "7")
    assert (settings().verdict, settings().todo) == ("warning", "did you mean CILDA_BATCH_SIZE?")
    monkeypatch.setenv("CILDA_SEED", "seven")
    assert settings().verdict == "problem"
    monkeypatch.delenv("CILDA_SEED")
    (tmp_path / "cilda").mkdir()
    (tmp_path / "cilda" / "config.toml").write_text("seed = ", encoding="utf-8")
    assert (settings().verdict, "is not TOML" in settings().found) == ("problem", True)
