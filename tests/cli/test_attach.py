"""`cilda attach`: a screen where there is a terminal, else plain lines; ssh where the run is elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cilda.cli.dashboard import why_read_only
from cilda.cli.terminal import shows_unicode
from cilda.runs.layout import RunFolder
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from tests.cli.standin import Standin, ended_run, new_run
from tests.tui.terminal import terminal

CILDA = (sys.executable, "-m", "cilda.cli.main")


@pytest.fixture(name="run")
def _run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    monkeypatch.setenv("CILDA_RUNS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ".state"))
    with Standin(new_run(tmp_path)) as run:
        yield run


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving_says_once_that_the_run_goes_on_and_how_to_come_back(run: Standin, key: str) -> None:
    with terminal("attach") as shown:
        shown.until("RUNNING")
        shown.press(key)
        assert shown.wait() == 0
        assert shown.text().count("run one goes on; see it again with: cilda attach one") == 1
        assert "RUNNING" not in shown.text()
        assert shown.cooked()
    assert status_of(run.folder).word == "running"


def test_who_ends_the_viewer_by_a_signal_gets_the_terminal_back(run: Standin) -> None:
    with terminal("attach") as shown:
        shown.until("RUNNING")
        shown.process.send_signal(signal.SIGTERM)
        assert shown.wait() == 128 + signal.SIGTERM
        assert shown.cooked()
        assert "RUNNING" not in shown.text()
    assert status_of(run.folder).word == "running"


def test_a_key_asks_the_run_and_its_answer_is_shown(run: Standin) -> None:
    with terminal("attach", "one", width=120, height=40) as shown:
        shown.until("RUNNING")
        shown.press("K", "y")
        shown.until("checkpoint done")
        shown.press("P", "y")
        shown.until("PAUSED")
        shown.press("X", "y")
        shown.until("STOPPED")
        shown.press("q")
        assert shown.wait() == 0
        shown.until("run one: stopped")
    done = [(event["what"], event["answer"]) for event in read_events(run.folder.events, {"request"})]
    assert [what for what, answer in done if answer == "done"] == ["checkpoint", "pause", "stop"]


def test_a_note_is_written_also_behind_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CILDA_RUNS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ".state"))
    folder = ended_run(tmp_path)
    with terminal("attach") as shown:
        shown.until("FINISHED")
        shown.press("W", *"good", "enter")
        shown.until("noted")
        shown.press("q")
        assert shown.wait() == 0
    assert [event["text"] for event in read_events(folder.events, {"note"})] == ["good"]


def test_read_only_says_why(run: Standin) -> None:
    with terminal("attach", "--read-only") as shown:
        shown.until("RUNNING")
        shown.press("X")
        shown.until("opened with --read-only")
    assert status_of(run.folder).word == "running"


def test_a_run_of_somebody_else_is_only_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run(tmp_path)
    assert why_read_only(folder) == ""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 4711)
    assert "belongs to" in why_read_only(folder)
    monkeypatch.undo()
    assert "cannot be read" in why_read_only(RunFolder(tmp_path / "nothing"))


def test_a_choice_is_remembered_for_the_next_time(run: Standin) -> None:
    for theme in ("light", "ansi"):
        with terminal("attach") as shown:
            shown.until("RUNNING")
            shown.press("T")
            shown.until(f"theme {theme}")
            shown.press("q")
            shown.wait()
    assert status_of(run.folder).word == "running"


def test_cilda_alone_opens_the_list_of_runs(run: Standin) -> None:
    with terminal() as shown:
        shown.until("runs")
        shown.until("one")
        shown.press("enter")
        shown.until("RUNNING")
        shown.press("q")
        assert shown.wait() == 0
        shown.until("cilda attach one")
    assert status_of(run.folder).word == "running"


def test_cilda_alone_without_runs_shows_its_help(tmp_path: Path) -> None:
    with terminal(environment={"CILDA_RUNS_DIR": str(tmp_path / "none")}, width=110, height=60) as shown:
        assert shown.wait() == 0
        assert "distill" in shown.text()


Streams = dict[str, int | None]


@pytest.mark.parametrize(
    "piped",
    [{"stdin": subprocess.DEVNULL}, {"stdout": subprocess.PIPE}, {"stderr": subprocess.PIPE}, {}],
    ids=["stdin", "stdout", "stderr", "all"],
)
def test_without_all_three_streams_it_tells_plain_lines(tmp_path: Path, piped: Streams) -> None:
    ended_run(tmp_path)
    master, slave = os.openpty()
    streams: Streams = {"stdin": slave, "stdout": slave, "stderr": slave, **piped}
    if not piped:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "TERM": "xterm-256color"}
    done = subprocess.run(
        [*CILDA, "attach", "--runs-dir", str(tmp_path)],
        check=False, timeout=60, env=environment, **streams,  # type: ignore[call-overload]
    )  # fmt: skip
    os.close(slave)
    shown = (done.stdout or b"") + (done.stderr or b"") + _all_of(master)
    assert done.returncode == 0, shown
    assert b"\x1b[?1049h" not in shown


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    ended_run(tmp_path)
    with terminal("attach", "--runs-dir", str(tmp_path), environment={"TERM": "dumb"}) as shown:
        assert shown.wait() == 0
        assert b"\x1b[?1049h" not in bytes(shown.raw)


def test_json_is_one_event_a_line_also_in_a_terminal(tmp_path: Path) -> None:
    ended_run(tmp_path)
    done = subprocess.run(
        [*CILDA, "attach", "--json", "--runs-dir", str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()][-1] == "finished"


@pytest.mark.parametrize(
    ("environment", "able"),
    [
        ({"LANG": "en_GB.UTF-8"}, True), ({"LANG": "C.utf8"}, True), ({"LANG": "C"}, False), ({}, False),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, False), ({"LC_CTYPE": "UTF-8"}, True),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, False),
    ],
)  # fmt: skip
def test_the_locale_says_whether_there_is_more_than_ascii(environment: dict[str, str], able: bool) -> None:
    assert shows_unicode(environment) is able


@pytest.mark.parametrize(("environment", "options"), [({"LC_ALL": "C"}, ()), ({}, ("--ascii",))])
def test_without_unicode_everything_is_ascii(
    run: Standin, environment: dict[str, str], options: tuple[str, ...]
) -> None:
    with terminal("attach", *options, environment=environment, width=120, height=40) as shown:
        shown.until("RUNNING")
        for key in ("?", "escape", "2", "z", "6"):
            shown.press(key)
            shown.settled(0.2)
        assert bytes(shown.raw).isascii()
    assert status_of(run.folder).word == "running"


def test_no_color_is_kept(run: Standin) -> None:
    with terminal("attach", environment={"NO_COLOR": "1"}) as shown:
        shown.until("RUNNING")
        shown.settled()
        assert b"38;5;" not in bytes(shown.raw)
    assert status_of(run.folder).word == "running"


def test_no_mouse_asks_for_none(run: Standin) -> None:
    for options, asked in (((), True), (("--no-mouse",), False)):
        with terminal("attach", *options) as shown:
            shown.until("RUNNING")
            assert (b"\x1b[?1000h" in bytes(shown.raw)) is asked
    assert status_of(run.folder).word == "running"


def test_an_unknown_theme_is_refused_before_anything_is_drawn(run: Standin) -> None:
    with terminal("attach", "--theme", "drak", width=120) as shown:
        assert shown.wait() == 2
        assert "no theme named 'drak'" in shown.text() and "blue-orange" in shown.text()
    assert status_of(run.folder).word == "running"


@pytest.fixture(name="ssh")
def _ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A stand-in for ssh that writes down how it was called and then runs a line of shell."""

    def put(line: str) -> Path:
        called = tmp_path / "called"
        script = tmp_path / "bin" / "ssh"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {called}\n{line}\n', encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
        return called

    return put


def test_a_run_elsewhere_is_shown_over_ssh_on_this_terminal(ssh: Callable[[str], Path]) -> None:
    called = ssh("test -t 0 && test -t 1 && echo shown; exit 0")
    with terminal("attach", "ada@gpu-box:my run", "--theme", "light", "--read-only") as shown:
        assert shown.wait() == 0
        shown.until("shown")
    assert called.read_text(encoding="utf-8").splitlines() == [
        "-t", "--", "ada@gpu-box", "cilda attach 'my run' --read-only --theme light",
    ]  # fmt: skip


def test_without_a_terminal_ssh_is_asked_for_none(ssh: Callable[[str], Path]) -> None:
    called = ssh("echo '{}'")
    done = subprocess.run([*CILDA, "attach", "box:", "--json"], check=True, capture_output=True, text=True)
    assert done.stdout == "{}\n"
    assert called.read_text(encoding="utf-8").splitlines() == ["--", "box", "cilda attach --json"]


@pytest.mark.parametrize(
    ("code", "ours", "words"), [(255, 1, "no connection to box"), (127, 1, "no cilda on the PATH of box"), (4, 4, "")]
)
def test_what_goes_wrong_elsewhere_is_said_here(ssh: Callable[[str], Path], code: int, ours: int, words: str) -> None:
    ssh(f"exit {code}")
    done = subprocess.run([*CILDA, "attach", "box:one"], check=False, capture_output=True, text=True)
    assert done.returncode == ours and words in done.stderr


@pytest.mark.parametrize("reference", ["-oProxyCommand=touch x:one", "ho st:one", ":one"])
def test_what_is_no_name_of_a_machine_is_none(ssh: Callable[[str], Path], tmp_path: Path, reference: str) -> None:
    called = ssh("exit 0")
    subprocess.run(
        [*CILDA, "attach", "--runs-dir", str(tmp_path), "--", reference], check=False, capture_output=True, text=True
    )
    assert not called.exists()


def _all_of(master: int) -> bytes:
    shown = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(master)
    return shown
