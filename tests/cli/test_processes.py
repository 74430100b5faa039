"""A run in several processes, as a launcher starts them; and how they are asked for."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from safetensors.torch import load_file

from cilda.cli import processes, together
from cilda.cli.processes import asked_for, rank, start_anew, started_together
from cilda.config import RunConfig
from cilda.errors import CildaError, UsageError
from cilda.runs.layout import RunFolder
from cilda.runs.store import read_events
from tests.cli.conftest import Cilda, Desk
from tests.processes import started
from tests.processes import together as run_together


def described(run: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one kind of a run."""
    return list(read_events(RunFolder(run).events, {kind}))


@pytest.mark.slow
def test_a_run_of_two_processes_that_was_killed_ends_as_one_that_was_not(desk: Desk, tmp_path: Path) -> None:
    runs_dir = tmp_path / "runs"
    more = ["--set", "device=cpu", "--set", "checkpoint_every=3", "--max-turns", "24"]
    distill = ["-m", "cilda", "distill", *desk.quick(runs_dir), *more, "--name"]
    printed = run_together([*distill, "whole"])
    assert printed[0][0].strip() == str(runs_dir / "whole" / "student")
    # One process alone has a voice.
    assert "finished" in printed[0][1]
    assert printed[1] == ("", "")
    running = started([*distill, "cut"])
    while not list((runs_dir / "cut" / "checkpoints").glob("step-student-*")):
        assert [process.poll() for process in running] == [None, None]
        time.sleep(0.01)
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (runs_dir / "cut" / "student").exists()
    run_together(["-m", "cilda", "resume", "cut", "--runs-dir", str(runs_dir)])
    whole, cut = (load_file(runs_dir / name / "student" / "model.safetensors") for name in ("whole", "cut"))
    assert whole.keys() == cut.keys()
    for key, weight in whole.items():
        assert weight.equal(cut[key]), key
    first, resumed = described(runs_dir / "cut", "stage")
    assert first["processes"] == resumed["processes"] == 2
    assert resumed["resumed_from"].startswith("step-student-")
    assert json.loads((runs_dir / "cut" / "run.json").read_bytes())["config"]["gpus"] == 2
    rewrites = list(read_events(RunFolder(runs_dir / "whole").augmentations))
    # Texts of both halves of a batch.
    assert {rewrite["why"] for rewrite in rewrites} >= {"sample", "watched"}


def test_who_is_not_launched_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    assert (started_together(), rank()) == (1, 0)
    # As some clusters have it in every shell.
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert (started_together(), rank()) == (1, 0)
    monkeypatch.setenv("RANK", "3")
    assert (started_together(), rank()) == (8, 3)


def test_the_number_of_processes_is_the_launchers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    config = RunConfig(device="cpu")
    assert asked_for(config, given=False).gpus == 2
    assert asked_for(config.model_copy(update={"gpus": 2}), given=True).gpus == 2
    with pytest.raises(UsageError, match="gpus is 3, and a launcher has started 2 processes"):
        asked_for(config.model_copy(update={"gpus": 3}), given=True)


@pytest.mark.parametrize(
    ("device", "what"),
    [
        ("cuda:1", "4 processes cannot share the device cuda:1"),
        ("cuda", "4 processes need 4 GPUs, and 1 is here"),
        ("cpu", "4 processes for 3 cores would only wait for each other"),
    ],
)
def test_devices_that_cannot_be_had_are_refused(device: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    with pytest.raises(CildaError, match=what):
        asked_for(RunConfig(gpus=4, device=device), given=True)
    assert asked_for(RunConfig(gpus=3, device="cpu"), given=True).gpus == 3


def test_one_process_is_refused_a_device_that_is_not_there() -> None:
    with pytest.raises(CildaError, match="cuda:7 is not to be had"):
        asked_for(RunConfig(device="cuda:7"), given=False)


def test_more_processes_than_texts_are_refused() -> None:
    with pytest.raises(UsageError, match="2 processes cannot share a batch of 1 texts"):
        asked_for(RunConfig(gpus=2, batch_size=1, device="cpu"), given=True)
    assert asked_for(RunConfig(gpus=2, batch_size=1, tokens_per_batch=500, device="cpu"), given=True).gpus == 2


def test_a_process_in_the_foreground_becomes_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[str] = []
    monkeypatch.setattr("os.execv", lambda _, command: became.extend(command))
    monkeypatch.setattr(sys, "argv", ["cilda", "distill", "--gpus", "2", "--name", "a b"])
    become: Callable[[int], object] = start_anew
    become(2)
    assert became == [sys.executable, "-m", "cilda.cli.together", "2", "cilda", *sys.argv[1:]]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--demo", "--gpus", "2"], "--demo is played by one process"),
        (["--gpus", "0"], "gpus is 0: it should be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_done_by_several_is_refused(options: list[str], what: str, cilda: Cilda) -> None:
    shown = cilda("distill", *options, "--set", "device=cpu")
    assert (shown.code, shown.what) == (2, what)


@pytest.mark.parametrize(
    ("codes", "code", "killed"),
    [([2], 2, []), ([-9], 137, [signal.SIGKILL]), ([1, -9], 1, [signal.SIGKILL]), ([1, -15], 1, [])],
)
def test_a_launcher_ends_as_the_process_that_failed_first(
    codes: list[int], code: int, killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate.commands import launch
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    asked: list[Any] = []
    ended: list[int] = []

    def launched(options: Any) -> None:
        asked.append(options)
        failures: Any = {rank: SimpleNamespace(exitcode=one, timestamp=rank) for rank, one in enumerate(codes)}
        monkeypatch.setattr(ChildFailedError, "__init__", lambda *_: None)
        error = ChildFailedError("", failures)
        error.failures = failures
        raise error

    monkeypatch.setattr(launch, "launch_command", launched)
    monkeypatch.setattr("os.kill", lambda _, number: ended.append(number))
    assert together.main(["2", "cilda.cli.train", "a b", "1", "-"]) == code
    assert ended == killed
    (options,) = asked
    assert (options.num_processes, options.module, options.training_script) == (2, True, "cilda.cli.train")
    assert options.training_script_args == ["a b", "1", "-"]


def test_one_process_has_the_voice_unless_another_alone_knows_of_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from cilda.distill import world

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    known, own = CildaError("all know"), CildaError("one knows")
    monkeypatch.setattr(world, "_world", SimpleNamespace(alone=False, heard=known))
    processes.one_voice()
    processes.speak_up(known)
    print("quiet", file=sys.stderr)
    processes.speak_up(own)
    print("loud", file=sys.stderr)
    assert capfd.readouterr().err == "process 1 of 2:\nloud\n"
    sys.stdout.close()
