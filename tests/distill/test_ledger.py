from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from cilda.distill.ledger import Entry, Ledger
from cilda.errors import CildaError
from cilda.methods.recipe import Player
from tests.tiny_players import tiny_batch, tiny_rows

Told = list[tuple[Player, int, dict[str, float]]]


def entry(turn: int, player: Player = "student", **values: float) -> Entry:
    """A turn with these terms."""
    tensors = {key: torch.tensor(value) for key, value in values.items()}
    batch = tiny_batch("bert", 3)
    return Entry(player, turn, turn, 0.5, tensors, {"learning_rate": 0.1}, batch, batch.ids_BT + 1)


def ledger(told: Told, folder: Path, *, seconds: float = 3600) -> Ledger:
    """A ledger that looks when asked (the first turn aside), and keeps what it hands on."""
    book = Ledger(
        lambda one, values: told.append((one.player, one.turn, values)), tiny_rows(8), folder, seconds=seconds
    )
    book.look()
    return book


def test_turns_wait_until_somebody_looks(tmp_path: Path) -> None:
    told: Told = []
    book = ledger(told, tmp_path)
    for turn in (1, 2):
        book.add(entry(turn, total=float(turn)))
    assert told == []
    book.look()
    assert told == [
        ("student", 1, {"total": 1.0, "learning_rate": 0.1}),
        ("student", 2, {"total": 2.0, "learning_rate": 0.1}),
    ]
    book.look()
    assert len(told) == 2


def test_turns_are_handed_on_by_themselves_after_a_while(tmp_path: Path) -> None:
    told: Told = []
    book = ledger(told, tmp_path, seconds=0)
    book.add(entry(1, total=1.0))
    assert len(told) == 1


def test_turns_with_different_terms_keep_their_own(tmp_path: Path) -> None:
    told: Told = []
    book = ledger(told, tmp_path)
    book.add(entry(1, "generator", a=1.0, total=2.0))
    book.add(entry(1, b=3.0, c=4.0, total=5.0))
    book.look()
    assert [list(values.items())[:-1] for _, _, values in told] == [
        [("a", 1.0), ("total", 2.0)],
        [("b", 3.0), ("c", 4.0), ("total", 5.0)],
    ]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_term_that_is_not_finite_is_named(tmp_path: Path, bad: float) -> None:
    told: Told = []
    book = ledger(told, tmp_path)
    book.add(entry(6, "generator", a=1.0, total=1.0))
    book.add(entry(7, "generator", fine=1.0, broken=bad, total=bad))
    book.add(entry(8, "generator", fine=bad, total=bad))
    with pytest.raises(CildaError, match=rf"^broken is {bad} in generator turn 7"):
        book.look()
    # The numbers of the broken turn itself are told, so that a chart shows them.
    assert [turn for _, turn, _ in told] == [6, 7]
    kept = json.loads((tmp_path / "not-finite-generator-7.json").read_text(encoding="utf-8"))
    rows = tiny_rows(3)
    assert (kept["player"], kept["turn"]) == ("generator", 7)
    assert kept["values"] == {"fine": "1.0", "broken": str(bad), "total": str(bad)}
    assert kept["texts"] == [[text] for text in rows.texts[0]]
    assert (kept["ids"], kept["labels"]) == (rows.ids, rows.labels)
    assert kept["rewritten_token_ids"] == [[token + 1 for token in text] for text in kept["token_ids"]]


def test_a_disk_that_refuses_does_not_hide_what_went_wrong(tmp_path: Path) -> None:
    book = ledger([], tmp_path / "gone")
    book.add(entry(1, total=math.nan))
    with pytest.raises(CildaError, match="total is nan") as caught:
        book.look()
    assert caught.value.todo.startswith("its batch could not be kept (No such file or directory)")
