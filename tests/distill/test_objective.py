from __future__ import annotations

import math

import pytest
import torch

from cilda.distill.batch import Outputs, View
from cilda.distill.losses import LOSSES
from cilda.distill.losses.loss import Loss, LossSettings
from cilda.distill.objective import Objective, make_losses
from cilda.methods import METHODS
from cilda.methods.recipe import LOSS_NAMES, Sight, Term
from tests.views import view_of

SETTINGS = LossSettings(
    regression=False, teacher_layers=3, teacher_width=4, student_layers=2, student_width=4, projection_width=5
)


def losses_for(name: str) -> dict[str, Loss]:
    """The losses that a method's terms name."""
    made = make_losses(METHODS[name], SETTINGS)
    return {key: loss for key, loss in made.items() if isinstance(loss, Loss)}


def test_every_loss_a_recipe_may_name_exists() -> None:
    assert tuple(LOSSES) == LOSS_NAMES


def test_a_method_makes_only_the_losses_that_it_names() -> None:
    assert {name: list(losses_for(name)) for name in METHODS} == {
        "finetune": ["hard_label"],
        "kd": ["hard_label", "logit_kl"],
        "pkd": ["hard_label", "logit_kl", "layer_distance"],
        "tinybert": ["hidden_mse", "attention_mse", "logit_kl"],
        "codir": ["hard_label", "logit_kl", "crd_memory"],
        "rail_kd": ["hard_label", "logit_kl", "layer_distance"],
        "annealing_kd": ["annealed_mse", "hard_label"],
        "combined_kd": ["logit_mse", "annealed_mse", "hard_label"],
        "random_mlm": ["hard_label", "logit_kl"],
        "mate_kd": ["logit_kl", "hard_label"],
        "cilda": ["logit_kl", "layer_contrast", "hard_label"],
        "cilda_minild": ["logit_kl", "layer_contrast", "hard_label"],
    }


def test_the_total_is_the_weighted_sum() -> None:
    losses = losses_for("cilda")
    views: dict[Sight, View] = {"real": view_of(4, seed=1), "soft": view_of(4, seed=2)}
    score = Objective(METHODS["cilda"].student, losses)(views)
    by_hand = {
        "hard_label.real": losses["hard_label"](views["real"]).item(),
        "logit_kl.real": losses["logit_kl"](views["real"]).item(),
        "logit_kl.soft": losses["logit_kl"](views["soft"]).item(),
    }
    assert {key: value.item() for key, value in score.values.items()} == by_hand
    assert score.total.item() == pytest.approx(sum(by_hand.values()) / 3, rel=1e-6)
    assert {key: value.item() for key, value in score.weighted.items()} == pytest.approx(
        {key: value / 3 for key, value in by_hand.items()}, rel=1e-6
    )


def test_a_weight_per_log_batch_is_divided_by_ln_b() -> None:
    losses = losses_for("cilda_minild")
    objective = Objective((Term("layer_contrast", "real", 0.6, per_log_batch=True),), losses)
    score = objective({"real": view_of(4)})
    assert score.total.item() == pytest.approx(0.6 / math.log(4) * score.values["layer_contrast.real"].item())


def test_one_text_alone_has_nothing_to_contrast() -> None:
    objective = Objective((Term("layer_contrast", "real", 0.6, per_log_batch=True),), losses_for("cilda_minild"))
    assert objective({"real": view_of(1)}).total.item() == 0.0


def test_an_objective_knows_what_its_terms_need() -> None:
    student = Objective(METHODS["cilda_minild"].student, losses_for("cilda_minild"))
    assert student.sights == ("real", "soft")
    assert student.needs_layers("real") and student.needs_teacher("soft")
    plain = Objective(METHODS["cilda"].student, losses_for("cilda"))
    assert not plain.needs_layers("real") and not plain.needs_layers("soft")
    generator = Objective(METHODS["cilda"].generator, losses_for("cilda"))
    assert generator.sights == ("soft",)
    assert generator.needs_layers("soft") and not generator.needs_layers("real")
    finetune = Objective(METHODS["finetune"].student, losses_for("finetune"))
    assert finetune.sights == ("real",) and not finetune.needs_teacher("real")


def test_values_keep_their_graph() -> None:
    view = view_of(4)
    logits_BC = view.student.logits_BC.clone().requires_grad_(True)
    asked = View(view.labels_B, Outputs(logits_BC, view.student.pooled_BLD), view.teacher)
    Objective(METHODS["kd"].student, losses_for("kd"))({"real": asked}).total.backward()
    assert logits_BC.grad is not None and torch.isfinite(logits_BC.grad).all() and logits_BC.grad.abs().sum() > 0
