from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import evaluate, logits, predicted
from cilda.methods import METHODS
from cilda.tasks.task import Task
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import tiny_batch, tiny_encoder, tiny_players, tiny_tokenized, tiny_turns
from tests.tiny_trainer import TASK

AMOUNT = Task("amount", ("text",), metric="pearson", metrics=("pearson", "mean_squared_error"))


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_logits_come_in_the_order_of_the_rows_whatever_the_batches(family: str) -> None:
    encoder, rows = Encoder(tiny_encoder(family)), tiny_tokenized(family, 7)
    with torch.no_grad():
        alone = np.concatenate([encoder(rows.batch([row])).logits_BC.numpy() for row in range(7)])
    for batch_size in (2, 64):
        np.testing.assert_allclose(logits(encoder, rows, batch_size), alone, rtol=1e-4, atol=1e-6)


def test_each_batch_gives_a_sign_of_life() -> None:
    ticks: list[int] = []
    encoder, rows = Encoder(tiny_encoder("bert")), tiny_tokenized("bert", 7)
    evaluate(encoder, TASK, rows, 2, tick=lambda: ticks.append(1))
    assert len(ticks) == 4


def test_scores_are_those_of_the_predictions() -> None:
    encoder, rows = Encoder(tiny_encoder("bert")), tiny_tokenized("bert", 8)
    said = evaluate(encoder, TASK, rows)
    answers = said.logits_NC.argmax(axis=1)
    assert said.predictions(TASK).tolist() == answers.tolist()
    assert said.scores == {"accuracy": float(np.mean(answers == np.array(rows.rows.labels)))}


def test_an_amount_is_the_only_logit() -> None:
    encoder, rows = Encoder(tiny_encoder("bert", classes=1)), tiny_tokenized("bert", 8, classes=1)
    said = evaluate(encoder, AMOUNT, rows)
    assert predicted(AMOUNT, said.logits_NC).tolist() == said.logits_NC[:, 0].tolist()
    gold = np.array(rows.rows.labels)
    assert said.scores["mean_squared_error"] == pytest.approx(np.mean((said.logits_NC[:, 0] - gold) ** 2), rel=1e-5)


def test_rows_without_gold_have_no_scores() -> None:
    rows = tiny_tokenized("bert", 4)
    without = replace(rows, rows=replace(rows.rows, labels=None), labels_N=None)
    assert evaluate(Encoder(tiny_encoder("bert")), TASK, without).scores == {}


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_leaves_no_trace(training: bool) -> None:
    encoder, rows = Encoder(tiny_encoder("bert")), tiny_tokenized("bert", 8)
    encoder.train(training)
    torch.manual_seed(5)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    evaluate(encoder, TASK, rows)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpy_before).all()  # type: ignore[index]  # noqa: NPY002
    assert all(module.training == training for module in encoder.modules())


def test_the_turns_after_an_evaluation_are_those_without_one() -> None:
    values = []
    for often in (False, True):
        turns = tiny_turns("bert", METHODS["cilda"], players=tiny_players("bert", METHODS["cilda"]))
        torch.manual_seed(0)
        told = []
        for play in (turns.generator, turns.student, turns.student):
            told.append({key: value.item() for key, value in play(tiny_batch("bert")).values.items()})
            if often:
                evaluate(turns.players.student, TASK, tiny_tokenized("bert", 8))
        values.append(told)
    assert values[0] == values[1]
