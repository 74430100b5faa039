from __future__ import annotations

import pytest
import torch

from tests.tiny_players import tiny_tokenized


class PinnedError(Exception):
    """Raised where memory is asked to be pinned, which needs a GPU."""


def refuse(_tensor: torch.Tensor) -> torch.Tensor:
    raise PinnedError


def test_memory_is_pinned_on_the_way_to_a_gpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "pin_memory", refuse)
    batch = tiny_tokenized("bert", 8).batch([0, 3])
    assert batch.to(torch.device("cpu")).ids_BT is batch.ids_BT
    with pytest.raises(PinnedError):
        batch.to(torch.device("cuda"))
