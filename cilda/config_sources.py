"""Where settings come from: files, the environment, options; and the config they make, the later over the earlier."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cilda.config import BROUGHT, RunConfig, settings_of_method
from cilda.errors import UsageError, unknown


@dataclass(frozen=True)
class Layer:
    """Some settings and the place they came from, such as "--set" or "environment"."""

    origin: str
    values: Mapping[str, Any]


def resolve(layers: list[Layer]) -> tuple[RunConfig, dict[str, str]]:
    """The config from layers of settings, the later over the earlier, and each key's origin.

    `weights` are joined term by term. Of a batch in texts and one in tokens the later said holds. Raises UsageError as
    `RunConfig.checked` does, and where flags say both.
    """
    flags = {layer.origin for layer in layers if layer.values}
    if {"--batch-size", "--tokens-per-batch"} <= flags:
        raise UsageError("--batch-size and --tokens-per-batch both say how large a batch is", "leave one of them out")
    values: dict[str, Any] = {}
    origins: dict[str, str] = dict.fromkeys(RunConfig.model_fields, "default")
    for layer in layers:
        if "batch_size" in layer.values and values.pop("tokens_per_batch", None) is not None:
            origins["tokens_per_batch"] = layer.origin
        for key, value in layer.values.items():
            joined = key == "weights" and isinstance(value, Mapping) and isinstance(values.get(key), Mapping)
            # Taken out first: the later a weight was given, the later it is applied.
            earlier = {name: weight for name, weight in values[key].items() if name not in value} if joined else {}
            values[key] = {**earlier, **value} if joined else value
            origins[key] = layer.origin
    config = RunConfig.checked(values, origins)
    origins |= {key: f"{BROUGHT}{config.method}" for key in settings_of_method(values) if key not in values}
    return config, origins


def environment_layer(environment: Mapping[str, str] | None = None) -> Layer:
    """Settings from variables such as CILDA_BATCH_SIZE."""
    present = os.environ if environment is None else environment
    names = {f"CILDA_{key.upper()}": key for key in RunConfig.model_fields if key != "weights"}
    return Layer("environment", {names[name]: present[name] for name in names if present.get(name)})


def mistaken_variables(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables such as CILDA_BATCHSIZE, which look like a setting and set nothing, each with what was meant."""
    present = os.environ if environment is None else environment
    known = {_bare(key): f"CILDA_{key.upper()}" for key in RunConfig.model_fields if key != "weights"}
    known[_bare("weights")] = "--weight TERM=W"
    found = {}
    for name in sorted(name for name in present if name.upper().startswith("CILDA_") and present[name]):
        near = difflib.get_close_matches(_bare(name[len("CILDA_") :]), known, n=1, cutoff=0.8)
        if near and known[near[0]] != name:
            found[name] = known[near[0]]
    return found


def _bare(key: str) -> str:
    return key.lower().replace("_", "")


def file_layer(path: Path) -> Layer:
    """Settings from a TOML file: top-level keys, and the table `weights`.

    Raises:
        UsageError: no such file, not TOML (with line and column), or an unknown key.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read the settings file {path}: {error.strerror}", "check the path after --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not TOML: {error}", 'write lines such as `batch_size = 16` or `task = "rte"`'
        ) from None
    if isinstance(values.get("weights"), dict):
        values["weights"] = _dotted(values["weights"])
    for key in values:
        if key not in RunConfig.model_fields:
            raise unknown(f"setting in {path}", key, RunConfig.model_fields)
    return Layer(str(path), values)


def _dotted(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A table whose unquoted dotted keys TOML took apart, with whole names again."""
    whole: dict[str, Any] = {}
    for key, value in table.items():
        whole |= _dotted(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return whole


def assignment(text: str, option: str) -> tuple[str, str]:
    """`key=value` in two parts. Raises UsageError when there is no `=`."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise UsageError(
            f"{option} {text!r} is not of the form KEY=VALUE", f"for example {option} " + _EXAMPLES[option]
        )
    return key.strip(), value.strip()


_EXAMPLES = {"--set": "mask_fraction=0.4", "--weight": "layer_contrast.soft=0.25"}


def settings_layer(settings: list[str]) -> Layer:
    """Settings from repeated `--set key=value`; values are read as TOML where they can be, else as words."""
    return Layer("--set", {key: _value(value) for key, value in (assignment(text, "--set") for text in settings)})


def weights_layer(weights: list[str]) -> Layer:
    """Term weights from repeated `--weight TERM=W`. Raises UsageError for a weight that is not a number."""
    numbers: dict[str, float] = {}
    for text in weights:
        key, value = assignment(text, "--weight")
        try:
            numbers[key] = float(value)
        except ValueError:
            raise UsageError(
                f"--weight {text!r}: {value!r} is not a number", "for example --weight logit_kl.real=0.5"
            ) from None
    return Layer("--weight", {"weights": numbers} if numbers else {})


def _value(text: str) -> Any:
    """A TOML value, or the text itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
