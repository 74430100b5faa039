"""What goes to others names no folder of this machine."""

from __future__ import annotations

import pytest

from cilda.distill.handover.names import last_part, without_folders


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("student of /home/anna/teachers/sst2", "student of sst2"),
        ("rows: 67,349, /srv/data/glue/sst2/train.parquet, shuffled", "rows: 67,349, train.parquet, shuffled"),
        ("`/a/b`, (/c/d), \"/e/f\", '~/g/h'", "`b`, (d), \"f\", 'h'"),
        ("| /a/b | 3/4 and/or google/electra-base |", "| b | 3/4 and/or google/electra-base |"),
        ("see https://huggingface.co/a/b or arXiv:1503.02531", "see https://huggingface.co/a/b or arXiv:1503.02531"),
        ("872/872 texts a second / a minute", "872/872 texts a second / a minute"),
    ],
)
def test_paths_are_cut_down_to_their_last_part(text: str, public: str) -> None:
    assert without_folders(text) == public


def test_a_known_path_may_hold_blanks() -> None:
    assert without_folders("of /my own/models/x, /my own", "/my own", "/my own/models/x") == "of x, my own"


def test_a_hub_id_stays_and_a_folder_has_its_own_name() -> None:
    assert last_part("google/electra-base") == "google/electra-base"
    assert last_part("/home/anna/bert/") == "bert"
    assert last_part("./bert") == "bert"
