from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cilda.distill.answers import AnswerFiles, Answers, Shape
from cilda.distill.losses.loss import Moment
from cilda.distill.players import Players
from cilda.distill.step import Turns, TurnSettings
from cilda.methods import METHODS
from tests.tiny_players import LONGEST, TRAIN_ROWS, mask_id, tiny_players, tiny_tokenized, tiny_turns

SHAPE = Shape(rows=10, classes=3, layers=2, width=4, pooling="first", rows_in_file=4)


def written(folder: Path, shape: Shape = SHAPE) -> tuple[AnswerFiles, Tensor, Tensor]:
    """Files with random answers in them."""
    draw = torch.Generator().manual_seed(0)
    logits_NC = torch.randn(shape.of("logits", shape.rows), generator=draw)
    pooled_NLD = torch.randn(shape.of("layers", shape.rows), generator=draw)
    files = AnswerFiles(folder, shape)
    for number, (first, behind) in enumerate(shape.spans):
        for what in shape.wanted:
            files.write(what, number, (logits_NC if what == "logits" else pooled_NLD)[first:behind], elsewhere="X")
    return files, logits_NC, pooled_NLD


def answers_of(players: Players, family: str, folder: Path) -> Answers:
    """What the teacher says of the training rows, one by one."""
    teacher = players.teacher
    assert teacher is not None
    rows = tiny_tokenized(family, TRAIN_ROWS)
    shape = Shape(len(rows), 2, teacher.depth, teacher.width, "first", rows_in_file=7)
    files = AnswerFiles(folder, shape)
    for number, (first, behind) in enumerate(shape.spans):
        with torch.no_grad():
            said = teacher(rows.batch(list(range(first, behind)), length=LONGEST), want_layers=True)
        assert said.pooled_BLD is not None
        files.write("logits", number, said.logits_BC, elsewhere="X")
        files.write("layers", number, said.pooled_BLD, elsewhere="X")
    answers = files.opened()
    assert answers is not None
    return answers


def test_answers_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    files, logits_NC, pooled_NLD = written(tmp_path)
    answers = files.opened()
    assert answers is not None and files.missing() == []
    rows = torch.tensor([9, 0, 4, 4, 3])
    said = answers.of(rows, torch.device("cpu"), want_layers=True)
    assert torch.equal(said.logits_BC, logits_NC[rows])
    assert said.pooled_BLD is not None and said.pooled_BLD.dtype == torch.float32
    assert torch.equal(said.pooled_BLD, pooled_NLD[rows].half().float())
    assert answers.of(rows, torch.device("cpu")).pooled_BLD is None


def test_the_size_is_told_to_the_byte_but_for_the_headers(tmp_path: Path) -> None:
    written(tmp_path)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 6 and not list(tmp_path.glob(".*"))
    assert SHAPE.bytes < sum(sizes) < SHAPE.bytes + 200 * len(sizes)


@pytest.mark.parametrize("harm", ["removed", "cut", "another shape", "no file of ours"])
def test_a_file_that_is_not_as_it_should_be_is_missing(tmp_path: Path, harm: str) -> None:
    files, logits_NC, _ = written(tmp_path)
    path = tmp_path / "logits-00001.safetensors"
    if harm == "removed":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-8])
    elif harm == "another shape":
        files.write("logits", 1, logits_NC[:3], elsewhere="X")
    else:
        path.write_bytes(b"\xff" * 400)
    assert files.opened() is None
    assert files.missing() == [(1, ["logits"])]


def test_layers_too_large_for_float16_are_kept_in_float32(tmp_path: Path) -> None:
    files, _, pooled_NLD = written(tmp_path)
    pooled_NLD[5, 1, 2] = 1e6
    files.write("layers", 1, pooled_NLD[4:8], elsewhere="X")
    answers = files.opened()
    assert answers is not None
    said = answers.of(torch.tensor([5, 1]), torch.device("cpu"), want_layers=True)
    assert said.pooled_BLD is not None and torch.equal(said.pooled_BLD[0], pooled_NLD[5])


def test_without_layers_no_file_of_layers_is_asked_for(tmp_path: Path) -> None:
    written(tmp_path)
    for path in tmp_path.glob("layers*"):
        path.unlink()
    assert AnswerFiles(tmp_path, replace(SHAPE, layers=0)).opened() is not None
    assert AnswerFiles(tmp_path, SHAPE).missing() == [(number, ["layers"]) for number in range(3)]


def test_other_poolings_are_other_files(tmp_path: Path) -> None:
    written(tmp_path)
    mean = AnswerFiles(tmp_path, replace(SHAPE, pooling="mean"))
    assert mean.missing() == [(number, ["layers"]) for number in range(3)]
    mean.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.needs_teacher])
def test_turns_with_kept_answers_are_those_of_a_teacher_that_is_asked(name: str, tmp_path: Path) -> None:
    recipe = METHODS[name]

    def played(*, kept: bool) -> list[dict[str, float]]:
        players = tiny_players("bert", recipe, dropout=False)
        if kept:
            players = replace(players, answers=answers_of(players, "bert", tmp_path))
        turns = tiny_turns("bert", recipe, players=players, settings=TurnSettings(mask_id("bert")))
        rows = tiny_tokenized("bert", TRAIN_ROWS)
        told = []
        for turn in range(4):
            turns.enter(1 + (recipe.phases == 2 and turn >= 2), Moment(0, turn / 4))
            batch = rows.batch([(5 * turn + place) % TRAIN_ROWS for place in range(8)])
            torch.manual_seed(turn)
            if "generator" in turns.players_in_turn:
                turns.generator(batch)
            torch.manual_seed(turn)
            told.append({key: float(value) for key, value in turns.student(batch).values.items()})
        return told

    for with_cache, without in zip(played(kept=True), played(kept=False), strict=True):
        assert with_cache == pytest.approx(without, rel=3e-3, abs=1e-4)


@pytest.mark.parametrize("name", ["kd", "cilda", "tinybert"])
def test_the_teacher_is_asked_only_for_what_is_not_kept(name: str, tmp_path: Path) -> None:
    recipe = METHODS[name]
    players = tiny_players("bert", recipe, dropout=False)
    turns = tiny_turns("bert", recipe, players=replace(players, answers=answers_of(players, "bert", tmp_path)))
    assert players.teacher is not None
    asked: list[int] = []
    players.teacher.model.register_forward_pre_hook(
        lambda _model, _inputs, named: asked.append(len(named["input_ids"])), with_kwargs=True
    )
    batch = tiny_tokenized("bert", TRAIN_ROWS).batch([3, 1, 20])
    turns.student(batch)
    # Of tinybert's first phase all is too large to be kept; of cilda's views the rewrite is new.
    assert asked == ([] if name == "kd" else [3])
    if name == "tinybert":
        turns.enter(2, Moment(0, 0.0))
        turns.student(batch)
        assert asked == [3]


def test_a_batch_in_parts_takes_each_parts_own_answers(tmp_path: Path) -> None:
    def moved(micro_batch: int | None) -> Turns:
        players = tiny_players("bert", METHODS["kd"], dropout=False)
        players = replace(players, answers=answers_of(players, "bert", tmp_path))
        turns = tiny_turns("bert", METHODS["kd"], players=players, settings=TurnSettings(0, micro_batch=micro_batch))
        turns.student(tiny_tokenized("bert", TRAIN_ROWS).batch([7, 2, 11, 5, 0]))
        return turns

    whole, parts = moved(None), moved(2)
    pairs = zip(whole.players.student.parameters(), parts.players.student.parameters(), strict=True)
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in pairs)
