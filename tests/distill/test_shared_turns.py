"""Two processes that share a batch find what one process finds."""

from __future__ import annotations

import pytest
from safetensors.torch import load_file
from torch import Tensor

from tests.distill.shared_turns import CASES, difference, found
from tests.processes import together

Found = dict[str, Tensor]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found]:
    """What each of two processes found in all cases."""
    folder = tmp_path_factory.mktemp("shared")
    together(["-m", "tests.distill.shared_turns", str(folder)])
    return load_file(folder / "0.safetensors"), load_file(folder / "1.safetensors")


@pytest.mark.parametrize("name", CASES)
def test_two_processes_give_the_losses_and_gradients_of_one(name: str, shared: tuple[Found, Found]) -> None:
    alone = found(CASES[name])
    for told in shared:
        theirs = {key.removeprefix(f"{name}: "): value for key, value in told.items() if key.startswith(f"{name}: ")}
        assert difference(alone, theirs) < 1e-6
