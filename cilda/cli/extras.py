"""Libraries that only some commands need, told when they are missing."""

from __future__ import annotations

from collections.abc import Sequence

from cilda.errors import CildaError


def refuse_missing(extra: str, libraries: Sequence[str], command: str) -> None:
    """Refuses a command whose libraries are not installed, without importing them.

    Raises:
        CildaError: which are missing, and the line that installs them.
    """
    missing = [name for name in libraries if not is_there(name)]
    if missing:
        raise CildaError(
            f"{command} needs {' and '.join(missing)}",
            f"pip install {' '.join(libraries)}, or with cilda: pip install -c constraints.txt -e '.[{extra}]'",
        )


def is_there(name: str) -> bool:
    """Whether a library can be imported, without importing it."""
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except ValueError:
        return False
