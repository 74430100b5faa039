"""The mistakes a user can make, each with what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CildaError(Exception):
    """Something the user can mend: what is wrong, with the value, and what to do.

    The command line prints `what` after "cilda:" and `todo` below it, then leaves with `exit_code`.
    """

    def __init__(self, what: str, todo: str = "", *, exit_code: int = 1) -> None:
        super().__init__(what if not todo else f"{what}\n{todo}")
        self.what = what
        self.todo = todo
        self.exit_code = exit_code


class UsageError(CildaError):
    """A request that is wrong in itself, whatever the machine or the data: exit code 2."""

    def __init__(self, what: str, todo: str = "") -> None:
        super().__init__(what, todo, exit_code=2)


def unknown(kind: str, name: str, choices: Iterable[str]) -> UsageError:
    """The error for a name that is in no table: the nearest known names first, then all of them."""
    known = list(choices)
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    guess = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"no {kind} named {name!r}", f"{guess}all: {', '.join(known)}")
