"""Files of rows on the command line: missing ones are told first, and a dry run looks into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cilda, Desk
from tests.cli.refusals import refused


@pytest.mark.parametrize("more", [[], ["--text", "text"], ["--dry-run"], ["--text", "text", "--label", "label"]])
def test_a_file_that_is_not_there_is_told_before_its_columns_are_asked_for(
    more: list[str], cilda: Cilda, desk: Desk, tmp_path: Path
) -> None:
    missing = desk.folder / "row.csv"
    shown = cilda("distill", "--train", missing, *more, "--runs-dir", tmp_path / "runs")
    refused(shown, 1, f"no file at {missing}", "did you mean rows.csv")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe\x00\x9c", b"text,label\n"])
def test_a_dry_run_looks_into_the_rows(content: bytes, cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_bytes(content)
    columns = ("--text", "text", "--label", "label")
    shown = cilda("distill", "--dry-run", "--teacher", desk.teacher, "--student", "1L", "--train", file, *columns)
    assert (shown.code, shown.out) == (1, "")
    assert str(file) in shown.what


def test_a_task_that_files_of_rows_stand_for_is_not_shown(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("distill", *desk.quick(tmp_path / "runs"), "--dry-run")
    assert shown.code == 0, shown.err
    assert "# task =" in shown.out
    assert "sst2" not in shown.out
