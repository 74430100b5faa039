"""A disk that refuses, in one form, whoever was writing."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from cilda.runs.atomic import refusal


@contextmanager
def writing(path: Path, *, elsewhere: str = "--runs-dir") -> Iterator[None]:
    """While open, what the disk refuses is a mistake that the user can mend; `elsewhere` names the option for it.

    safetensors has an error of its own, in which the operating system's number stands as words.

    Raises:
        CildaError: the disk refused.
    """
    try:
        yield
    except OSError as error:
        raise refusal(error, path, elsewhere=elsewhere) from error
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None and "I/O error" not in str(error):
            raise
        refused = OSError(str(error)) if number is None else OSError(int(number[1]), os.strerror(int(number[1])))
        raise refusal(refused, path, elsewhere=elsewhere) from error


def put_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Puts tensors in a file in one rename: who reads sees the old file or the new one. Nothing is left of a failure.

    Raises:
        OSError, SafetensorError: the disk refused.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        save_file(dict(tensors), unfinished)
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
