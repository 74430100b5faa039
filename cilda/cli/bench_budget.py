"""How many student turns a method gets so that all methods of a bench train for the same time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.errors import CildaError

if TYPE_CHECKING:
    from cilda.config import RunConfig

_CHECK = "import sys; from cilda.cli.main import main; sys.exit(main())"
_NAP_SECONDS = 0.1


def turns_for_equal_time(
    configs: Mapping[str, RunConfig], reference: str, *, meanwhile: Callable[[], None]
) -> tuple[dict[str, int], dict[str, str]]:
    """Student turns by label, as many as the reference's own turns would leave time for; and why others have none.

    What a turn takes, the generator's share included, is measured by `cilda check`, one method after the other, on
    texts of usual length. `meanwhile` is called all the while, and may raise.

    Raises:
        CildaError: the reference could not be looked over.
    """
    costs: dict[str, tuple[int, float]] = {}
    failed: dict[str, str] = {}
    for label, config in sorted(configs.items(), key=lambda one: one[0] != reference):
        try:
            costs[label] = _looked_over(config, meanwhile)
        except CildaError as error:
            if label == reference:
                raise
            failed[label] = error.what
    turns, seconds = costs[reference]
    return {label: max(1, round(turns * seconds / costs[label][1])) for label in configs if label in costs}, failed


def _looked_over(config: RunConfig, meanwhile: Callable[[], None]) -> tuple[int, float]:
    """A run's student turns, and seconds for each of them with its share of the generator's."""
    from cilda.cli.settings import as_toml

    with tempfile.TemporaryDirectory(prefix="cilda-bench-") as folder:
        path = Path(folder) / "settings.toml"
        alone = config.model_copy(update={"name": None})
        path.write_text(as_toml(alone, dict.fromkeys(type(config).model_fields, "the bench")), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-c", _CHECK, "check", "--config", str(path), "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            while process.poll() is None:
                meanwhile()
                time.sleep(_NAP_SECONDS)
            said, troubles = process.communicate()
        finally:
            process.kill()
            process.wait()
    try:
        players: dict[str, Any] = json.loads(said)["stages"][-1]["players"]
        turns = int(players["student"]["turns"])
        return turns, sum(player["turns"] * player["seconds"] for player in players.values()) / turns
    except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError) as error:
        what = f"{config.method} on {config.task} cannot be looked over: {_trouble(troubles)}"
        raise CildaError(what, "see: cilda check") from error


def _trouble(said: str) -> str:
    """The sentence that says what is wrong, of all that a command said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    refused = [line.removeprefix("cilda: ") for line in lines if line.startswith("cilda: ")]
    return (refused or lines or ["it said nothing"])[-1]
