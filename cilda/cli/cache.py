"""`cilda cache`: what is kept in the user's cache folder, and what may go."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import typer

from cilda.caches import ABOUT, KINDS, LOCK, Kept, default_cache_dir, kept_in
from cilda.cli.asking import agreed
from cilda.cli.chosen import AsJson, say
from cilda.cli.table import show_json, show_table
from cilda.distill.model_record import RECORD
from cilda.errors import CildaError, UsageError, unknown
from cilda.runs.atomic import read_json
from cilda.runs.locks import Held, holder
from cilda.runs.words import duration, one_line, size_words

_UNITS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


class Action(StrEnum):
    """What to do."""

    LS = "ls"
    RM = "rm"


def cache(
    action: Annotated[Action, typer.Argument(help="ls: list what is kept; rm: remove some of it.")] = Action.LS,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Names as ls shows them, or patterns: 'answers/*', quoted."),
    ] = None,
    unused: Annotated[
        str | None, typer.Option("--unused", metavar="TIME", help="Only what was of no use for so long: 12h, 30d, 8w.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing.")] = False,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", help="The cache; by default the user's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """List or remove what cilda keeps between runs: fine-tuned teachers, teachers' answers, indexes.

    All of it is made again when it is needed. A run that reads what is removed is not disturbed.
    """
    folder = cache_dir or default_cache_dir()
    if cache_dir is not None and not cache_dir.is_dir():
        raise CildaError(f"no folder at {cache_dir}", "leave --cache-dir out for your own cache")
    kept = _chosen(list(kept_in(folder)), names or [], None if unused is None else _seconds(unused), folder)
    if action is Action.RM:
        if not names and unused is None:
            raise UsageError("rm of what?", "name some as cilda cache ls shows them, or '*' for all, or --unused 30d")
        _remove(kept, folder, yes=yes)
    elif as_json:
        show_json([_record(one) for one in kept])
    elif kept:
        _show(kept)
        say(f"{len(kept)} kept in {folder}, {size_words(sum(one.bytes for one in kept))} in all")
    else:
        say(f"nothing is kept in {folder}" if not names and unused is None else "nothing kept is like that")


def _chosen(kept: list[Kept], names: list[str], unused: float | None, folder: Path) -> list[Kept]:
    """Those that the names mean, all where there are none, as far as they were of no use for so many seconds."""
    for name in names:
        if not any(_means(name, one) for one in kept) and not set(name) & set("*?["):
            raise (
                unknown("entry of the cache", name, [one.name for one in kept])
                if kept
                else CildaError(f"nothing is kept in {folder}", "there is nothing to choose from")
            )
    now = time.time()
    return [
        one
        for one in kept
        if (not names or any(_means(name, one) for name in names)) and (unused is None or now - one.used >= unused)
    ]


def _means(name: str, one: Kept) -> bool:
    return fnmatch(one.name, name) or name == one.path.name


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", text)
    if found is None:
        raise UsageError(f"--unused is {text!r}: it is no time", "a number and h, d or w: 12h, 30d, 8w")
    return float(found[1]) * _UNITS[found[2]]


def _about(one: Kept) -> str:
    """What an entry is, as far as it says."""
    about = read_json(one.path / ABOUT)
    if one.kind == "answers" and about:
        layers = f", {about.get('layers')} layers" if about.get("layers") else ""
        return f"{about.get('teacher')} on {about.get('rows')} rows{layers}: {about.get('source')}"
    if one.kind == "tokens" and about:
        return f"{about.get('rows')} rows: {about.get('source')}"
    if one.kind == "teachers":
        return _of_teacher(read_json(one.path / RECORD)) or KINDS[one.kind]
    return KINDS[one.kind]


def _of_teacher(record: Mapping[str, Any]) -> str:
    """What a teacher was made of, and what it is worth; empty where its record does not say."""
    try:
        task, settings = record["task"], record["settings"]
        ((split, scores), *_) = record["scores"].items()
        score = f"{task['metric']} {scores[task['metric']]:.4f} on {split}"
        told = {
            "teacher_epochs": "{} epochs", "batch_size": "batches of {}", "limit": "{} rows", "max_length": "{} tokens",
            "seed": "seed {}",
        }  # fmt: skip
        made = ", ".join(words.format(settings[key]) for key, words in told.items() if settings.get(key) is not None)
        return f"{record['made_from']['model']} on {task['name']}: {score}; {made}"
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""


def _record(one: Kept) -> dict[str, Any]:
    about = read_json(one.path / ABOUT)
    return {"name": one.name, "path": str(one.path), "bytes": one.bytes, "used": one.used, "about": about}


def _show(kept: list[Kept]) -> None:
    now = time.time()
    rows = [
        (one_line(one.name), size_words(one.bytes), f"{duration(now - one.used)} ago", one_line(_about(one)))
        for one in kept
    ]
    show_table(("name", "size", "last of use", "what it is"), rows, right=frozenset({"size"}))


def _remove(kept: list[Kept], folder: Path, *, yes: bool) -> None:
    if not kept:
        raise CildaError("nothing kept is like that", f"see what there is: cilda cache ls --cache-dir {folder}")
    for one in kept:
        if holder(one.path / LOCK).held is Held.YES:
            raise CildaError(f"{one.name} is being written by a run", "wait until it has begun, or stop it")
    lines = [f"{one.name}: {size_words(one.bytes)}" for one in kept]
    agreed(lines, f"remove {'it' if len(kept) == 1 else f'all {len(kept)}'}?", yes=yes)
    for one in kept:
        try:
            _unlink(one.path)
        except OSError as error:
            raise CildaError(f"{one.name} cannot be removed: {error.strerror}", f"look at {one.path}") from error
        print(one_line(one.name))


def _unlink(path: Path) -> None:
    """Removes a file or a folder; a folder is out of everybody's way in one instant."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}.removed")
    path.rename(hidden)
    shutil.rmtree(hidden)
