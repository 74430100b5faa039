"""Small files that are either the old or the new, never a mixture; and a refusing disk in words."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cilda.errors import CildaError
from cilda.runs.events import finite


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Puts `data` at `path` in one instant: a reader, or a crash, sees the old file or the new one.

    Written under a temporary name beside it, then renamed. With `durable` the file and its folder are synced as well,
    so that it also survives a power cut; that can take tens of milliseconds on a slow disk. When anything fails, the
    old file is untouched and the temporary one is gone.

    Raises:
        OSError: the disk refused.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def unfinished_writes(path: Path) -> list[Path]:
    """What killed processes left of writing `path`."""
    return list(path.parent.glob(f".{path.name}.*.tmp"))


def write_json_atomic(path: Path, content: Mapping[str, Any], *, durable: bool = True) -> None:
    """`write_atomic` of an indented JSON object; NaN and infinities become strings, as in events.

    Raises:
        OSError: the disk refused.
    """
    text = json.dumps(finite(content), indent=2, allow_nan=False, default=os.fspath)
    write_atomic(path, text.encode("ascii") + b"\n", durable=durable)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty while the file is missing, cannot be read, or holds something else."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def sync_folder(path: Path) -> None:
    """Makes the names in a folder survive a power cut; does nothing where a file system cannot sync folders."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def refusal(error: OSError, path: Path, *, elsewhere: str = "--runs-dir") -> CildaError:
    """What a disk refused, as a mistake that the user can mend; `elsewhere` names the option for another place."""
    reason = error.errno
    todo = f"write elsewhere with {elsewhere}"
    if reason in (errno.ENOSPC, errno.EDQUOT):
        return CildaError(f"no space left for {path}", f"free some space, or {todo}")
    if reason in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CildaError(f"no permission to write {path}", todo)
    if reason in (errno.ENOTDIR, errno.EEXIST):
        return CildaError(f"{path} cannot be made: a file is where a folder is needed", todo)
    return CildaError(f"cannot write {path}: {error.strerror or error}", todo)
