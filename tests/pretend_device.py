"""A device that is none: tensors that say they lie on `pretend:0` and are kept and computed on the processor.

Like a GPU it refuses to mix its tensors with the processor's, and it notes, as `Pretend.waits`, where a real one would
have been waited for: a number or a shape that Python wants to know, and a copy back. It changes torch for the whole
process, so that only programs of their own make one.

Experimental parts of torch are used, `torch.utils.backend_registration` among them.
"""

from __future__ import annotations

import traceback
from typing import Any, ClassVar, Self

import torch
from torch.utils import _pytree as pytree
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretend"
# Python wants a number, or a shape that depends on numbers.
_TOLD = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "unique", "bincount")
_COPIES = ("copy_", "_to_copy")
_MIXING = (*_COPIES, "index", "index_put_", "index_put")


class _Module:
    """What torch asks of a device's module."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        """Random numbers are the processor's."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


class Pretend(torch.Tensor):
    """A tensor on the pretended device; `kept` is where it really is."""

    waits: ClassVar[list[str]] = []
    """Where the device would have been waited for: the operation, and the line of ours that asked."""
    kept: torch.Tensor

    @staticmethod
    def __new__(cls, kept: torch.Tensor) -> Self:
        made: Any = torch.Tensor._make_wrapper_subclass(
            cls,
            kept.size(),
            strides=kept.stride(),
            storage_offset=kept.storage_offset(),
            dtype=kept.dtype,
            device=torch.device(NAME, 0),
        )
        made.kept = kept
        return made  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """Its numbers, for which one waits."""
        Pretend.waits.append(f"tolist at {_ours()}")
        return self.kept.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        """As for every operation on the device."""
        return _done(func, *args, **(kwargs or {}))


def pretend_device() -> torch.device:
    """Makes the device, once in a process."""
    _setup_privateuseone_for_python_backend(NAME, _Module())
    _LIBRARY.fallback(_done, "PrivateUse1")
    # As on a real device, weights that are one stay one when a model moves.
    torch.__future__.set_swap_module_params_on_conversion(True)
    return torch.device(NAME, 0)


def _done(func: Any, *args: Any, **kwargs: Any) -> Any:
    """The operation, done on the processor."""
    flat, shape = pytree.tree_flatten((args, kwargs))
    there = [one for one in flat if isinstance(one, Pretend)]
    here = [one for one in flat if isinstance(one, torch.Tensor) and not isinstance(one, Pretend) and one.dim() > 0]
    name = func.overloadpacket.__name__
    if name == "_fused_sdp_choice":
        # The plain form: the others are made for real devices.
        return 0
    if there and here and name not in _MIXING:
        raise RuntimeError(f"{name}: tensors on two devices")
    wanted = kwargs.get("device")
    to = None if wanted is None else torch.device(wanted).type
    back = name == "_to_copy" and bool(there) and to == "cpu"
    if there and (name in _TOLD or back):
        Pretend.waits.append(f"{name} at {_ours()}")
    arrives = to == NAME or (bool(there) and to is None)
    args, kwargs = pytree.tree_unflatten([_kept(one) for one in flat], shape)
    told = func(*args, **kwargs)
    known = {id(one.kept): one for one in there}

    def placed(one: Any) -> Any:
        if not isinstance(one, torch.Tensor) or not arrives:
            return one
        return known[id(one)] if id(one) in known else Pretend(one)

    return pytree.tree_map(placed, told)


def _kept(one: Any) -> Any:
    if isinstance(one, Pretend):
        return one.kept
    return torch.device("cpu") if isinstance(one, torch.device) and one.type == NAME else one


def _ours() -> str:
    """The innermost line of cilda on the way here."""
    frames = [frame for frame in traceback.extract_stack() if "/cilda/" in frame.filename]
    return f"{frames[-1].filename.rpartition('/cilda/')[2]}: {frames[-1].line}" if frames else "elsewhere"


_LIBRARY = torch.library.Library("_", "IMPL")
