"""docs/runs.md is a contract: it names all that the code writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cilda.runs.events import KINDS, LONGEST_LINE_BYTES, VERSION
from cilda.runs.layout import RunFolder
from cilda.runs.segments import BACKLOG_BYTES, SEGMENT_BYTES

TEXT = (Path(__file__).parents[2] / "docs" / "runs.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", TEXT, re.MULTILINE))


def test_the_document_and_the_code_know_the_same_kinds() -> None:
    assert list(ROWS) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_in_bold_are_those_that_are_always_there(kind: str) -> None:
    assert tuple(re.findall(r"\*\*`(\w+)`\*\*", ROWS[kind])) == KINDS[kind].fields


def test_every_file_of_a_run_is_named() -> None:
    folder = RunFolder(Path("run"))
    properties = [name for name, value in vars(RunFolder).items() if isinstance(value, property) and name != "id"]
    for name in properties:
        path: Path = getattr(folder, name)
        assert path.relative_to(folder.path).as_posix() in TEXT, name


def test_figures_are_those_of_the_code() -> None:
    assert f"`v` is {VERSION}." in TEXT
    assert f"at most {LONGEST_LINE_BYTES // 2**20} MiB" in TEXT
    assert f"would exceed {SEGMENT_BYTES // 2**20} MiB" in TEXT
    assert f"up to {BACKLOG_BYTES // 2**20} MiB; metrics and augmentations up to {BACKLOG_BYTES // 2**22} MiB" in TEXT
