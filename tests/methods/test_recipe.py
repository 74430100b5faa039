from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.config import RunConfig
from cilda.errors import UsageError
from cilda.methods import METHODS
from cilda.methods.recipe import Method, Term, with_weights

# What the papers and the third party's code say, term by term: the table of docs/methods.md.
TABLE: dict[str, dict[str, float]] = {
    "finetune": {"student.hard_label.real": 1},
    "kd": {"student.hard_label.real": 1 / 2, "student.logit_kl.real": 1 / 2},
    "pkd": {
        "student.hard_label.real": 4 / 9,
        "student.logit_kl.real": 4 / 9,
        "student.layer_distance.real": 1 / 9,
    },
    "tinybert": {
        "student.hidden_mse.real": 1 / 2,
        "student.attention_mse.real": 1 / 2,
        "student.logit_kl.real": 1,
    },
    "codir": {
        "student.hard_label.real": 2 / 5,
        "student.logit_kl.real": 2 / 5,
        "student.crd_memory.real": 1 / 5,
    },
    "rail_kd": {
        "student.hard_label.real": 1 / 3,
        "student.logit_kl.real": 1 / 3,
        "student.layer_distance.real": 1 / 3,
    },
    "annealing_kd": {"student.annealed_mse.real": 1, "student.hard_label.real": 1},
    "combined_kd": {
        "generator.logit_mse.soft": 1,
        "student.annealed_mse.real": 1 / 2,
        "student.annealed_mse.soft": 1 / 2,
        "student.hard_label.real": 1,
    },
    "mate_kd": {
        "generator.logit_kl.soft": 1,
        "student.hard_label.real": 1 / 3,
        "student.logit_kl.real": 1 / 3,
        "student.logit_kl.soft": 1 / 3,
    },
    "random_mlm": {
        "student.hard_label.real": 1 / 3,
        "student.logit_kl.real": 1 / 3,
        "student.logit_kl.soft": 1 / 3,
    },
    "cilda": {
        "generator.logit_kl.soft": 1 / 2,
        "generator.layer_contrast.soft": 1 / 2,
        "student.hard_label.real": 1 / 3,
        "student.logit_kl.real": 1 / 3,
        "student.logit_kl.soft": 1 / 3,
    },
    "cilda_minild": {
        "generator.logit_kl.soft": 1 / 2,
        "generator.layer_contrast.soft": 1 / 2,
        "student.hard_label.real": 2 / 9,
        "student.logit_kl.real": 2 / 9,
        "student.layer_contrast.real": 2 / 9,
        "student.hard_label.soft": 1 / 6,
        "student.logit_kl.soft": 1 / 12,
        "student.layer_contrast.soft": 1 / 12,
    },
}


def weights(method: Method) -> dict[str, float]:
    """All terms with their players and weights."""
    return {f"{player}.{term.key}": term.weight for player in ("generator", "student") for term in method.terms(player)}


def test_the_methods_are_those_of_the_table() -> None:
    assert {name: weights(method) for name, method in METHODS.items()} == TABLE


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_each_player_s_weights_sum_to_one_in_every_phase(method: Method) -> None:
    for terms in (method.generator, *(method.student_in(phase) for phase in range(1, method.phases + 1))):
        assert terms == method.generator == () or math.isclose(sum(term.weight for term in terms), 1)


def test_two_phases_have_those_methods_whose_terms_belong_to_one() -> None:
    assert [name for name, method in METHODS.items() if method.phases == 2] == [
        "tinybert",
        "annealing_kd",
        "combined_kd",
    ]
    assert [term.key for term in METHODS["tinybert"].student_in(1)] == ["hidden_mse.real", "attention_mse.real"]
    assert [term.key for term in METHODS["tinybert"].student_in(2)] == ["logit_kl.real"]
    assert METHODS["kd"].student_in(1) == METHODS["kd"].student


def test_a_term_that_is_added_counts_in_every_phase() -> None:
    changed = with_weights(METHODS["annealing_kd"], {"logit_kl.real": 0.5})
    assert [[term.key for term in changed.student_in(phase)] for phase in (1, 2)] == [
        ["annealed_mse.real", "logit_kl.real"],
        ["hard_label.real", "logit_kl.real"],
    ]


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_the_settings_that_a_method_brings_along_are_settings(method: Method) -> None:
    config = RunConfig.checked({"method": method.name})
    assert {key: getattr(config, key) for key in method.settings} == method.settings
    assert RunConfig.checked({"method": method.name, "pooling": "mean"}).pooling == "mean"


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_method_says_what_it_is_and_where_it_comes_from(method: Method) -> None:
    assert METHODS[method.name] is method
    assert method.title
    assert "arXiv:" in method.source or "third party" in method.source


def test_only_minild_divides_by_ln_b_and_only_for_the_student() -> None:
    divided = {
        f"{method.name} {term.key}"
        for method in METHODS.values()
        for term in (*method.generator, *method.student)
        if term.per_log_batch
    }
    assert divided == {"cilda_minild layer_contrast.real", "cilda_minild layer_contrast.soft"}
    assert not any(term.per_log_batch for term in METHODS["cilda_minild"].generator)


def test_who_is_needed() -> None:
    assert [name for name, method in METHODS.items() if method.needs_teacher] == list(METHODS)[1:]
    assert [name for name, method in METHODS.items() if method.needs_generator] == [
        "random_mlm", "mate_kd", "combined_kd", "cilda", "cilda_minild",
    ]  # fmt: skip


def test_a_weight_replaces_that_of_its_term() -> None:
    changed = with_weights(METHODS["cilda"], {"hard_label.real": 0.5, "generator.logit_kl.soft": 2})
    expected = {**TABLE["cilda"], "student.hard_label.real": 0.5, "generator.logit_kl.soft": 2}
    assert weights(changed) == expected
    assert weights(METHODS["cilda"]) == TABLE["cilda"]


def test_a_weight_keeps_the_division_by_ln_b() -> None:
    changed = with_weights(METHODS["cilda_minild"], {"layer_contrast.real": 1})
    term = next(term for term in changed.student if term.key == "layer_contrast.real")
    assert term == Term("layer_contrast", "real", 1, per_log_batch=True)


def test_a_weight_of_zero_takes_the_term_out() -> None:
    assert with_weights(METHODS["cilda"], {"layer_contrast.soft": 0}).generator == (Term("logit_kl", "soft", 1 / 2),)
    without = with_weights(METHODS["mate_kd"], {"student.logit_kl.soft": 0, "generator.logit_kl.soft": 0})
    assert not without.needs_generator


def test_a_term_that_a_recipe_lacks_goes_to_the_student_unless_a_player_is_named() -> None:
    # The third party's first version: hard_label on rewritten text too.
    first = with_weights(METHODS["mate_kd"], {"hard_label.soft": 2 / 9, "student.logit_kl.soft": 1 / 9})
    assert [(term.key, term.weight) for term in first.student] == [
        ("hard_label.real", 1 / 3),
        ("logit_kl.real", 1 / 3),
        ("logit_kl.soft", 1 / 9),
        ("hard_label.soft", 2 / 9),
    ]
    with_contrast = with_weights(METHODS["mate_kd"], {"generator.layer_contrast.soft": 1})
    assert [term.key for term in with_contrast.generator] == ["logit_kl.soft", "layer_contrast.soft"]


@pytest.mark.parametrize(
    ("method", "weight", "what"),
    [
        ("cilda", {"logit_kl.sotf": 1.0}, r"no term named 'logit_kl\.sotf'"),
        ("cilda", {"logit_kl": 1.0}, "no term named 'logit_kl'"),
        ("cilda", {"teacher.logit_kl.soft": 1.0}, "no term named 'teacher"),
        ("cilda", {"logit_kl.soft": 1.0}, r"both players have the term logit_kl\.soft"),
        ("cilda", {"hard_label.real": -0.1}, r"the weight of hard_label\.real is -0\.1"),
        ("cilda", {"hard_label.real": math.nan}, "is nan"),
        ("cilda", {"hard_label.real": math.inf}, "is inf"),
        ("cilda", {"generator.hard_label.soft": 1.0}, r"the generator cannot climb hard_label\.soft"),
        ("cilda", {"generator.logit_kl.real": 1.0}, r"the generator cannot climb logit_kl\.real"),
        ("cilda", {"generator.hidden_mse.soft": 1.0}, r"the generator cannot climb hidden_mse\.soft"),
        ("codir", {"crd_memory.soft": 1.0}, r"crd_memory\.soft means nothing"),
        ("finetune", {"hard_label.real": 0.0}, "no term of finetune is left for the student"),
        ("annealing_kd", {"hard_label.real": 0.0}, "no term of annealing_kd is left for the student in phase 2 of 2"),
    ],
)
def test_a_weight_that_makes_no_sense_is_refused(method: str, weight: dict[str, float], what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        with_weights(METHODS[method], weight)
    assert caught.value.todo


@given(
    method=st.sampled_from(list(METHODS.values())),
    given_weights=st.dictionaries(
        st.sampled_from([key for table in TABLE.values() for key in table]), st.floats(0, 10), max_size=5
    ),
)
def test_named_by_player_every_weight_lands_where_it_should(method: Method, given_weights: dict[str, float]) -> None:
    changed = {**weights(method), **given_weights}
    expected = {key: weight for key, weight in changed.items() if weight > 0}
    phases = {term.key: term.phase for term in method.student}
    added = {key.removeprefix("student."): None for key in expected if key.startswith("student.")}
    left = [phases.get(key) for key in added]
    if not all(None in left or phase in left for phase in range(1, method.phases + 1)):
        with pytest.raises(UsageError, match="is left for the student"):
            with_weights(method, given_weights)
    else:
        assert weights(with_weights(method, given_weights)) == expected
