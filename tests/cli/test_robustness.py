from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import BLAME, PRAISE, Cilda, write_csv
from tests.tiny_models import tiny_classifier


@pytest.fixture(scope="module", name="data")
def _data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data with sst2's validation split, two sets from elsewhere, and two models."""
    folder = tmp_path_factory.mktemp("data")
    texts = [f"the film is {word}" for word in (*BLAME, *PRAISE)]
    labels = [0] * len(BLAME) + [1] * len(PRAISE)
    for path in ("glue/sst2/validation", "robustness/sentiment/books", "robustness/sentiment/custrev"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"sentence": texts, "label": labels}), folder / f"{path}.parquet")
    for name, seed in (("student", 1), ("teacher", 2)):
        labels_of = ("negative", "positive")
        tiny_classifier("bert", folder / name, labels=labels_of, layers=1, width=16, seed=seed, initializer_range=0.3)
    return folder


def asked(data: Path, *more: object) -> list[object]:
    return ["eval", data / "student", "--task", "sst2", "--data-dir", data, "--max-length", "16", *more]


def test_a_student_is_judged_at_home_and_elsewhere(cilda: Cilda, data: Path) -> None:
    shown = cilda(*asked(data, "--suite", "robustness", "--teacher", data / "teacher", "--json"))
    assert shown.code == 0, shown.err
    told = json.loads(shown.out)
    assert [one["name"] for one in told["sets"]] == ["validation", "books", "custrev"]
    assert "left out: electronics:" in shown.err
    for one in told["sets"]:
        student, teacher = one["models"]["student"], one["models"]["teacher"]
        assert student["scores"] == told["sets"][0]["models"]["student"]["scores"], "the rows are the same"
        assert student["groups"].keys() == {"gold negative", "gold positive"}
        assert 0 <= one["agreement"] <= 1 and 0 <= teacher["calibration_error"] <= 1


def test_the_table_names_the_worst_group_and_what_is_lost_to_home(cilda: Cilda, data: Path) -> None:
    shown = cilda(*asked(data, "--suite", "robustness", "--only", "books"))
    assert shown.code == 0, shown.err
    head, home, books = shown.out.splitlines()
    assert head.split()[:4] == ["set", "rows", "accuracy", "to"] and "teacher" not in head
    assert home.split()[3] == "home" and books.split()[0] == "books" and books.split()[3] == "+0.0000"


def test_a_file_of_the_user_s_own_stands_beside_the_sets(cilda: Cilda, data: Path, tmp_path: Path) -> None:
    rows: list[list[object]] = [["it is fine", "thumbs up"], ["it is poor", "thumbs down"]]
    path = write_csv(tmp_path / "own.csv", ["review", "said"], rows)
    own = ["--file", path, "--text", "review", "--label", "said", "--map", "thumbs up=positive,thumbs down=negative"]
    shown = cilda(*asked(data, "--suite", "robustness", "--only", "books", *own))
    assert shown.code == 0, shown.err
    assert [line.split()[0] for line in shown.out.splitlines()] == ["set", "validation", "books", "own.csv"]
    alone = cilda(*asked(data, *own, "--json"))
    assert json.loads(alone.out)["results"]["model"]["own.csv"]["calibration_error"] >= 0


def test_rows_of_a_label_can_be_left_out(cilda: Cilda, data: Path, tmp_path: Path) -> None:
    rows: list[list[object]] = [["it is fine", "5"], ["it is so so", "3"], ["it is poor", "1"]]
    path = write_csv(tmp_path / "stars.csv", ["review", "stars"], rows)
    own = asked(data, "--file", path, "--text", "review", "--label", "stars", "--json")
    shown = cilda(*own, "--map", "5=positive,1=negative,3=-")
    assert "2 rows of stars.csv" in shown.err
    assert json.loads(shown.out)["results"]["model"]["stars.csv"]
    stranger = cilda(*own, "--map", "5=positive,1=negative")
    assert "no label named '3'" in stranger.what and "--map THEIRS=- leaves its rows out" in stranger.todo
    nothing = cilda(*own, "--map", "5=-,1=-,3=-")
    assert "leaves out every row" in nothing.what


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--suite", "robust"], "no suite named 'robust'"),
        (["--only", "books"], "--only books is given without --suite"),
        (["--suite", "robustness", "--only", "boks"], "no set for sst2 named 'boks'"),
        (["--suite", "robustness", "--predictions", "p.tsv"], "are both given"),
        (["--map", "a=positive"], "--map is given without --file"),
        (["--file", "x.csv", "--map", "a"], "is not of the form"),
        (["--file", "x.csv", "--map", "a=good"], "no label of sst2 named 'good'"),
    ],
)
def test_what_makes_no_sense_is_refused(cilda: Cilda, data: Path, more: list[str], what: str) -> None:
    shown = cilda(*asked(data, *more))
    assert shown.code == 2 and what in shown.what


def test_a_task_without_sets_and_a_folder_without_any_are_told(cilda: Cilda, data: Path, tmp_path: Path) -> None:
    shown = cilda("eval", data / "student", "--task", "cola", "--data-dir", data, "--suite", "robustness")
    assert "no sets for cola" in shown.what
    (tmp_path / "glue" / "sst2").mkdir(parents=True)
    (tmp_path / "glue/sst2/validation.parquet").write_bytes((data / "glue/sst2/validation.parquet").read_bytes())
    shown = cilda("eval", data / "student", "--task", "sst2", "--data-dir", tmp_path, "--suite", "robustness",
                  "--only", "books,custrev")  # fmt: skip
    assert shown.code == 1 and shown.what == "none of the sets for sst2 is to be had: books, custrev"
