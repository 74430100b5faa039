"""The browser on a real terminal, opened by the command: as a person gets it, and as it ends."""

from __future__ import annotations

import signal
from pathlib import Path

from cilda.cli.inspect_none import may_still_come
from cilda.runs.layout import RunFolder
from tests.rewrites.made_rewrites import made_run
from tests.tui.made_run import running
from tests.tui.terminal import terminal


def environment(tmp_path: Path, **more: str) -> dict[str, str | None]:
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CACHE", "DATA", "STATE", "CONFIG")}
    return {**folders, "CILDA_RUNS_DIR": str(tmp_path / "runs"), **more}


def run_of(tmp_path: Path, count: int = 200) -> RunFolder:
    return made_run(tmp_path / "runs", count)


def test_the_command_opens_it_as_filters_and_order_say_and_q_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    run_of(tmp_path)
    given = ("inspect", "--where", "flip", "--where", "kl>0.1", "--sort=-kl")
    with terminal(*given, environment=environment(tmp_path), cwd=tmp_path) as shown:
        shown.until("by kl ↓")
        shown.until("flip and kl>0.1")
        assert "▸" in shown.text()
        shown.press("space", "enter")
        shown.until(lambda screen: "1 marked" in screen and "rewrite teacher" in screen)
        # However small it gets, and back.
        for size in ((1, 1), (20, 3), (200, 60), (120, 40), (80, 24)):
            shown.resize(*size)
            shown.read(0.05)
        shown.until("q leave")
        # Away to the shell and back.
        shown.press("\x1a")
        shown.until(lambda screen: "q leave" not in screen)
        shown.until_stopped()
        shown.process.send_signal(signal.SIGCONT)
        shown.until("q leave")
        shown.press("q")
        assert shown.wait() == 0
        assert shown.cooked()
    assert (tmp_path / "DATA" / "cilda" / "marks").is_dir()


def test_without_colours_and_unicode_it_says_the_same_in_ascii(tmp_path: Path) -> None:
    run_of(tmp_path)
    given = environment(tmp_path, NO_COLOR="1", LC_ALL="C")
    with terminal("inspect", environment=given, cwd=tmp_path, width=100, height=30) as shown:
        shown.until("1 of 200")
        shown.press("j")
        shown.until("2 of 200")
        shown.settled()
        assert shown.text().isascii()
        assert "[" in shown.text()
        assert b"\x1b[38;" not in bytes(shown.raw)
        shown.press("\x03")
        assert shown.wait() == 0


def test_a_step_down_costs_few_bytes_and_rest_none(tmp_path: Path) -> None:
    run_of(tmp_path)
    with terminal("inspect", environment=environment(tmp_path), cwd=tmp_path) as shown:
        shown.until("1 of 200")
        shown.settled()
        before = shown.sent
        shown.press("j")
        shown.until("2 of 200")
        shown.settled()
        assert shown.sent - before < 2500
        assert shown.count(0.7) == 0


def test_it_ends_with_a_signal_and_with_its_terminal(tmp_path: Path) -> None:
    run_of(tmp_path)
    with terminal("inspect", environment=environment(tmp_path), cwd=tmp_path) as shown:
        shown.until("1 of 200")
        shown.process.send_signal(signal.SIGTERM)
        assert shown.wait() == 143
        assert shown.cooked()
    with terminal("inspect", environment=environment(tmp_path), cwd=tmp_path) as shown:
        shown.until("1 of 200")
        shown.hang_up()
        assert shown.wait() != 0


def test_where_there_is_nothing_and_never_will_be_the_command_says_so(tmp_path: Path) -> None:
    folder = run_of(tmp_path, 0)
    for path in folder.augmentations.iterdir():
        path.unlink()
    folder.exit_json.write_text('{"code": 0}', encoding="ascii")
    with terminal("inspect", environment=environment(tmp_path), cwd=tmp_path) as shown:
        assert shown.wait() == 1
        assert "recorded no rewrites" in shown.text()


def test_rewrites_may_still_come_of_a_run_that_goes_on_and_records_some(tmp_path: Path) -> None:
    with running(tmp_path / "one") as made:
        assert may_still_come(made.folder)
    with running(tmp_path / "other", record_texts=0) as made:
        assert not may_still_come(made.folder)
    with running(tmp_path / "ended") as made:
        made.folder.exit_json.write_text('{"code": 0}', encoding="ascii")
        made.author.release_locks()
        assert not may_still_come(made.folder)
