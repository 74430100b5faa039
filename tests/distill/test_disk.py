from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

from cilda.distill.disk import writing
from cilda.errors import CildaError

PLACE = Path("/somewhere/weights")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left for /somewhere/weights"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "no space left for /somewhere/weights"),
        (OSError(errno.ESTALE, os.strerror(errno.ESTALE)), "cannot write /somewhere/weights: Stale file handle"),
        (SafetensorError("I/O error: failed to write whole buffer"), "cannot write /somewhere/weights: I/O error"),
    ],
)
def test_whatever_a_disk_refuses_is_told_in_the_same_words(error: Exception, words: str) -> None:
    with pytest.raises(CildaError, match=words), writing(PLACE):
        raise error


def test_a_mistake_of_ours_is_no_refusing_disk() -> None:
    with pytest.raises(SafetensorError), writing(PLACE):
        raise SafetensorError("some tensors share memory")
