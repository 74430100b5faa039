from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cilda.config import RunConfig
from cilda.config_sources import file_layer, resolve
from cilda.families import SHORT_NAMES
from cilda.methods import METHODS
from cilda.recipes import PUBLISHED
from cilda.recipes.shelf import names, path_of, published
from cilda.tasks import TASKS
from tests.cli.conftest import Cilda

ROOT = Path(__file__).resolve().parent.parent.parent
GLUE = ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2", "stsb")


def test_there_is_a_recipe_for_both_pairs_on_every_task() -> None:
    assert names() == sorted(f"{pair}-{task}" for pair in ("bert", "roberta") for task in GLUE)


@pytest.mark.parametrize("name", names())
def test_a_recipe_is_a_settings_file_that_a_run_takes(name: str) -> None:
    config, origins = resolve([file_layer(path_of(name))])
    pair, _, task = name.partition("-")
    assert config.task == task and task in TASKS
    for model in (config.teacher, config.student, config.generator):
        assert model in SHORT_NAMES
    assert SHORT_NAMES[config.teacher].layers > SHORT_NAMES[config.student].layers == 6
    assert str(SHORT_NAMES[config.teacher].name).startswith(pair)
    assert SHORT_NAMES[str(config.generator)].masked_lm
    assert (config.batch_size, config.learning_rate, config.generator_learning_rate) == (32, 2e-5, 5e-7)
    assert 20 <= (config.epochs or 0) <= 30
    assert all(
        origin == str(path_of(name))
        for key, origin in origins.items()
        if key in RunConfig.model_fields and origin != "default"
    )


def test_recipes_are_listed_with_what_was_published(cilda: Cilda) -> None:
    listed = json.loads(cilda("recipes", "--json").out)
    assert [one["name"] for one in listed] == names()
    assert {one["name"]: one["published"] for one in listed}["roberta-rte"] == PUBLISHED["rte"]
    assert published("bert-rte") == {} and all(one["ours"] is None for one in listed)
    lines = cilda("recipes").out.splitlines()
    assert len(lines) == 1 + len(names()) and "86.3" in next(line for line in lines if line.startswith("roberta-rte"))
    assert all(line.endswith("not run yet") for line in lines[1:])


def test_the_table_in_the_documentation_has_the_same_figures() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    tasks = next(row[1:] for row in table if "CoLA" in row)
    for method in ("teacher", "finetune", "kd", "annealing_kd"):
        row = next(row[1:] for row in table if row[0] == f"{method}, published")
        told = {task.lower().replace("-", ""): float(cell) for task, cell in zip(tasks, row, strict=True)}
        assert told == {task: figures[method] for task, figures in PUBLISHED.items()}


@pytest.mark.parametrize("arguments", [(), ("roberta-rte",), ("--json",)])
def test_recipes_are_shown_without_any_of_the_heavy_libraries(arguments: tuple[str, ...]) -> None:
    program = (
        "import sys\nfrom cilda.cli.main import main\ncode = main(['recipes', *sys.argv[1:]])\n"
        "heavy = [name for name in ('torch', 'transformers', 'datasets', 'numpy') if name in sys.modules]\n"
        "sys.exit(code if not heavy else f'imported {heavy}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("method", METHODS)
def test_a_recipe_takes_another_method(cilda: Cilda, tmp_path: Path, method: str) -> None:
    shown = cilda("distill", "--config", "recipe:bert-cola", "--method", method, "--runs-dir", tmp_path, "--dry-run")
    assert shown.code == 0, shown.err
    assert tomllib.loads(shown.out)["method"] == method


def test_a_recipe_is_printed_as_it_lies_there_and_is_read_by_name(cilda: Cilda, tmp_path: Path) -> None:
    shown = cilda("recipes", "roberta-rte")
    assert tomllib.loads(shown.out)["task"] == "rte"
    assert json.loads(cilda("recipes", "roberta-rte", "--json").out)["student"] == "distilroberta"
    shown = cilda(
        "distill", "--config", "recipe:roberta-rte", "--method", "mate_kd", "--runs-dir", tmp_path, "--dry-run"
    )
    assert shown.code == 0, shown.err
    settings = tomllib.loads(shown.out)
    assert (settings["method"], settings["teacher"], settings["epochs"]) == ("mate_kd", "roberta-large", 30)


def test_an_unknown_recipe_is_told(cilda: Cilda) -> None:
    for arguments in (["recipes", "roberta-rtee"], ["distill", "--config", "recipe:roberta-rtee", "--dry-run"]):
        shown = cilda(*arguments)
        assert shown.code == 2 and "no recipe named 'roberta-rtee'" in shown.what
