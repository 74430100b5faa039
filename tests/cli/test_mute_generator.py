"""A generator without a head for masked words: refused at once where it says so, else before anything is learned."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Cilda, Desk
from tests.cli.refusals import refused, refused_in_the_run


def test_a_folder_that_says_what_it_is_is_refused_before_there_is_a_run(
    cilda: Cilda, desk: Desk, tmp_path: Path
) -> None:
    shown = cilda("distill", *desk.quick(tmp_path / "runs"), "--generator", desk.teacher)
    refused(shown, 1, "cannot rewrite texts: it is a BertForSequenceClassification", "--generator")
    assert not (tmp_path / "runs").exists()


def test_a_model_whose_head_was_never_trained_is_refused_in_the_run(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    mute = shutil.copytree(desk.teacher, tmp_path / "mute-model")
    config = json.loads((mute / "config.json").read_text())
    (mute / "config.json").write_text(json.dumps({**config, "architectures": ["BertForMaskedLM"]}))
    shown = cilda("distill", *desk.quick(tmp_path), "--generator", mute, "--name", "mute")
    refused_in_the_run(shown, "has no trained masked-LM head", "--generator", tmp_path / "mute")
