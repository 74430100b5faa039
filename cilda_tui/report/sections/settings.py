"""Every setting of a run: those that somebody gave, with what they would have been, and all others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from cilda.runs.field import mapping, name
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import Nodes, element, said
from cilda_tui.report.parts import aside, folded, table
from cilda_tui.report.words import NOTHING

MOST_SETTINGS = 300
_LONGEST = 500


def settings(found: Gathered) -> Nodes:
    """What differs from the defaults first, where run.json says so."""
    run = found.view.record.run
    config = dict(islice(mapping(run.get("config")).items(), MOST_SETTINGS))
    if not config:
        return element("p", "The settings are not known.")
    defaults, origins = found.wanted.defaults, mapping(run.get("origins"))
    differing = [key for key in config if key in origins or _differs(key, config[key], defaults)]
    rest = [key for key in config if key not in differing]
    unheard = [key for key in config if defaults and key not in defaults]
    digest = name(run.get("config_hash"))
    return [
        table(
            ("setting", "value", "by default", "given by"), _given(differing, config, defaults, origins), class_="texts"
        )
        if differing
        else element("p", "Everything is as it is by default."),
        folded(f"The other {len(rest):,}", table(("setting", "value"), _plain(rest, config), class_="texts"))
        if rest
        else None,
        aside("This version has no default for: ", said(", ".join(unheard), _LONGEST), ".") if unheard else None,
        aside("Hash of the settings: ", element("code", said(digest))) if digest else None,
    ]


def _differs(key: str, value: object, defaults: Mapping[str, object]) -> bool:
    return key in defaults and defaults[key] != value


def _given(
    keys: Sequence[str], config: Mapping[str, object], defaults: Mapping[str, object], origins: Mapping[str, object]
) -> Iterator[Sequence[Nodes]]:
    for key in keys:
        default = _value(defaults[key]) if key in defaults else NOTHING
        origin = origins.get(key)
        by = name(origin) if isinstance(origin, str) else "another version's default"
        yield _code(key), _code(_value(config[key])), _code(default), said(by)


def _plain(keys: Sequence[str], config: Mapping[str, object]) -> Iterator[Sequence[Nodes]]:
    for key in keys:
        yield _code(key), _code(_value(config[key]))


def _code(words: str) -> Nodes:
    return element("code", said(words, _LONGEST))


def _value(value: object) -> str:
    """As JSON; a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
