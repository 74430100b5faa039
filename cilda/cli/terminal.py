"""Whether there is a terminal to draw on, and what it can show."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_WITHOUT_CURSOR = ("", "dumb", "unknown")
_UTF8 = ("utf-8", "utf8")


def interactive(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a person sits at all three streams, before a terminal that can move its cursor."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return environment.get("TERM", "") not in _WITHOUT_CURSOR and all(stream.isatty() for stream in streams)


def shows_unicode(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale says that letters beyond ASCII can be shown, and the terminal is one that has them.

    Asked of the variables themselves: Python's own idea of the encoding is UTF-8 also where they say nothing. The
    console of Linux has no braille in its font.
    """
    said = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    return environment.get("TERM") != "linux" and said.lower().endswith(_UTF8)
