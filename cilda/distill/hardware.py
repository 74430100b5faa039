"""The device a run works on, and the precision it can afford."""

from __future__ import annotations

from typing import Any

import torch

from cilda.config import RunConfig
from cilda.errors import CildaError


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is the first CUDA GPU where there is one, else the CPU.

    Raises:
        CildaError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise CildaError(f"no device is called {name!r}", "say auto, cpu, cuda or cuda:1") from None
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise CildaError(
            f"{name} is not to be had: {torch.cuda.device_count()} CUDA devices here",
            "leave device out, or --set device=auto",
        )
    if device.type not in ("cpu", "cuda"):
        raise CildaError(f"cilda does not train on {name!r}", "say auto, cpu, cuda or cuda:1")
    return device


def uses_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether models run under bfloat16 autocast. "auto": where the device computes it natively."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def set_up(config: RunConfig) -> tuple[torch.device, bool]:
    """The run's device and whether it uses bfloat16; sets the number of CPU threads where the config names one."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    return device, uses_bfloat16(config.precision, device)
