"""Turns, and a whole small run, on a device that is none; run as `python -m tests.distill.pretended_turns FOLDER`.

One line of JSON: by case, how far the turns are from those on the processor, and where the device would have been
waited for within them; and of the run, its alerts, how many rewrites it recorded, and what it waited for.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from cilda.distill import step
from cilda.distill.own_text import OwnText
from cilda.distill.players import Players, stream
from cilda.distill.recorder import Recorder, RecordSettings
from cilda.methods import METHODS
from cilda.runs.store import read_events
from tests.distill import shared_turns
from tests.distill.shared_turns import CASES, difference, found
from tests.pretend_device import Pretend, pretend_device
from tests.tiny_players import LONGEST, tiny_players, tiny_turns, tokenizer_of
from tests.tiny_trainer import events_of, tiny_trainer

CPU = torch.device("cpu")


def _stream(seed: int, name: str, device: torch.device) -> torch.Generator:
    """The pretended device takes the processor's random numbers."""
    return stream(seed, name, CPU)


def _moved(players: Players, device: torch.device) -> Players:
    for module in (players.student, players.losses, players.teacher, players.generator):
        if module is not None:
            module.to(device)
    return players


def turns_on(device: torch.device, case: shared_turns.Case) -> dict[str, Tensor]:
    """What a case's turns gave there; tokens are drawn from streams of their own, as they are for any device."""

    def made(*arguments: Any, **settings: Any) -> Any:
        turns = tiny_turns(*arguments, **settings)
        for player in step.PLAYERS:
            turns.random[f"mask {player}"] = stream(0, f"mask {player}", CPU)
        return turns

    def placed(*arguments: Any, **settings: Any) -> Players:
        return _moved(tiny_players(*arguments, **settings), device)

    with mock.patch.object(shared_turns, "tiny_turns", made), mock.patch.object(shared_turns, "tiny_players", placed):
        return {key: value.kept if isinstance(value, Pretend) else value for key, value in found(case).items()}


def run_on(device: torch.device, folder: Path) -> dict[str, Any]:
    """A run of CILDA with all that is recorded, to its end."""
    recipe = METHODS["cilda"]
    trainer = tiny_trainer(folder, recipe, players=_moved(tiny_players("bert", recipe), device))
    contrast: Any = trainer.players.losses["layer_contrast"]
    trainer._recorder = Recorder(
        trainer.writer,
        OwnText(tokenizer_of("bert"), LONGEST),
        trainer.streams["student"].rows.rows,
        RecordSettings(every=1, texts=1, watched=2, disagreements=20, total_turns=9),
        student=trainer.players.student,
        regression=False,
        contrast=contrast,
    )
    trainer.run()
    trainer.writer.close()
    return {
        "alerts": [event["what"] for event in events_of(trainer, "alert")],
        "turns": trainer.done["student"],
        "rewrites": len(list(read_events(trainer.writer.folder.augmentations))),
    }


def main(folder: Path) -> None:
    """All of it."""
    device = pretend_device()
    told: dict[str, Any] = {}
    with mock.patch.object(step, "stream", _stream):
        for name, case in CASES.items():
            if case.sharded:
                continue
            here = turns_on(CPU, case)
            Pretend.waits.clear()
            there = turns_on(device, case)
            told[name] = {"difference": difference(here, there), "waits": sorted(set(Pretend.waits))}
        Pretend.waits.clear()
        told["a run"] = {**run_on(device, folder), "waits": sorted(set(Pretend.waits))}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
