"""Runs a module in several processes of this machine, through accelerate's launcher.

Run as `python -m cilda.cli.together PROCESSES MODULE ARGUMENTS…`. It ends as the process did that failed
first.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cilda.cli.threads import cores

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

# So long the processes may take to stop behind a checkpoint when a signal has asked for it.
_STOP_SECONDS = 300


def main(arguments: Sequence[str]) -> int:
    """The process's own entry."""
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    # What it says of signals and of processes that fail, the run says in its own words.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    processes, module, *rest = arguments
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", str(_STOP_SECONDS))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // int(processes))))
    options = {
        "num_processes": processes,
        "num_machines": "1",
        # A port that is free.
        "main_process_port": "0",
        # Precision and compiling are ours to set.
        "mixed_precision": "no",
        "dynamo_backend": "no",
    }
    told = [part for name, value in options.items() for part in (f"--{name}", value)]
    try:
        launch_command(launch_command_parser().parse_args(["--multi_gpu", *told, "-m", module, *rest]))
    except ChildFailedError as failed:
        return _end_as(failed)
    except SignalException as stopped:
        return 128 + stopped.sigval
    return 0


def _end_as(failed: ChildFailedError) -> int:
    """The code of the process that failed first; where one was killed, this process ends by the same signal.

    So whoever watches learns of it. The others, who miss it, fail as well, and are ended by SIGTERM.
    """
    codes = [failure.exitcode for failure in failed.failures.values()]
    killed = [-code for code in codes if code < 0 and -code != signal.SIGTERM]
    if killed:
        if killed[0] != signal.SIGKILL:
            signal.signal(killed[0], signal.SIG_DFL)
        os.kill(os.getpid(), killed[0])
    code = failed.get_first_failure()[1].exitcode
    return code if code > 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
