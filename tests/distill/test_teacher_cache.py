from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cilda.caches import kept_in
from cilda.config import RunConfig
from cilda.distill import teacher_cache
from cilda.distill.answers import Answers, Shape
from cilda.distill.beginning import Beginning
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import evaluate
from cilda.distill.loading import Loaded
from cilda.distill.teacher_cache import Wanted, known_answers, pays, scored, wanted
from cilda.methods import METHODS
from cilda.runs.control import Orders, RunStopped, ask
from cilda.runs.layout import create
from cilda.runs.locks import Lock
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task
from tests.tiny_players import TRAIN_ROWS, tiny_encoder, tiny_players, tiny_tokenized, tokenizer_of

ROWS = tiny_tokenized("bert", TRAIN_ROWS)
EVERYTHING = Wanted(layers=True, asks_more=False)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Run:
    """A run that begins: its teacher, and how often that was asked."""

    def __init__(self, cache: Path, name: str = "run", seed: int = 1, **settings: Any) -> None:
        self.config = RunConfig.checked({"cache_dir": cache, "evaluation_batch_size": 5, **settings})
        model = tiny_encoder("bert", layers=3, seed=seed)
        self.loaded = Loaded(model, tokenizer_of("bert"), "models/teacher", has_head=True, weights_hash=f"hash {seed}")
        self.encoder = Encoder(model)
        self.writer = RunWriter(create(cache.parent / "runs", name))
        self.orders = Orders(self.writer.folder, self.writer)
        self.asked = 0
        model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, _model: object, _inputs: object, named: dict[str, Any]) -> None:
        self.asked += len(named["input_ids"])

    def begin(self, need: Wanted = EVERYTHING) -> Answers | None:
        beginning = Beginning(self.writer, self.orders)
        return known_answers(self.config, need, self.loaded, self.encoder, ROWS, self.writer, beginning, bfloat16=False)

    def told(self) -> Iterator[str]:
        self.writer.close()
        return (str(event["what"]) for event in read_events(self.writer.folder.events, {"alert"}))


SAMPLE = 16


def test_the_first_run_asks_and_the_next_looks_at_a_sample(cache: Path) -> None:
    first, second = Run(cache), Run(cache, "second")
    answers = first.begin()
    assert answers is not None and first.asked == TRAIN_ROWS + SAMPLE
    again = second.begin()
    assert again is not None and second.asked == SAMPLE
    assert any(f"about {TRAIN_ROWS} rows" in what and " kB in " in what for what in first.told())
    (told,) = second.told()
    assert told.startswith(f"the teacher has answered to {TRAIN_ROWS} rows before, taken from ")
    with torch.no_grad():
        live = first.encoder(ROWS.batch([20, 3]), want_layers=True)
    kept = again.of(torch.tensor([20, 3]), torch.device("cpu"), want_layers=True)
    assert torch.allclose(kept.logits_BC, live.logits_BC, atol=1e-6)
    assert live.pooled_BLD is not None and kept.pooled_BLD is not None
    assert torch.allclose(kept.pooled_BLD, live.pooled_BLD, rtol=1e-3, atol=1e-3)


def test_layers_are_added_to_logits_that_were_kept_before(cache: Path) -> None:
    assert Run(cache).begin(Wanted(layers=False, asks_more=False)) is not None
    before = {path.name: path.stat().st_mtime_ns for path in cache.rglob("logits-*")}
    more = Run(cache, "more")
    assert more.begin() is not None and more.asked == TRAIN_ROWS + SAMPLE
    assert {path.name: path.stat().st_mtime_ns for path in cache.rglob("logits-*")} == before
    fewer = Run(cache, "fewer")
    assert fewer.begin(Wanted(layers=False, asks_more=False)) is not None and fewer.asked == SAMPLE


@pytest.mark.parametrize("other", ["teacher", "max_length", "ids", "texts"])
def test_what_is_not_the_same_has_a_place_of_its_own(cache: Path, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Run(cache).begin() is not None
    if other in ("ids", "texts"):
        rows = ROWS.rows
        changed = replace(rows, ids=rows.ids[::-1]) if other == "ids" else replace(rows, texts=(rows.texts[0][::-1],))
        monkeypatch.setattr(f"{__name__}.ROWS", replace(ROWS, rows=changed))
    settings = {"max_length": 64} if other == "max_length" else {}
    run = Run(cache, "other", seed=2 if other == "teacher" else 1, **settings)
    assert run.begin() is not None and run.asked == TRAIN_ROWS + SAMPLE
    assert len(list(kept_in(cache))) == 2


def test_answers_that_are_not_the_teachers_are_asked_anew(cache: Path) -> None:
    assert Run(cache).begin() is not None
    changed = Run(cache, "changed")
    with torch.no_grad():
        changed.encoder.model.get_parameter("classifier.bias").add_(1.0)
    answers = changed.begin()
    assert answers is not None and changed.asked == SAMPLE + TRAIN_ROWS + SAMPLE
    with torch.no_grad():
        live = changed.encoder(ROWS.batch([5])).logits_BC
    assert torch.allclose(answers.of(torch.tensor([5]), torch.device("cpu")).logits_BC, live, atol=1e-5)
    assert any("is not what the teacher says now (row train:" in what for what in changed.told())


def test_a_damaged_file_is_asked_for_again(cache: Path) -> None:
    assert Run(cache).begin() is not None
    (path,) = cache.rglob("logits-*")
    path.write_bytes(path.read_bytes()[:-1])
    again = Run(cache, "again")
    assert again.begin() is not None and again.asked == TRAIN_ROWS + SAMPLE


def test_whoever_comes_while_another_asks_waits_for_it(cache: Path) -> None:
    first, second = Run(cache), Run(cache, "second")
    assert first.begin() is not None
    (entry,) = kept_in(cache)
    lock = Lock.take(entry.path / "lock")
    found: list[Answers | None] = []
    waiting = threading.Thread(target=lambda: found.append(second.begin()))
    waiting.start()
    time.sleep(1.5)
    assert not found
    lock.release()
    waiting.join(30)
    assert found[0] is not None and second.asked == SAMPLE
    assert "waiting for another run that asks the teacher the same" in list(second.told())


def test_a_run_that_waits_can_be_stopped(cache: Path) -> None:
    assert Run(cache).begin() is not None
    (entry,) = kept_in(cache)
    lock = Lock.take(entry.path / "lock")
    second = Run(cache, "second")
    ask(second.writer.folder, "stop")
    with pytest.raises(RunStopped):
        second.begin()
    lock.release()


def test_a_stop_while_the_teacher_is_asked_keeps_whole_files(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher_cache, "Shape", lambda **told: Shape(**told, rows_in_file=8))
    run = Run(cache)

    def stop_late(*_: object) -> None:
        if run.asked == 13:
            ask(run.writer.folder, "stop")
            # Requests are looked for a few times a second.
            time.sleep(1)

    run.encoder.model.register_forward_pre_hook(stop_late)
    with pytest.raises(RunStopped):
        run.begin()
    assert len(list(cache.rglob("logits-*"))) == 1 and not list(cache.rglob("*.tmp"))
    again = Run(cache, "again")
    assert again.begin() is not None and again.asked == TRAIN_ROWS - 8 + SAMPLE


@pytest.mark.parametrize("trouble", ["a file in the way", "no room"])
def test_a_disk_that_refuses_costs_only_the_cache(cache: Path, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if trouble == "no room":
        monkeypatch.setattr(teacher_cache, "free_bytes", lambda _: 1000)
    else:
        cache.write_text("a file")
    run = Run(cache)
    assert run.begin() is None
    told = list(run.told())
    assert any("the teacher's answers are not kept" in what for what in told), told


def test_what_is_of_use_says_when(cache: Path) -> None:
    assert Run(cache).begin() is not None
    (entry,) = kept_in(cache)
    for path in entry.path.iterdir():
        os.utime(path, (1e9, 1e9))
    assert next(kept_in(cache)).used == 1e9
    assert Run(cache, "again").begin() is not None
    assert next(kept_in(cache)).used > 1.7e9


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("finetune", None),
        ("kd", Wanted(layers=False, asks_more=False)),
        ("pkd", Wanted(layers=True, asks_more=False)),
        ("codir", Wanted(layers=True, asks_more=False)),
        ("tinybert", Wanted(layers=False, asks_more=True)),
        ("mate_kd", Wanted(layers=False, asks_more=True)),
        ("cilda", Wanted(layers=False, asks_more=True)),
        ("cilda_minild", Wanted(layers=True, asks_more=True)),
    ],
)
def test_what_a_method_wants_kept(name: str, expected: Wanted | None) -> None:
    recipe = METHODS[name]
    assert wanted(recipe, tiny_players("bert", recipe).losses, "critic") == expected


def test_by_itself_a_run_keeps_answers_that_it_will_read_again() -> None:
    def config(choice: str) -> RunConfig:
        return RunConfig.checked({"teacher_cache": choice})

    assert [pays(config(choice), 9, 10) for choice in ("auto", "on", "off")] == [False, True, False]
    assert [pays(config(choice), 10, 10) for choice in ("auto", "on", "off")] == [True, True, False]


def test_a_teacher_is_scored_from_what_is_kept(cache: Path) -> None:
    task = Task("made_up", ("text",), labels=("no", "yes"))
    first, second = Run(cache), Run(cache, "second")
    told = [
        scored(run.config, run.loaded, run.encoder, task, ROWS, run.writer, Beginning(run.writer, run.orders))
        for run in (first, second)
    ]
    assert told[0] == told[1] == evaluate(first.encoder, task, ROWS, 5).scores
    assert second.asked == SAMPLE
    off = Run(cache, "off", teacher_cache="off")
    assert scored(off.config, off.loaded, off.encoder, task, ROWS, off.writer, Beginning(off.writer)) == told[0]
    assert off.asked == TRAIN_ROWS
