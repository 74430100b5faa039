from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.config import RunConfig
from cilda.config_sources import (
    Layer,
    environment_layer,
    file_layer,
    mistaken_variables,
    resolve,
    settings_layer,
    weights_layer,
)
from cilda.distill.step import TurnSettings
from cilda.distill.trainer_settings import TrainerSettings
from cilda.errors import UsageError

FILES = {"train_file": "rows.csv", "text": "review", "label": "mood"}


def test_the_defaults_are_those_of_the_method() -> None:
    """The table of default settings in docs/methods.md."""
    config = RunConfig.checked({})
    assert (config.weight_decay, config.clip_norm, config.batch_size, config.max_length) == (0.0, 5.0, 32, 128)
    assert (config.generator_learning_rate, config.generator_clip_norm) == (5e-7, 5.0)
    assert (config.generator_turns, config.student_turns, config.warmup_fraction) == (10, 100, 0.06)
    assert (config.mask_fraction, config.gumbel_temperature) == (0.3, 1.0)
    assert (config.kl_temperature, config.contrast_temperature, config.teacher_entropy) == (1.0, 2.0, False)
    assert (config.pooling, config.projection, config.projection_width) == ("first", "critic", 128)


def test_the_engine_s_own_defaults_are_the_same() -> None:
    config = RunConfig.checked({})
    engine = {**TrainerSettings.__dataclass_fields__, **TurnSettings.__dataclass_fields__}
    shared = set(engine) & set(RunConfig.model_fields) - {"seed", "learning_rate", "batch_size", "evaluate_every"}
    assert len(shared) >= 12
    for name in shared:
        assert engine[name].default == getattr(config, name), name


def test_every_setting_says_what_it_is() -> None:
    for name, field in RunConfig.model_fields.items():
        assert field.description, name


def test_a_config_survives_json_and_its_hash_is_that_of_its_settings() -> None:
    config = RunConfig.checked({"weights": {"hard_label.real": 0.5}, "runs_dir": "somewhere"})
    again = RunConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert again.hash() == config.hash() != RunConfig.checked({}).hash()


def test_later_layers_win_and_each_setting_knows_its_origin() -> None:
    config, origins = resolve([
        Layer("settings.toml", {"batch_size": 8, "seed": 1, "weights": {"hard_label.real": 0.1, "logit_kl.real": 0.2}}),
        Layer("environment", {"batch_size": "16"}),
        Layer("--weight", {"weights": {"logit_kl.real": 0.3}}),
    ])  # fmt: skip
    assert (config.batch_size, config.seed) == (16, 1)
    assert config.weights == {"hard_label.real": 0.1, "logit_kl.real": 0.3}
    assert {name: origin for name, origin in origins.items() if origin != "default"} == {
        "batch_size": "environment",
        "seed": "settings.toml",
        "weights": "--weight",
    }
    assert set(origins) == set(RunConfig.model_fields)


def test_of_a_batch_in_texts_and_one_in_tokens_the_later_holds() -> None:
    tokens, texts = Layer("settings.toml", {"tokens_per_batch": 4096}), Layer("--batch-size", {"batch_size": 8})
    config, origins = resolve([tokens, texts])
    assert (config.batch_size, config.tokens_per_batch, origins["tokens_per_batch"]) == (8, None, "--batch-size")
    assert resolve([texts, tokens])[0].tokens_per_batch == 4096
    both = Layer("run.toml", {"batch_size": 32, "tokens_per_batch": 4096})
    assert resolve([both])[0].tokens_per_batch == 4096
    with pytest.raises(UsageError, match="--batch-size and --tokens-per-batch both say"):
        resolve([texts, Layer("--tokens-per-batch", {"tokens_per_batch": 4096})])


def test_settings_from_the_environment() -> None:
    variables = {
        "CILDA_BATCH_SIZE": "16",
        "CILDA_ALLOW_PICKLE": "true",
        "CILDA_SEED": "",
        "PATH": "/bin",
        "CILDA_X": "1",
    }
    config, origins = resolve([environment_layer(variables)])
    assert (config.batch_size, config.allow_pickle, config.seed) == (16, True, 42)
    assert origins["batch_size"] == "environment" and origins["seed"] == "default"


def test_a_variable_that_misses_a_setting_is_told_with_what_was_meant() -> None:
    meant = {"CILDA_BATCHSIZE": "CILDA_BATCH_SIZE", "CILDA_EPOCH": "CILDA_EPOCHS", "cilda_seed": "CILDA_SEED"}
    others = {"CILDA_SEED": "7", "CILDA_RUNS_DIR": "r", "CILDA_BANNER": "x", "CILDA_": "x", "CILDA_EVALUATEEVERY": ""}
    assert mistaken_variables({**dict.fromkeys(meant, "1"), **others}) == meant
    assert mistaken_variables({"CILDA_WEIGHTS": "x=1"}) == {"CILDA_WEIGHTS": "--weight TERM=W"}
    assert mistaken_variables({f"CILDA_{key.upper()}": "1" for key in RunConfig.model_fields if key != "weights"}) == {}


def test_settings_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('task = "rte"\nbatch_size = 8\n[weights]\n"hard_label.real" = 0.5\nlogit_kl.real = 0.25\n')
    config, origins = resolve([file_layer(path)])
    assert (config.task, config.batch_size) == ("rte", 8)
    assert config.weights == {"hard_label.real": 0.5, "logit_kl.real": 0.25}
    assert origins["task"] == str(path)


def test_settings_from_assignments() -> None:
    layer = settings_layer(["batch_size=16", "pooling=mean", "mask_fraction = 0.4", "allow_pickle=true", "teacher=a/b"])
    assert layer.values == {
        "batch_size": 16, "pooling": "mean", "mask_fraction": 0.4, "allow_pickle": True, "teacher": "a/b",
    }  # fmt: skip
    assert weights_layer(["hard_label.real=0.5"]).values == {"weights": {"hard_label.real": 0.5}}
    assert weights_layer([]).values == {}


@given(st.dictionaries(st.sampled_from(["seed", "batch_size", "max_turns"]), st.integers(1, 1000)))
def test_numbers_said_in_any_place_are_the_same(numbers: dict[str, int]) -> None:
    by_words = settings_layer([f"{key}={value}" for key, value in numbers.items()])
    by_environment = environment_layer({f"CILDA_{key.upper()}": str(value) for key, value in numbers.items()})
    assert resolve([by_words])[0] == resolve([by_environment])[0] == RunConfig.checked(numbers)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"bacth_size": 8}, "no setting named 'bacth_size'"),
        ({"method": "cidla"}, "no method named 'cidla'"),
        ({"task": "sst3"}, "no task named 'sst3'"),
        ({"batch_size": 0}, "batch_size is 0: it should be greater than or equal to 1"),
        ({"batch_size": "many"}, "batch_size is 'many'"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"weight_decay": float("inf")}, "weight_decay is inf"),
        ({"kl_temperature": 0}, "kl_temperature is 0"),
        ({"mask_fraction": 0}, "mask_fraction is 0"),
        ({"mask_fraction": 1.01}, r"mask_fraction is 1\.01"),
        ({"pooling": "max"}, "pooling is 'max': it should be 'first' or 'mean'"),
        ({"projection": "both"}, "projection is 'both'"),
        ({"weights": {"hard_label.real": "much"}}, r"weights\.hard_label\.real is 'much'"),
        ({"weights": {"hard_lable.real": 1}}, r"no term named 'hard_lable\.real'"),
        ({"weights": {"logit_kl.soft": 1}}, "both players have"),
        ({"method": "finetune", "weights": {"hard_label.real": 0}}, "no term of finetune is left"),
        ({"train_file": "rows.csv", "label": "mood"}, r"--train rows\.csv needs --text"),
        ({"train_file": "rows.csv", "text": "review"}, r"--train rows\.csv needs --label"),
        ({"text": "review"}, "--text is given without --train"),
        ({"text_pair": "other"}, "--text-pair is given without --train"),
        ({"validation_file": "rows.csv"}, "--validation is given without --train"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_an_impossible_request_is_refused_with_its_value(values: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        RunConfig.checked(values)
    assert caught.value.todo
    assert "pydantic" not in f"{caught.value.what} {caught.value.todo}"


def test_a_near_miss_is_guessed() -> None:
    with pytest.raises(UsageError) as caught:
        RunConfig.checked({"method": "cidla"})
    assert "did you mean cilda?" in caught.value.todo


def test_files_need_no_task() -> None:
    assert RunConfig.checked({**FILES, "task": "whatever"}).train_file == Path("rows.csv")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"batch_size = 8\nseed = what", r"is not TOML: .*line 2"),
        (b"\xff\xfe", "is not TOML"),
        (b"bacth_size = 8", "no setting in .* named 'bacth_size'"),
    ],
)
def test_a_file_that_says_nothing_sensible_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=what):
        file_layer(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the settings file"):
        file_layer(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("text", ["batch_size", "=16", "batch_size=", "", " = "])
def test_an_assignment_without_both_sides_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not of the form KEY=VALUE"):
        settings_layer([text])


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="'much' is not a number"):
        weights_layer(["hard_label.real=much"])
