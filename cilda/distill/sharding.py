"""A teacher whose layers lie in parts on all processes, for teachers that do not fit beside everything else."""

from __future__ import annotations

import os

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from cilda.distill.encoder import Encoder
from cilda.distill.world import world
from cilda.errors import CildaError


def wants_sharding() -> bool:
    """Whether accelerate's own config, with which the processes were started, says FSDP."""
    return not world().alone and os.environ.get("ACCELERATE_USE_FSDP") == "true"


def shard(teacher: Encoder, device: torch.device) -> None:
    """Puts a share of each of the teacher's layers on this process's device; a layer is gathered when it is its turn.

    Embeddings and head stay whole: a generator's turn reads the embeddings from outside. From now on all processes must
    ask the teacher together. Of accelerate's config `fsdp_reshard_after_forward` and `fsdp_offload_params` count.

    Raises:
        CildaError: the config says the first version of FSDP, or what accelerate cannot read.
    """
    from accelerate import FullyShardedDataParallelPlugin

    version = os.environ.get("FSDP_VERSION", "1")
    if version != "2":
        raise CildaError(
            f"accelerate's config says fsdp_version {version}",
            "set fsdp_version to 2 there, or make another config with: accelerate config",
        )
    try:
        plugin = FullyShardedDataParallelPlugin()
    except ValueError as error:
        raise CildaError(f"accelerate's config: {error}", "make another with: accelerate config") from error
    mesh = init_device_mesh(device.type, (world().size,))
    for layer in teacher.transformer_layers:
        fully_shard(
            layer,
            mesh=mesh,
            reshard_after_forward=bool(plugin.reshard_after_forward),
            offload_policy=plugin.cpu_offload,
        )
