from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cilda.distill.batch import Batch
from cilda.distill.batching import Batching
from cilda.distill.data import TokenizedRows
from cilda.distill.evaluate import evaluate, logits
from cilda.distill.loading import last_linear
from cilda.distill.players import Players
from cilda.distill.step import TurnResult, TurnSettings
from cilda.errors import CildaError
from cilda.methods import METHODS
from cilda.runs.atomic import read_json
from tests.tiny_players import mask_id, tiny_players, tiny_tokenized
from tests.tiny_trainer import MATTHEWS, TASK, events_of, tiny_trainer

SLOW = 1e-9
"""A learning rate at which no prediction changes."""


def undecided(players: Players, rows: TokenizedRows) -> list[int]:
    """Makes a student say "yes" to half of the rows; its answers."""
    logits_NC = logits(players.student, rows, 8)
    edge = float(np.median(logits_NC[:, 1] - logits_NC[:, 0]))
    last_linear(players.student.model).bias.data[0] += edge
    answers: list[int] = (logits_NC[:, 1] - logits_NC[:, 0] > edge).astype(int).tolist()
    assert 0 < sum(answers) < len(rows)
    return answers


def labelled(rows: TokenizedRows, labels: list[int]) -> TokenizedRows:
    """The same texts with other labels."""
    return replace(rows, rows=replace(rows.rows, labels=labels), labels_N=torch.tensor(labels))


def test_all_turns_are_played_in_cycles_and_told(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["cilda"], gradient_norms_every=2)
    trainer.run()
    assert trainer.done == {"student": 9, "generator": 5}
    assert trainer.cycle.generator_total == 5
    stage = events_of(trainer, "stage")[0]
    assert (stage["total_turns"], stage["generator_turns"], stage["batches_per_epoch"]) == (9, 5, 3)
    counted = {"student": 0, "generator": 0}
    for event in events_of(trainer, "metrics"):
        counted[event["player"]] += event["turns"]
        assert math.isfinite(event["values"]["total"]["mean"])
    assert counted == trainer.done
    evaluations = events_of(trainer, "evaluation")
    assert [event["turn"] for event in evaluations] == [3, 6, 9]
    assert [event["epoch"] for event in evaluations] == [1.0, 2.0, 3.0]


def test_batches_of_tokens_cover_the_rows_in_each_epoch(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["cilda"], tokens_per_batch=40, total_turns=8)
    seen: list[torch.Tensor] = []
    play = trainer.turns.student

    def look(batch: Batch, *, norms_by_term: bool = False) -> TurnResult:
        assert batch.rows_B is not None and (batch.ids_BT.numel() <= 40 or batch.size == 1)
        seen.append(batch.rows_B)
        return play(batch, norms_by_term=norms_by_term)

    trainer.turns.student = look  # type: ignore[method-assign]
    trainer.run()
    stage = events_of(trainer, "stage")[0]
    epoch = stage["batches_per_epoch"]
    assert (stage["tokens_per_batch"], "batch_size" in stage) == (40, False)
    assert epoch == Batching(4, 40).per_epoch(trainer.streams["student"].rows.lengths) < 8
    assert sorted(torch.cat(seen[:epoch]).tolist()) == list(range(10))
    assert len({len(rows_B) for rows_B in seen}) > 1


def test_the_last_turn_is_evaluated_too(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, total_turns=4)
    trainer.run()
    assert [event["turn"] for event in events_of(trainer, "evaluation")] == [3, 4]


def test_a_metric_below_zero_can_be_the_best(tmp_path: Path) -> None:
    players, rows = tiny_players("bert", METHODS["kd"]), tiny_tokenized("bert", 12)
    wrong = labelled(rows, [1 - answer for answer in undecided(players, rows)])
    trainer = tiny_trainer(tmp_path, players=players, task=MATTHEWS, validation=wrong, learning_rate=SLOW)
    best = trainer.run()
    assert best.score == -1.0
    assert best.scores == {"validation": {"matthews_correlation": -1.0}}
    assert [event["best"] for event in events_of(trainer, "evaluation")] == [True, False, False]


def test_the_student_ends_with_its_best_weights(tmp_path: Path) -> None:
    """Its first answers are held to be right, and it is taught others, faster and faster."""
    recipe = METHODS["finetune"]
    players, rows = tiny_players("bert", recipe), tiny_tokenized("bert", 12)
    right = labelled(rows, undecided(players, rows))
    trainer = tiny_trainer(tmp_path, recipe, players=players, validation=right, evaluate_every=1, warmup_fraction=1.0)
    best = trainer.run()
    scores = [event["scores"]["accuracy"] for event in events_of(trainer, "evaluation")]
    assert best.score == max(scores) > scores[-1]
    assert best.turn == scores.index(max(scores)) + 1
    assert evaluate(trainer.players.student, TASK, right).scores == best.scores["validation"]
    state = read_json(trainer.writer.folder.state_json)
    assert (state["best"], state["best_turn"]) == (best.score, best.turn)


def test_the_best_weights_and_the_newest_states_stay_on_disk(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, learning_rate=SLOW, keep_checkpoints=2)
    best = trainer.run()
    names = {path.name for path in trainer.writer.folder.checkpoints.iterdir()}
    assert names == {f"best-student-{best.turn:08d}", "step-student-00000006", "step-student-00000009"}


def test_a_score_that_stops_rising_stops_the_run(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, learning_rate=SLOW, total_turns=90, early_stopping=2)
    best = trainer.run()
    assert trainer.done["student"] == 9
    assert best.turn == 3
    assert [event["best"] for event in events_of(trainer, "evaluation")] == [True, False, False]
    assert "2 evaluations without a better accuracy" in events_of(trainer, "alert")[-1]["what"]


def test_patience_that_ends_with_the_run_is_not_told_as_early(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, learning_rate=SLOW, early_stopping=2)
    trainer.run()
    assert trainer.done["student"] == 9
    assert events_of(trainer, "alert") == []


def test_a_term_that_is_not_finite_stops_the_run_with_its_name_and_keeps_the_batch(tmp_path: Path) -> None:
    players = tiny_players("bert", METHODS["kd"])
    assert players.teacher is not None
    last_linear(players.teacher.model).bias.data[0] = float("nan")
    trainer = tiny_trainer(tmp_path, players=players)
    with pytest.raises(CildaError, match=r"logit_kl\.real is nan in student turn 1") as caught:
        trainer.run()
    (kept,) = trainer.writer.folder.path.glob("not-finite-*")
    assert str(kept) in caught.value.todo
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert told["values"]["logit_kl.real"] == "nan"
    rows = tiny_tokenized("bert", 10).rows
    assert told["texts"] == [[rows.texts[0][rows.ids.index(name)]] for name in told["ids"]]
    assert len(told["ids"]) == len(told["token_ids"]) == len(told["labels"])
    assert 0 < len(told["ids"]) <= 4
    assert not list(trainer.writer.folder.checkpoints.iterdir())


def test_weights_that_blow_up_are_seen_before_an_evaluation_takes_them_for_the_best(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, total_turns=3)
    for _ in range(2):
        trainer.play("student")
    last_linear(trainer.players.student.model).bias.data[0] = float("inf")
    with pytest.raises(CildaError, match=r"is (nan|inf) in student turn 3"):
        trainer.run()
    assert trainer.best is None


def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    runs = []
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        torch.manual_seed(len(name))
        trainer = tiny_trainer(tmp_path, METHODS["cilda"], name=name, turn=TurnSettings(mask_id("bert"), seed=seed))
        trainer.run()
        runs.append([weight.clone() for weight in trainer.players.student.parameters()])
    assert all(torch.equal(one, two) for one, two in zip(runs[0], runs[1], strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(runs[0], runs[2], strict=True))


def test_a_student_can_learn_ten_texts_by_heart(tmp_path: Path) -> None:
    trainer = tiny_trainer(
        tmp_path,
        METHODS["finetune"],
        validation=tiny_tokenized("bert", 10),
        total_turns=60,
        evaluate_every=60,
        learning_rate=5e-3,
    )
    assert trainer.run().score == 1.0
