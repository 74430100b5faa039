"""Python, the packages that cilda needs, the settings that it takes from elsewhere."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version

from cilda import __version__
from cilda.cli.checks.check import Check
from cilda.errors import CildaError

# Those whose versions decide what comes out.
TOLD = ("torch", "transformers", "tokenizers", "datasets", "huggingface-hub", "numpy")


def python() -> Check:
    """The interpreter that runs now."""
    return Check("python", "ok", f"{platform.python_version()}, {sys.executable}")


def packages() -> Check:
    """Everything that cilda's own metadata asks for, in the versions that are installed."""
    try:
        wanted = requires("cilda") or []
    except PackageNotFoundError:
        return Check("packages", "warning", f"cilda {__version__} runs without being installed", "pip install cilda")
    return packages_among(wanted)


def packages_among(requirements: Iterable[str]) -> Check:
    """The packages of some requirements (`torch>=2.8`), those of extras left out."""
    found: dict[str, str] = {}
    missing: list[str] = []
    unfit: list[str] = []
    for requirement in requirements:
        plain, _, marker = requirement.partition(";")
        name = re.split(r"[^\w.-]", plain.strip(), maxsplit=1)[0]
        if "extra" in marker:
            continue
        try:
            present = version(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        found[name] = present
        if not _fits(plain.strip(), present):
            unfit.append(plain.strip())
    if missing or unfit:
        told = [f"{name} is missing" for name in missing] + [f"{wanted} is asked for" for wanted in unfit]
        there = [f"{name} {present}" for name, present in found.items()]
        needed = " ".join(f"'{name}'" for name in (*missing, *unfit))
        return Check("packages", "problem", f"{'; '.join(told)}; there: {', '.join(there)}", f"pip install {needed}")
    told = [f"{name} {found[name]}" for name in TOLD if name in found]
    return Check("packages", "ok", f"cilda {__version__}, {', '.join(told)}; all {len(found)} packages are there")


def settings() -> Check:
    """The user's own file of settings, and variables that miss one."""
    from cilda.cli.settings import user_settings_file
    from cilda.config_sources import environment_layer, file_layer, mistaken_variables, resolve

    path = user_settings_file()
    try:
        layers = [*([] if path is None else [file_layer(path)]), environment_layer()]
        resolve(layers)
    except CildaError as error:
        return Check("settings", "problem", error.what, error.todo)
    mistaken = mistaken_variables()
    if mistaken:
        told = "; ".join(f"{name} sets nothing" for name in mistaken)
        return Check("settings", "warning", told, f"did you mean {', '.join(mistaken.values())}?")
    names = [f"CILDA_{key.upper()}" for key in layers[-1].values]
    found = [str(path)] * (path is not None) + names
    return Check("settings", "ok", ", ".join(found) or "all by default")


def _fits(requirement: str, present: str) -> bool:
    """Whether a version is one that the requirement allows; where nobody can tell, it is."""
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        return True
    try:
        return Requirement(requirement).specifier.contains(present, prereleases=True)
    except InvalidRequirement:
        return True
