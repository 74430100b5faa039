"""What the script of a Slurm job asks about its run: where to begin, and how it has ended.

Run as `python -m cilda.cli.slurm_job begins FOLDER` and `… ends FOLDER ATTEMPT`; the answer is a line on stdout.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cilda.cli.going_on import place_of
from cilda.cli.launch import next_attempt
from cilda.errors import CildaError
from cilda.runs.layout import RunFolder
from cilda.runs.segments import segment_numbers
from cilda.runs.status import SILENT_SECONDS, status_of
from cilda.runs.store import Follower, Position, open_run

_LOOK_SECONDS = 5.0
# A minute's silence, and clocks and caches of file servers that differ.
_PATIENCE_SECONDS = SILENT_SECONDS + 30


def begins(folder: RunFolder, *, nap: Callable[[float], None] = time.sleep) -> str:
    """`begin`, `resume` or `finished`, and the number of the process that works on the run next.

    Where a job was killed and comes back on another machine, its run seems to live until its heart has been silent for
    a minute: that is waited for.
    """
    if not folder.path.exists():
        return "begin 1"
    for _ in range(int(_PATIENCE_SECONDS / _LOOK_SECONDS)):
        status = status_of(folder)
        if status.ended or status.word == "lost":
            break
        nap(_LOOK_SECONDS)
    word = "finished" if status.word == "finished" else "resume"
    return f"{word} {next_attempt(folder)}"


def ends(folder: RunFolder, attempt: int) -> str:
    """How the run stands when the process of this number, or a later one, has left it.

    `finished`; `stopped`, because a person asked for it; `interrupted`, by a signal, with a checkpoint to go on from;
    `unsaved`, by a signal, with none; `failed` of all else, also of a process that never came to work on the run.
    """
    state = open_run(folder).state
    status, number = state.get("status"), state.get("attempt")
    if not isinstance(number, int) or number < attempt:
        return "failed"
    if status == "finished":
        return "finished"
    if status != "stopped":
        return "failed"
    if not _by_a_signal(folder):
        return "stopped"
    return "unsaved" if place_of(folder).name is None else "interrupted"


def _by_a_signal(folder: RunFolder) -> bool:
    """Whether nobody but a signal asked the run to stop: the last request says so, or there is none."""
    numbers = segment_numbers(folder.events)
    follower = Follower(folder.events, start=Position(numbers[-1], 0) if numbers else None)
    by = "SIGTERM"
    while not follower.at_end:
        for event in follower.poll():
            if event["kind"] == "started":
                by = "SIGTERM"
            elif event["kind"] == "request" and event["what"] == "stop" and event["answer"] != "refused":
                by = str(event.get("by", ""))
    return by.startswith("SIG")


def main(arguments: Sequence[str]) -> int:
    """The process's own entry."""
    question, path, *rest = arguments
    folder = RunFolder(Path(path))
    try:
        print(begins(folder) if question == "begins" else ends(folder, int(rest[0])))
    except CildaError as error:
        print(f"cilda: {error.what}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
