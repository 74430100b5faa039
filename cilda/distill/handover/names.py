"""Names of this machine's folders, shortened before a text goes to others."""

from __future__ import annotations

import re

# A path from the root: not the second slash of an address, nor the one in "and/or".
_PART = r"""[^\s/|`'",;:()<>]+"""
_PATH = re.compile(rf"(?<![\w.:/~])~?/(?:{_PART}/)*{_PART}")


def without_folders(text: str, *paths: str) -> str:
    """The text with every absolute path in it cut down to its last part.

    `paths` are known ones, which may hold blanks; the others are found by their form.
    """
    for path in sorted((path for path in paths if path.startswith(("/", "~")) and " " in path), key=len, reverse=True):
        plain = path.rstrip("/")
        inside = re.compile(rf"{re.escape(plain)}(?:/{_PART})*")
        text = inside.sub(lambda found: found[0].rpartition("/")[2], text)
    return _PATH.sub(lambda found: found[0].rpartition("/")[2], text)


def last_part(name: str) -> str:
    """A model's name for others: a hub id as it is, of a folder its own name."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith(("/", "~", ".")) else name
