"""Where indexes lie in the user's cache, and when one of them has outlived its run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import time
from pathlib import Path

from cilda.caches import folder_of
from cilda.rewrites.index_file import said_by

_ENDING = ".index"
_LOOKED_AT = 20
_VANISHED_SECONDS = 24 * 3600
_UNUSED_SECONDS = 60 * 24 * 3600


def cache_folder() -> Path:
    """The folder of all indexes: in CILDA_CACHE_DIR, or else in the user's cache."""
    return folder_of("rewrites", None)


def index_path(augmentations: Path, cache: Path) -> Path:
    """The file for the index of one folder of segments."""
    name = hashlib.sha256(os.fsencode(augmentations.resolve())).hexdigest()[:32]
    return cache / f"{name}{_ENDING}"


def forget_old(cache: Path, kept: Path) -> None:
    """Removes indexes of runs that are gone for a day, and those that nobody used for two months.

    Looks at a few of them, drawn by lot, each time: however many there are, it costs a millisecond.
    """
    now = time.time()
    try:
        paths = [path for path in cache.iterdir() if path.suffix == _ENDING and path != kept]
    except OSError:
        return
    for path in random.sample(paths, min(len(paths), _LOOKED_AT)):
        with contextlib.suppress(OSError):
            unused = now - path.stat().st_mtime
            about = said_by(path)
            gone = about is None or not Path(about).is_dir()
            if unused > _UNUSED_SECONDS or (gone and unused > _VANISHED_SECONDS):
                path.unlink()
