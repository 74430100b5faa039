"""What is looked at before anything is loaded: names, rows, room on the disk, and how long the looking takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cilda.cli.beforehand import FEWEST_BYTES, ROUGH_NEED_BYTES, looked_over, named_things_exist, shortage
from cilda.config import RunConfig
from cilda.errors import CildaError
from tests.cli.conftest import Desk

SetFree = Callable[[int], None]


def of(desk: Desk, runs_dir: Path, **settings: object) -> RunConfig:
    """A run on the desk's rows."""
    rows = {"train_file": desk.folder / "rows.csv", "text": "text", "label": "label"}
    return RunConfig.checked({**rows, "teacher": str(desk.teacher), "runs_dir": runs_dir, **settings})


@pytest.fixture(name="set_free")
def _set_free(monkeypatch: pytest.MonkeyPatch) -> SetFree:
    """Makes the operating system say that so many bytes are free."""

    def set_free(free_bytes: int) -> None:
        total = 2 * ROUGH_NEED_BYTES
        usage = type(shutil.disk_usage("/"))(total, total - free_bytes, free_bytes)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    return set_free


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"teacher": "bret-base"}, "no model named 'bret-base'"),
        ({"teacher": "/no/where"}, "there is no folder /no/where"),
        ({"student": "L6"}, "'L6' says no student"),
        ({"generator": "./gone"}, "there is no folder ./gone"),
        ({"name": "-x"}, "'-x' cannot be the name of a run"),
    ],
)
def test_names_are_refused_without_a_look_at_the_rows(
    settings: dict[str, str], what: str, desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(CildaError, match=what):
        named_things_exist(of(desk, tmp_path, train_file="/no/rows.csv", **settings))
    named_things_exist(of(desk, tmp_path, train_file="/no/rows.csv"))


def test_a_run_s_name_that_is_taken_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(CildaError, match="exists already"):
        named_things_exist(of(desk, tmp_path, name="one"))


def test_a_full_disk_is_refused_and_a_small_one_is_a_warning(
    desk: Desk, tmp_path: Path, set_free: SetFree, capsys: pytest.CaptureFixture[str]
) -> None:
    from_hub = of(desk, tmp_path / "not" / "yet", teacher="bert-base")
    set_free(ROUGH_NEED_BYTES)
    assert shortage(from_hub) == ""
    set_free(ROUGH_NEED_BYTES - 1_000_000)
    assert shortage(from_hub) == f"999 MB are free for {tmp_path}/not/yet; a run may need 1,000 MB"
    set_free(FEWEST_BYTES)
    assert shortage(of(desk, tmp_path)) == "", "a tiny teacher needs little"
    looked_over(of(desk, tmp_path, teacher="bert-base"))
    assert capsys.readouterr().err.startswith("warning: 100 MB are free for ")
    set_free(FEWEST_BYTES - 1)
    with pytest.raises(CildaError, match="no run fits there"):
        looked_over(of(desk, tmp_path))
    assert not (tmp_path / "not").exists()


def test_looking_a_run_over_imports_no_torch(desk: Desk, tmp_path: Path) -> None:
    config = of(desk, tmp_path).model_dump(mode="json")
    program = (
        "import json, sys\n"
        "from cilda.cli.beforehand import looked_over\n"
        "from cilda.config import RunConfig\n"
        "rows = looked_over(RunConfig.checked(json.loads(sys.argv[1]))).train\n"
        "print(len(rows), [name for name in ('torch', 'transformers', 'datasets', 'sklearn') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(config)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "58 []\n"
