from __future__ import annotations

import pytest
import torch

from cilda.config import RunConfig
from cilda.distill.hardware import choose_device, set_up, uses_bfloat16
from cilda.errors import CildaError


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "what"), [("gpu", "'gpu'"), ("cuda:99", "cuda:99 is not to be had"), ("meta", "does not train on 'meta'")]
)
def test_a_device_that_is_not_here_is_refused(name: str, what: str) -> None:
    with pytest.raises(CildaError, match=what) as caught:
        choose_device(name)
    assert "auto" in caught.value.todo


def test_a_precision_that_is_named_is_taken() -> None:
    cpu = torch.device("cpu")
    assert uses_bfloat16("bfloat16", cpu) and not uses_bfloat16("float32", cpu)
    assert isinstance(uses_bfloat16("auto", cpu), bool)


def test_threads_are_set_where_they_are_named() -> None:
    before = torch.get_num_threads()
    try:
        assert set_up(RunConfig.checked({"threads": 1, "device": "cpu", "precision": "float32"})) == (
            torch.device("cpu"),
            False,
        )
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
