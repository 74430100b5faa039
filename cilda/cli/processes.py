"""Several processes for one run: started by accelerate, joined to each other, with one voice."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from cilda.cli.threads import cores
from cilda.errors import CildaError, UsageError

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.world import World

TOGETHER = "cilda.cli.together"
_LOOK_SECONDS = 1.0
# A process that is left alone in a sum on a GPU never comes back by itself.
_ORPHAN_SECONDS = 120.0
# So long a process that has not joined the others yet leaves the word to the main one, which may know the same error.
_POLITE_SECONDS = 5.0


def started_together() -> int:
    """How many processes a launcher, such as accelerate or torchrun, has started for one run; 1 where none has."""
    told = os.environ.get("WORLD_SIZE", "")
    return max(1, int(told)) if told.isdecimal() and "RANK" in os.environ else 1


def rank() -> int:
    """This process's number among them; 0 speaks for all."""
    return int(os.environ["RANK"]) if started_together() > 1 else 0


def asked_for(config: RunConfig, *, given: bool) -> RunConfig:
    """The config with the number of processes that there are, or will be; `given` says that the user named it.

    Raises:
        UsageError: a launcher started another number; a single device is named for several processes; a batch has fewer
            texts.
        CildaError: so many GPUs, or cores, are not here.
    """
    if started_together() > 1:
        if given and config.gpus != started_together():
            raise UsageError(
                f"gpus is {config.gpus}, and a launcher has started {started_together()} processes",
                "leave one of them out",
            )
        config = config.model_copy(update={"gpus": started_together()})
    refuse_small_batch(config, config.gpus)
    if config.gpus > 1 and config.device == "cpu":
        _refuse_crowd(int(os.environ.get("LOCAL_WORLD_SIZE", config.gpus)))
    if config.gpus > 1 and config.device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"{config.gpus} processes cannot share the device {config.device}", "say device=cuda or cpu")
    if config.gpus > 1 and config.device != "cpu":
        _refuse_missing_gpus(config.gpus)
    if config.gpus == 1 and config.device not in ("auto", "cpu"):
        from cilda.distill.hardware import choose_device

        choose_device(config.device)
    return config


def refuse_small_batch(config: RunConfig, processes: int) -> None:
    """Refuses more processes than a batch has texts.

    Raises:
        UsageError: there are.
    """
    if config.tokens_per_batch is None and processes > config.batch_size:
        raise UsageError(
            f"{processes} processes cannot share a batch of {config.batch_size} texts",
            "a larger --batch-size, or fewer --gpus",
        )


def together(processes: int, module: str, *arguments: str) -> list[str]:
    """The command that runs a module in so many processes on this machine."""
    return [sys.executable, "-m", TOGETHER, str(processes), module, *arguments]


def start_anew(processes: int) -> NoReturn:
    """Becomes the launcher of so many processes with this process's own arguments."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = together(processes, "cilda", *sys.argv[1:])
    os.execv(command[0], command)  # noqa: S606  our own interpreter


def join(config: RunConfig) -> World:
    """Joins the other processes; alone where there are none. They end soon after their launcher has."""
    from cilda.distill import world

    if started_together() > 1 and world.world().alone:
        joined = world.join(cpu=config.device == "cpu")
        if not joined.main:
            # The launcher passes a signal on to all; the main process decides, and takes the others along.
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=_end_with_launcher, args=(os.getppid(),), name="launcher", daemon=True).start()
    return world.world()


def part(code: int) -> int:
    """Takes leave of the other processes with an exit code, and gives it; where it is an error, ends here and now.

    What the others do then is their launcher's to say; to wait for them could take for ever.
    """
    joined = sys.modules.get("cilda.distill.world")
    if joined is None or joined.world().alone:
        return code
    if code:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    joined.part()
    return code


def one_voice() -> None:
    """Has every process but the main one print nothing."""
    if rank():
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def speak_up(error: BaseException) -> None:
    """Gives a process its voice back where it alone knows of an error."""
    if not rank():
        return
    joined = sys.modules.get("cilda.distill.world")
    if joined is None or joined.world().alone:
        # The launcher ends this process if the main one fails, too.
        time.sleep(_POLITE_SECONDS)
    elif joined.world().heard is error:
        return
    sys.stderr = sys.__stderr__ or sys.stderr
    print(f"process {rank()} of {started_together()}:", file=sys.stderr)


def _refuse_missing_gpus(processes: int) -> None:
    import torch

    local = int(os.environ.get("LOCAL_WORLD_SIZE", processes))
    here = torch.cuda.device_count()
    if local > here:
        raise CildaError(
            f"{local} processes need {local} GPUs, and {here} {'is' if here == 1 else 'are'} here",
            "name fewer with --gpus; --set device=cpu has them share the processor",
        )


def _refuse_crowd(processes: int) -> None:
    # Two are allowed everywhere: to try it.
    allowed = max(2, cores())
    if processes > allowed:
        raise CildaError(f"{processes} processes for {allowed} cores would only wait for each other", "fewer --gpus")


def _end_with_launcher(launcher: int) -> None:
    """Ends this process when its launcher is gone: the main one behind a checkpoint, and by force what hangs."""
    while os.getppid() == launcher:
        time.sleep(_LOOK_SECONDS)
    if not rank():
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_ORPHAN_SECONDS)
    os._exit(1)
