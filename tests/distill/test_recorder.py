from __future__ import annotations

import copy
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cilda.distill.batch import Batch, SoftTokens
from cilda.distill.evaluate import logits
from cilda.distill.loading import last_linear
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.own_text import OwnText
from cilda.distill.played import Answers, Played
from cilda.distill.players import Players
from cilda.distill.recorder import Recorder, RecordSettings
from cilda.distill.trainer import Trainer
from cilda.methods import METHODS
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.runs.events import Event
from cilda.runs.store import read_events
from tests.tiny_players import LONGEST, tiny_rows, tiny_tokenized, tokenizer_of
from tests.tiny_trainer import events_of, fresh_players, tiny_trainer

SETTINGS = RecordSettings(every=2, texts=2, watched=0, disagreements=0, total_turns=9)


def recording(tmp_path: Path, settings: RecordSettings = SETTINGS, method: str = "cilda", **more: Any) -> Trainer:
    """A trainer of 9 student turns on 10 rows, with who records them."""
    trainer = tiny_trainer(tmp_path, METHODS[method], **more)
    contrast = dict(trainer.players.losses.items()).get("layer_contrast")
    trainer._recorder = Recorder(
        trainer.writer,
        OwnText(tokenizer_of("bert"), LONGEST),
        tiny_rows(10),
        settings,
        student=trainer.players.student,
        regression=False,
        contrast=contrast if isinstance(contrast, LayerContrast) else None,
    )
    return trainer


def parted(*, seed: int = 40) -> Players:
    """Players whose teacher says "yes" to every other text, and whose student has one answer for all."""
    players = fresh_players(METHODS["cilda"], seed=seed)
    assert players.teacher is not None
    teacher = copy.deepcopy(players.teacher)
    logits_NC = logits(teacher, tiny_tokenized("bert", 10), 8)
    last_linear(teacher.model).bias.data[0] += float(np.median(logits_NC[:, 1] - logits_NC[:, 0]))
    return replace(players, teacher=teacher)


def recorded(trainer: Trainer) -> list[Event]:
    trainer.writer.close()
    return list(read_events(trainer.writer.folder.augmentations))


def read(event: Event) -> Rewrite:
    rewrite = rewrite_of(event)
    assert rewrite is not None
    return rewrite


def test_samples_are_taken_from_the_first_turn_on_and_from_all_over_the_batch(tmp_path: Path) -> None:
    trainer = recording(tmp_path)
    trainer.run()
    records = recorded(trainer)
    of_student = [record for record in records if record["player"] == "student"]
    assert [record["turn"] for record in of_student] == [1, 1, 2, 2, 4, 4, 6, 6, 8, 8]
    assert [record["turn"] for record in records if record["player"] == "generator"] == [1, 1, 2, 2, 4, 4]
    # Cycles of one generator turn and two student turns.
    assert [record["step"] for record in of_student[::2]] == [2, 3, 6, 9, 12]
    assert {record["why"] for record in records} == {"sample"}


def test_a_record_says_what_happened_to_the_authors_own_text(tmp_path: Path) -> None:
    trainer = recording(tmp_path)
    trainer.run()
    rows, tokenizer = tiny_rows(10), tokenizer_of("bert")
    assert rows.labels is not None
    for record in recorded(trainer):
        row = rows.ids.index(record["id"])
        assert record["real"] == rows.texts[0][row]
        assert record["label"] == rows.labels[row]
        assert record["real_tokens"] == tokenizer.convert_ids_to_tokens(tokenizer.encode(rows.texts[0][row]))
        rewrite = read(record)
        assert set(rewrite.changed) <= set(rewrite.drawn)
        assert rewrite.real_tokens[0] == rewrite.soft_tokens[0] == "[CLS]" and 0 not in rewrite.drawn
        assert len(rewrite.real_spans) == len(rewrite.soft_spans) == len(rewrite.drawn)
        for position, real, soft in zip(rewrite.drawn, rewrite.real_spans, rewrite.soft_spans, strict=True):
            assert rewrite.real[slice(*real)] == rewrite.real_tokens[position].removeprefix("##")
            assert rewrite.soft[slice(*soft)] == rewrite.soft_tokens[position].removeprefix("##")
        student = record["player"] == "student"
        for who in ("student", "teacher"):
            for sight in ("real", "soft") if student else ("soft",):
                assert sum(record[f"{who}_{sight}"]) == pytest.approx(1, abs=1e-3)
        assert (rewrite.kl_soft or 0) > 0 and ("kl_real" in record) == student
        # Nobody can be more surprised, on average, than by the least likely of all ids.
        assert (0 < record["entropy"] < 6 and record["surprise"] > 0) if student else "entropy" not in record


def test_the_student_answers_at_rest_right_after_its_turn(tmp_path: Path) -> None:
    trainer = recording(tmp_path)
    trainer.play("student")
    assert trainer._recorder is not None
    trainer._recorder.settle()
    for record in recorded(trainer):
        for sight in ("real", "soft"):
            vocabulary = tokenizer_of("bert").get_vocab()
            ids = [vocabulary[token] for token in record[f"{sight}_tokens"]]
            batch = Batch(torch.tensor([ids]), torch.ones(1, len(ids)), torch.zeros(1, len(ids)).bool(), None)
            with torch.no_grad():
                expected = trainer.players.student(batch).logits_BC.softmax(-1)[0].tolist()
            assert record[f"student_{sight}"] == pytest.approx(expected, abs=2e-4)


def test_contrast_is_the_texts_share_of_the_loss(tmp_path: Path) -> None:
    trainer = recording(tmp_path, replace(SETTINGS, every=1, texts=4))
    told: list[tuple[int, float]] = []
    contrast = trainer.players.losses["layer_contrast"]
    assert isinstance(contrast, LayerContrast)
    by_text = contrast.by_text

    def noted(view: Any) -> torch.Tensor:
        told.append((view.student.logits_BC.shape[0], contrast(view).item()))
        return by_text(view)

    contrast.by_text = noted  # type: ignore[method-assign]
    trainer.run()
    records = [record for record in recorded(trainer) if "contrast" in record]
    for texts, loss in told:
        mine, records = records[:texts], records[texts:]
        assert sum(record["contrast"] for record in mine) / texts == pytest.approx(loss, abs=1e-4)
    assert not records and told


def test_watched_texts_are_kept_each_time_that_they_come_by(tmp_path: Path) -> None:
    trainer = recording(tmp_path, replace(SETTINGS, every=100, texts=1, watched=3))
    trainer.run()
    watched = [record for record in recorded(trainer) if record["why"] == "watched"]
    # Nine turns are three passes; the first turn's sample may be one of them.
    counts = Counter(record["id"] for record in watched)
    assert len(counts) == 3 and all(count in (2, 3) for count in counts.values())
    assert sum(counts.values()) >= 8


def test_disagreements_are_kept_up_to_a_cap_that_grows_with_the_turns(tmp_path: Path) -> None:
    every = replace(SETTINGS, every=100, texts=1, disagreements=1000)
    all_of_them = recording(tmp_path, every, name="all", players=parted())
    all_of_them.run()
    records = [read(record) for record in recorded(all_of_them)]
    found = [rewrite for rewrite in records if rewrite.why == "disagreement"]
    assert all(rewrite.disagree for rewrite in found) and len(found) > 4
    few = recording(tmp_path, replace(every, disagreements=4), name="few", players=parted())
    few.run()
    kept = [read(record) for record in recorded(few) if record["why"] == "disagreement"]
    assert 0 < len(kept) <= 4
    for number, rewrite in enumerate(kept):
        assert number < 4 * rewrite.turn / 9 + 1
        # Fewer are kept, and those as they would have been among all.
        assert (rewrite.turn, rewrite.id, rewrite.soft) in {(other.turn, other.id, other.soft) for other in found}


def test_the_cap_holds_when_a_run_goes_on(tmp_path: Path) -> None:
    capped = replace(SETTINGS, every=100, texts=1, disagreements=4)
    whole = recording(tmp_path, capped, name="whole", players=parted())
    whole.run()
    first = recording(tmp_path, capped, players=parted())
    for player in ("generator", "student", "student", "generator", "student"):
        first.play(player)
    first._checkpoint()
    first.writer.close()
    second = recording(tmp_path, capped, attempt=2, players=parted(seed=9))
    second.run()

    def keys(trainer: Trainer) -> list[tuple[int, str, str]]:
        return [(record["turn"], record["id"], record["soft"]) for record in recorded(trainer)]

    assert keys(second) == keys(whole)


def test_turns_do_not_wait_for_a_disk_that_does_not_answer(tmp_path: Path) -> None:
    trainer = recording(tmp_path, replace(SETTINGS, every=1, texts=1), total_turns=60, evaluate_every=60)
    stuck, write = threading.Event(), trainer.writer.augmentation

    def slow(record: Any) -> None:
        stuck.wait(60)
        write(record)

    trainer.writer.augmentation = slow  # type: ignore[method-assign]
    for _ in range(50):
        trainer.play("student")
    assert trainer._recorder is not None
    assert trainer._recorder.left_out == 50 - 32
    stuck.set()
    trainer._recorder.close()
    assert [record["turn"] for record in recorded(trainer)] == [*range(1, 33)]
    (told,) = [event["what"] for event in events_of(trainer, "alert") if "not recorded" in event["what"]]
    assert "18 turns" in told


def test_what_goes_wrong_in_recording_is_told_once_and_ends_it_alone(tmp_path: Path) -> None:
    trainer = recording(tmp_path)

    def broken(record: Any) -> None:
        raise ValueError("no room")

    trainer.writer.augmentation = broken  # type: ignore[method-assign]
    assert trainer.run().turn > 0
    (told,) = [event["what"] for event in events_of(trainer, "alert") if "recorded no longer" in event["what"]]
    assert "ValueError: no room" in told


def test_a_student_that_cannot_be_asked_again_ends_the_recording_alone(tmp_path: Path) -> None:
    trainer = recording(tmp_path)

    def broken(*_: Any) -> None:
        raise RuntimeError("out of memory")

    assert trainer._recorder is not None
    trainer._recorder._student = broken  # type: ignore[assignment]
    assert trainer.run().turn > 0
    (told,) = [event["what"] for event in events_of(trainer, "alert") if "recorded no longer" in event["what"]]
    assert "out of memory" in told
    assert [record["player"] for record in recorded(trainer)] == ["generator", "generator"]


def test_a_method_without_rewrites_records_none(tmp_path: Path) -> None:
    trainer = recording(tmp_path, method="kd")
    trainer.run()
    assert recorded(trainer) == []


def test_an_amount_has_a_distance_and_no_disagreement() -> None:
    rows = tiny_tokenized("bert", 3, classes=1)
    batch = rows.batch([0, 1, 2])
    assert batch.rows_B is not None
    rewrite = SoftTokens(batch, torch.tensor([1]), torch.tensor([5]))
    answers: Answers = {
        ("teacher", "soft"): torch.tensor([[1.0], [2.0], [3.0]]),
        ("student", "soft"): torch.zeros(3, 1),
    }
    played = Played.of(batch, rewrite, answers)
    assert played.parted() is None
    apart_B = played.apart("soft", regression=True)
    assert apart_B is not None and apart_B.tolist() == [1.0, 2.0, 3.0]
    assert played.apart("real", regression=True) is None
