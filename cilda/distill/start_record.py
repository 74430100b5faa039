"""What a run found out when it began: a later process that goes on with it need not measure that again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import torch

from cilda.distill.fitting import Fit, usable_bytes
from cilda.distill.memory import room
from cilda.distill.stage_forecast import PlayerForecast, StageForecast
from cilda.distill.trainer_settings import TrainerSettings
from cilda.runs.atomic import read_json, write_json_atomic
from cilda.runs.events import VERSION
from cilda.runs.layout import RunFolder


class StartRecord:
    """A run's `start.json`: by stage, the forecast, and for what it was made.

    A forecast holds for the same settings on the same machine, device and threads, and only while memory suffices.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.path / "start.json"

    def forecast(self, settings: TrainerSettings, device: torch.device) -> StageForecast | None:
        """What was found of this stage before, with the memory that can be had now; None where it does not hold."""
        kept = _mapping(self._stages().get(settings.stage))
        if kept.get("made_for") != _made_for(settings, device):
            return None
        try:
            found = _stage(_mapping(kept.get("forecast")))
        except (KeyError, TypeError, ValueError):
            return None
        limit = room(device).limit_bytes
        if not found.fit.fits or found.fit.peak_bytes > usable_bytes(limit, device):
            return None
        return replace(found, fit=replace(found.fit, limit_bytes=limit))

    def keep(self, found: StageForecast, settings: TrainerSettings, device: torch.device) -> None:
        """Puts a stage's forecast down; a disk that refuses costs only that."""
        kept = {"made_for": _made_for(settings, device), "forecast": asdict(found)}
        with contextlib.suppress(OSError):
            write_json_atomic(self._path, {"v": VERSION, "stages": {**self._stages(), settings.stage: kept}})

    def _stages(self) -> Mapping[str, Any]:
        content = read_json(self._path)
        return _mapping(content.get("stages")) if content.get("v") == VERSION else {}


def _made_for(settings: TrainerSettings, device: torch.device) -> dict[str, Any]:
    """All that a forecast depends on."""
    asked = json.dumps(asdict(settings), sort_keys=True)
    return {
        "settings": hashlib.sha256(asked.encode()).hexdigest(),
        "host": platform.node(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _stage(kept: Mapping[str, Any]) -> StageForecast:
    """The forecast that `asdict` made this of.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    players = {name: PlayerForecast(**told) for name, told in kept["players"].items()}
    found = StageForecast(**{**kept, "fit": Fit(**kept["fit"]), "players": players})
    numbers = (found.seconds, found.fit.peak_bytes, *(told.seconds for told in players.values()))
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError(numbers)
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
