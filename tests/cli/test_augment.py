"""`cilda augment`: a data set rewritten with a run's generator."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from cilda.distill import augment
from cilda.distill.augment import Augmenter
from cilda.rewrites.rewrite import rewrite_of
from tests.cli.conftest import LABELS, Cilda, Desk, Shown, write_csv


@pytest.fixture(name="run")
def _run(finished: tuple[Path, Shown]) -> Path:
    return finished[0]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "CHUNK_ROWS", 25)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_runs_own_training_rows_are_rewritten_in_their_order(
    cilda: Cilda, run: Path, desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    shown = cilda("augment", run, "--out", out)
    assert shown.out == f"{out}\n", shown.err
    with (desk.folder / "rows.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made = lines(out)
    assert [(one["real"], one["label"]) for one in made] == [(row["text"], row["label"]) for row in rows]
    assert [one["text"] for one in made] == [one["soft"] for one in made] and len({one["id"] for one in made}) == 64
    for one in made:
        assert one["teacher"] in LABELS and one["student_after"] in LABELS
        assert sum(one["teacher_soft"]) == pytest.approx(1, abs=1e-3)
        for real, soft, place in zip(one["real_spans"], one["soft_spans"], one["drawn_places"], strict=True):
            assert one["real"][slice(*real)] == one["real_tokens"][place].removeprefix("##")
            assert one["soft"][slice(*soft)] == one["soft_tokens"][place].removeprefix("##")
    assert any(one["changed"] for one in made)
    assert "weights: step-student-" in shown.err and "64 of 64 rows" in shown.err
    assert list(tmp_path.iterdir()) == [out]


def test_what_comes_out_can_be_learned_from(cilda: Cilda, run: Path, desk: Desk, tmp_path: Path) -> None:
    for ending in (".parquet", ".csv"):
        out = tmp_path / f"out{ending}"
        assert cilda("augment", run, "--out", out, "--no-judge", "--limit", 40).code == 0
        options = [out if option == f"{desk.folder}/rows.csv" else option for option in desk.quick(tmp_path / "runs")]
        assert cilda("distill", *options, "--dry-run").code == 0
        shown = cilda("eval", run, "--file", out, "--json")
        (scores,) = json.loads(shown.out)["results"]["student"].values()
        assert scores and f"40 rows of {out.name}" in shown.err


def test_copies_follow_each_other_and_a_filter_keeps_what_fits(cilda: Cilda, run: Path, tmp_path: Path) -> None:
    shown = cilda("augment", run, "--copies", 3, "--out", tmp_path / "all.parquet", "--json")
    figures = json.loads(shown.out)
    assert (figures["rows"], figures["rewrites"], figures["written"]) == (64, 192, 192)
    table = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["turn"] for row in table] == [1, 2, 3] * 64
    assert [row["id"] for row in table[::3]] == [row["id"] for row in table[2::3]]
    some = cilda("augment", run, "--copies", 3, "--where", "changed>2", "--out", tmp_path / "some.jsonl", "--json")
    kept = lines(tmp_path / "some.jsonl")
    assert json.loads(some.out)["written"] == len(kept) == sum(row["changed"] > 2 for row in table)
    assert 0 < len(kept) < 192


def test_a_call_that_was_stopped_goes_on_to_the_same_end(
    cilda: Cilda, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cilda("augment", run, "--out", tmp_path / "whole.jsonl", "--seed", 5).code == 0
    chunk = Augmenter.chunk

    def stopped(self: Augmenter, number: int) -> list[dict[str, Any]]:
        if number == 2:
            raise KeyboardInterrupt
        return chunk(self, number)

    with monkeypatch.context() as once:
        once.setattr(Augmenter, "chunk", stopped)
        shown = cilda("augment", run, "--out", tmp_path / "out.jsonl", "--seed", 5)
    assert shown.code == 130 and "stopped after 50 rows; the same command goes on there" in shown.err
    assert not (tmp_path / "out.jsonl").exists()
    refused = cilda("augment", run, "--out", tmp_path / "out.jsonl", "--seed", 6)
    assert refused.code == 1 and "begun with another seed: 5, now 6" in refused.err and "--anew" in refused.err
    shown = cilda("augment", run, "--out", tmp_path / "out.jsonl", "--seed", 5)
    assert "going on after 50 rows" in shown.err
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert cilda("augment", run, "--out", tmp_path / "other.jsonl", "--seed", 6, "--anew").code == 0


def test_rows_without_labels_and_hostile_texts_are_rewritten_too(cilda: Cilda, run: Path, tmp_path: Path) -> None:
    texts = [
        "\x1b[31m <script>alert(1)</script> \u202e film",
        "[SEP] [MASK] the film",
        "the plot " * 60,
        "😀" * 40,
        "x",
    ]
    rows = write_csv(tmp_path / "rows.csv", ["body"], [[text] for text in texts])
    shown = cilda("augment", run, "--file", rows, "--text", "body", "--out", tmp_path / "out.csv")
    assert shown.code == 0, shown.err
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        made = list(csv.DictReader(file))
    assert [row["label"] for row in made] == [""] * 5 and list(made[0])[:2] == ["body", "label"]
    assert all(text.startswith(row["real"]) for text, row in zip(texts, made, strict=True))
    assert "\x1b" not in shown.err


def test_both_texts_of_a_pair_have_columns_of_their_own() -> None:
    event = {"t": 0.0, "turn": 1, "id": "a", "real": "a | b | c", "soft": "x | y | z", "first_lengths": [5, 1]}
    rewrite = rewrite_of(event)
    assert rewrite is not None and rewrite.texts_after == ("x", "y | z")
    for wrong in ([5, 2], [1], ["5", 1], None, [5, -1], [10**9, 1]):
        other = rewrite_of({**event, "first_lengths": wrong})
        assert other is not None and other.texts_after == ("x | y | z",)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "no file is named"),
        (["--out", "{tmp}/out.txt"], "names no format"),
        (["--out", "{tmp}"], "names no format"),
        (["--out", "{tmp}/no/out.csv"], "there is no folder"),
        (["--out", "{tmp}/out.csv", "--copies", "0"], "--copies is 0"),
        (["--out", "{tmp}/out.csv", "--split", "dev"], "no split of rows named 'dev'"),
        (["--out", "{tmp}/out.csv", "--mask-fraction", "2"], "mask_fraction"),
        (["--out", "{tmp}/out.csv", "--where", "kl>"], "kl>"),
        (["--out", "{tmp}/out.csv", "--limit", "0"], "a limit of 0 rows"),
        (["--out", "{tmp}/out.csv", "--generator", "{desk}/stranger"], "vocabular"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    cilda: Cilda, run: Path, desk: Desk, tmp_path: Path, options: list[str], said: str
) -> None:
    given = [option.format(tmp=tmp_path, desk=desk.folder) for option in options]
    shown = cilda("augment", run, *given)
    assert shown.code in (1, 2) and said in shown.err, shown.err
    assert "Traceback" not in shown.err and list(tmp_path.iterdir()) == []
