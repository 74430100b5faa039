"""The config that a command line makes, with the user's own files and the environment under it."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.config_sources import Layer
    from cilda.runs.layout import RunFolder


def resolved(flags: Mapping[str, Any], **sources: Any) -> tuple[RunConfig, dict[str, str]]:
    """The config of a command line and each value's origin; `sources` as of `layers_of`.

    Raises:
        UsageError: what is wrong with a setting.
    """
    from cilda.config_sources import resolve

    return resolve(layers_of(flags, **sources))


def layers_of(
    flags: Mapping[str, Any],
    *,
    settings: list[str] | None = None,
    weights: list[str] | None = None,
    config_file: Path | None = None,
    run: RunFolder | None = None,
    base: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> list[Layer]:
    """What a command line says of settings: flag over environment over --config over the user's file.

    `flags` are settings by name; None means not given. An earlier `run`'s settings, but for its name and place, stand
    over those of the user's file. `base` are defaults of the demo, under all of them, and `fixed` is what nothing else
    may set, over all of them.

    Raises:
        UsageError: a file that is none, or an option not of its form.
    """
    from cilda.config_sources import Layer, environment_layer, file_layer, settings_layer, weights_layer

    layers = [Layer("the demo", base or {})]
    own = user_settings_file()
    layers += [
        *([] if own is None else [file_layer(own)]),
        *([] if run is None else [_run_layer(run)]),
        *([] if config_file is None else [file_layer(_settings_file(config_file))]),
    ]
    layers.append(environment_layer())
    _tell_of_mistaken_variables()
    layers.append(settings_layer(settings or []))
    layers += [Layer(flag_of(key), {key: value}) for key, value in flags.items() if value is not None]
    layers.append(weights_layer(weights or []))
    layers.append(Layer("the demo", fixed or {}))
    return layers


def _settings_file(named: Path) -> Path:
    """The file that --config names: a path, or one of our own as `recipe:NAME`."""
    from cilda.recipes.shelf import PREFIX, path_of

    return path_of(str(named).removeprefix(PREFIX)) if str(named).startswith(PREFIX) else named


def _run_layer(run: RunFolder) -> Layer:
    from cilda.config import BROUGHT
    from cilda.config_sources import Layer
    from cilda.errors import CildaError
    from cilda.methods import METHODS
    from cilda.runs.atomic import read_json

    told = read_json(run.run_json)
    settings = told.get("config")
    if not isinstance(settings, dict):
        raise CildaError(f"{run.run_json} is missing or damaged", "name another run with --from")
    # What its method brought along, or left at a default that another method would change, is the new method's to say.
    of_methods = {key for method in METHODS.values() for key in method.settings}
    chosen = {key for key, origin in told.get("origins", {}).items() if not str(origin).startswith(BROUGHT)}
    left = {"name", "runs_dir"} | (of_methods - chosen)
    return Layer(
        f"run {run.id}", {key: value for key, value in settings.items() if key not in left and value is not None}
    )


def looked_up(flags: Mapping[str, Any]) -> RunConfig:
    """The settings of a command that starts no run: those named in `flags` only, from the same places.

    Raises:
        UsageError: what is wrong with a setting.
    """
    from cilda.config_sources import Layer, environment_layer, file_layer, resolve

    _tell_of_mistaken_variables()
    own = user_settings_file()
    layers = [*([] if own is None else [file_layer(own)]), environment_layer()]
    layers.append(Layer("flags", {key: value for key, value in flags.items() if value is not None}))
    kept = [Layer(layer.origin, {key: layer.values[key] for key in layer.values if key in flags}) for layer in layers]
    return resolve(kept)[0]


def _tell_of_mistaken_variables() -> None:
    """A line on stderr for each variable that looks like a setting and sets nothing."""
    from cilda.config_sources import mistaken_variables
    from cilda.runs.words import one_line

    for name, meant in mistaken_variables().items():
        print(one_line(f"warning: {name} sets nothing; did you mean {meant}?"), file=sys.stderr)


_FLAGS = {
    "train_file": "--train",
    "validation_file": "--validation",
    "unlabeled_file": "--unlabeled",
    "keep_checkpoints": "--keep",
}


def flag_of(key: str) -> str:
    """The flag that sets a setting."""
    return _FLAGS.get(key, "--" + key.replace("_", "-"))


def user_settings_file() -> Path | None:
    """The user's own settings file, where there is one."""
    import platformdirs

    path = platformdirs.user_config_path("cilda", appauthor=False) / "config.toml"
    return path if path.is_file() else None


def as_toml(config: RunConfig, origins: Mapping[str, str]) -> str:
    """The settings as TOML that `--config` takes, each with its origin and meaning; what is unset is commented out."""
    import tomli_w

    lines = []
    values = config.model_dump(mode="json")
    for key, field in type(config).model_fields.items():
        if key == "weights":
            continue
        value = values[key]
        if key == "task" and config.train_file is not None:
            lines.append("# task =  # what the files of rows say, see train_file")
            continue
        line = f"# {key} =" if value is None else tomli_w.dumps({key: value}).strip()
        lines.append(f"{line}  # {origins[key]}; {field.description}")
    if config.weights:
        lines += ["", f"[weights]  # {origins['weights']}", tomli_w.dumps(dict(config.weights)).strip()]
    text = "\n".join(lines) + "\n"
    assert tomllib.loads(text) is not None
    return text
