"""What run.json says of a run: its settings, where they came from, its terms, the versions that compute."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda import __version__

if TYPE_CHECKING:
    from cilda.config import RunConfig


def describe_run(config: RunConfig, origins: Mapping[str, str], argv: list[str], **more: Any) -> dict[str, Any]:
    """The content of run.json, without loading what will compute; `more` are fields of the job's own."""
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
        "argv": argv,
        **more,
    }


def anchored(config: RunConfig) -> RunConfig:
    """The same settings with every relative path made absolute: a run may be resumed from another folder."""
    from cilda.distill.student_spec import parse_size
    from cilda.families import SHORT_NAMES

    paths = ("data_dir", "train_file", "validation_file", "unlabeled_file", "runs_dir", "cache_dir")
    changed: dict[str, Any] = {
        key: path.expanduser().absolute() for key in paths if (path := getattr(config, key)) is not None
    }
    for key in ("teacher", "student", "generator"):
        name = getattr(config, key)
        letters = key == "student" and parse_size(config.student) is not None
        if name is not None and name not in SHORT_NAMES and not letters and Path(name).expanduser().is_dir():
            changed[key] = str(Path(name).expanduser().absolute())
    return config.model_copy(update=changed)
