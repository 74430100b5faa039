"""What a run says of itself: how it was asked for, that it began, and how it ended."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import torch

from cilda import __version__
from cilda.config import RunConfig
from cilda.errors import CildaError
from cilda.runs.writer import RunWriter


def describe_run(config: RunConfig, origins: Mapping[str, str], argv: list[str]) -> dict[str, Any]:
    """What run.json says of a run: its settings and where they came from, its terms, versions and machine."""
    recipe = config.recipe
    packages = ("torch", "transformers", "datasets", "safetensors", "numpy")
    return {
        "config": config.model_dump(mode="json"),
        "config_hash": config.hash(),
        "origins": {key: origin for key, origin in origins.items() if origin != "default"},
        "method": {"name": recipe.name, "source": recipe.source},
        "terms": {
            player: [
                {"key": term.key, "weight": term.weight, "per_log_batch": term.per_log_batch}
                for term in recipe.terms(player)
            ]
            for player in ("generator", "student")
        },
        "versions": {
            "cilda": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "host": platform.node(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "cpu",
        "argv": argv,
    }


@contextmanager
def recorded(writer: RunWriter) -> Iterator[None]:
    """The outermost frame of a run: says in its files that it began, and what ended it before its time."""
    writer.event("started", host=platform.node())
    writer.state("running")
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        writer.event("failed", what="interrupted", todo="")
        writer.state("stopped")
        raise
    except CildaError as error:
        writer.event("failed", what=error.what, todo=error.todo)
        writer.state("failed", error=error.what)
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".removesuffix(": ")
        writer.event("failed", what=what, todo="", traceback=traceback.format_exc())
        writer.state("failed", error=what)
        raise
