"""A small file is the old one or the new one, never a mixture."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path

import pytest

from cilda.runs.atomic import read_json, write_atomic, write_json_atomic


def test_the_new_content_replaces_the_old_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for content in (b"old and long", b"new"):
        write_atomic(path, content)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"old")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    plain = tmp_path / "plain"
    plain.touch()
    write_atomic(path, b"x")
    assert path.stat().st_mode == plain.stat().st_mode, "viewers may be other users"


def test_json_is_strict_and_ends_with_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_json_atomic(path, {"loss": math.nan, "folder": tmp_path, "text": "é\x1b"}, durable=False)
    text = path.read_text("ascii")
    assert text.endswith("}\n")
    assert json.loads(text) == {"loss": "NaN", "folder": str(tmp_path), "text": "é\x1b"}
    assert read_json(path)["loss"] == "NaN"
