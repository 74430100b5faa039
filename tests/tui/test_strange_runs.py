"""Whatever a run's files hold, and wherever they go: no byte of them reaches the terminal as more than a letter."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cilda.runs.events import encode
from cilda.runs.layout import RunFolder
from tests.tui.made_run import BEGAN, MadeRun, generator_first, grow, running
from tests.tui.strange_texts import PIECES, strange_texts
from tests.tui.terminal import Terminal, terminal

OPENED = (sys.executable, "-m", "tests.tui.opened")
# Each try goes on in the same running program: there is nothing that could be tried again with less.
FEW = settings(
    deadline=None, database=None, phases=[Phase.generate], report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

# What our own paint may send: looks, moves, erasures, modes, and questions to the terminal.
_OWN = re.compile(
    r"\x1b\]22;default\x07|\x1b\[[0-9;:]*[mHCKJGd]|\x1b\[[?<>=][0-9;]*\$?[a-zA-Z]|\x1b\[[0-9;]* q|\x1b\[[cnt0-9;]*[cnt]"
)
_LOOKS = re.compile(r"\x1b\[([0-9;]*)m")
_KNOWN_LOOKS = re.compile(r"(?:(?:0|1|2|3|4|7|22|23|24|27|39|49|[34]8;5;[0-9]+|3[0-7]|4[0-7]|9[0-7]|10[0-7])?(?:;|$))+")
_FOREIGN = (
    "\x1b[3;7;9m",
    "\x1b[5;53m",
    "\x1b[8m",
    "\x1b]8;;",
    "\x1b]0;",
    "\x1b]2;",
    "\x1b]52",
    "\x1bP",
    "\x1b_",
    "\x1bc",
)
"""Sequences of texts that our paint never sends."""

TEXTS_A_PAGE = 90
TEXTS = strange_texts() | st.lists(st.sampled_from((*PIECES, *_FOREIGN)), max_size=30).map("".join)


@contextmanager
def opened(folder: Path | None, *options: str, width: int = 200, height: int = 110) -> Iterator[Terminal]:
    given_folder = () if folder is None else (str(folder),)
    with terminal(*given_folder, *options, command=OPENED, width=width, height=height) as shown:
        yield shown


def leave(shown: Terminal) -> None:
    """Whatever is open, q leaves it in the end, and nothing harmful was sent until then."""
    shown.press("escape", "escape", "escape", "escape")
    shown.read(0.2)
    shown.press("q")
    assert shown.wait(10) == 0, shown.text()
    assert_harmless(shown)


def assert_harmless(shown: Terminal, *, rung: bool = True) -> None:
    """All that was sent is letters, and sequences of our own; and the bell, where that is on."""
    sent = shown.raw.decode("utf-8")
    for foreign in _FOREIGN:
        assert foreign not in sent, repr(sent[sent.index(foreign) - 40 :][:80])
    for looks in set(_LOOKS.findall(sent)):
        assert _KNOWN_LOOKS.fullmatch(looks), looks
    letters = set(_OWN.sub("", sent)) - {"\r", "\n", *("\a" if rung else "")}
    left = re.findall(r"\x1b.{0,30}", _OWN.sub("", sent))
    assert not left, left[:5]
    harmful = {letter for letter in letters if unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029"}
    assert not harmful, harmful


def assert_in_place(shown: Terminal) -> None:
    """No text pushed anything out of its place: what stands at the edges of the screen is there."""
    # A key takes away what the footer says of alerts.
    shown.press("tab", "shift+tab")
    shown.until(lambda screen: screen.splitlines()[-1].startswith(" q leave"))


class Diary:
    """Writes strange things into a living run, and says when all of it must be on the screen."""

    def __init__(self, made: MadeRun) -> None:
        self.folder = made.folder
        self.pages = 0
        self.step = 40

    def write(self, texts: Sequence[str]) -> str:
        """A page: each text as an event, a line of the log, a rewritten text, and a name of everything."""
        self.pages += 1
        end, now = f"page-{self.pages}-end", BEGAN + 100 + self.pages
        events: list[dict[str, Any]] = [{"kind": "note", "text": text, "by": text} for text in texts]
        first, second, *_ = texts
        self.step += 1
        events += [
            {"kind": "alert", "level": "warning", "what": first, "todo": second},
            {"kind": "started", "host": first, "device": second, "attempt": 1},
            {"kind": "teacher", "name": first, "metric": second, "score": 0.9, "scores": {}},
            {"kind": "stage", "stage": first, "turn": 1, "total_turns": 10, "metric": second, "batch_size": 1},
            {
                "kind": "metrics", "stage": first, "player": "student", "turn": self.step, "step": self.step,
                "epoch": 0.1, "turns": 1,
                "values": {text: {"n": 1, "mean": 1.0, "min": 1.0, "max": 1.0, "last": 1.0} for text in texts[:8]},
            },
            {"kind": "evaluation", "stage": first, "turn": self.step, "metric": second, "scores": {second: 0.5}},
            {"kind": "request", "id": first, "what": second, "by": first, "answer": "refused", "why": second},
            {"kind": "note", "text": end, "by": "us"},
        ]  # fmt: skip
        self._append(self.folder.events, events, now)
        # Nine pairs hold them all.
        examples = [
            {
                "kind": "augmentation", "turn": self.step, "id": end, "real": " ".join(real), "soft": " ".join(soft),
                "real_tokens": real, "soft_tokens": soft, "drawn": [0, 1, 2], "label": 1, "teacher_real": [0.1, 0.9],
                "student_real": [0.2, 0.8], "teacher_soft": [0.5, 0.5], "student_soft": [0.9, 0.1], "kl_real": 0.1,
                "kl_soft": 0.2,
            }
            for place in range(0, TEXTS_A_PAGE, 10)
            for real, soft in [(texts[place : place + 5], texts[place + 5 : place + 10])]
        ]  # fmt: skip
        self._append(self.folder.augmentations, examples, now)
        self._append(self.folder.system, [{"kind": "system", "gpus": [{"name": first, "busy_fraction": 0.5}]}], now)
        with (self.folder.log / "train.000001.log").open("ab") as file:
            file.write("".join(f"{text}\n" for text in [*texts, end]).encode("utf-8", "surrogatepass"))
        return end

    @staticmethod
    def _append(folder: Path, events: Sequence[dict[str, Any]], now: float) -> None:
        with (folder / "000001.jsonl").open("ab") as file:
            file.write(b"".join(encode({"v": 1, "t": now, **event}) for event in events))


@pytest.mark.slow
def test_a_thousand_texts_are_letters_on_the_screen_and_nothing_else(tmp_path: Path) -> None:
    with generator_first(tmp_path) as made, opened(made.folder.path, "--now", str(made.now), width=110) as shown:
        shown.until("RUNNING")
        # Without the bell, and curves as a page of their own.
        shown.press("B", "1", "z")
        diary = Diary(made)

        @settings(FEW, max_examples=12)
        @given(st.lists(TEXTS, min_size=TEXTS_A_PAGE, max_size=TEXTS_A_PAGE))
        def page(texts: list[str]) -> None:
            end = diary.write(texts)
            shown.press("6")
            shown.until(end)
            assert_in_place(shown)
            shown.press("5")
            shown.until(end)
            assert_in_place(shown)
            shown.press("3")
            shown.until(end)
            for _ in range(TEXTS_A_PAGE // 10):
                shown.press("[")
                shown.read(0.05)
            assert_in_place(shown)
            for key in ("G", "1", "]", "2", "z"):
                shown.press(key)
                shown.read(0.05)
            assert_in_place(shown)
            shown.press("z")
            shown.settled(0.15)
            assert_harmless(shown, rung=False)
            shown.raw.clear()

        page()
        leave(shown)


FOLDERS = 40


def name_of_a_folder(text: str, number: int) -> str:
    """As near to the text as a file system takes it, and unlike any other."""
    allowed = text.encode("utf-8", "surrogatepass").replace(b"/", b"|").replace(b"\0", b"")
    return f"{os.fsdecode(allowed[:150])}-{number}"


def test_the_list_of_runs_shows_any_name_and_any_file(tmp_path: Path) -> None:
    @settings(FEW, max_examples=1)
    @given(st.lists(TEXTS, min_size=FOLDERS, max_size=FOLDERS), st.lists(TEXTS, min_size=9, max_size=9))
    def listed(names: list[str], texts: list[str]) -> None:
        for number, text in enumerate(names):
            folder = RunFolder(tmp_path / name_of_a_folder(text, number))
            folder.events.mkdir(parents=True)
            said = texts[number % 9 :] + texts[: number % 9]
            config = dict(zip(("task", "teacher", "student", "method", said[0], "seed"), said, strict=False))
            run = {"v": 1, "t": BEGAN + number, "config": config, "host": said[7], "terms": {said[0]: [{"key": text}]}}
            state = {"v": 1, "status": "failed", "error": text, "todo": said[8], "stage": said[1], "turn": 3}
            folder.run_json.write_text(json.dumps(run)[: None if number % 4 else 90])
            folder.state_json.write_text(json.dumps(state)[: None if number % 5 else 50])
            folder.exit_json.write_text(("null", "[]", '{"code": "x", "signal": 9}', "")[number % 4])
        with opened(None, "--runs-dir", str(tmp_path), "--now", str(BEGAN + 100)) as shown:
            shown.until(lambda screen: f"-{FOLDERS - 1} " in screen)
            for number in range(FOLDERS):
                shown.press("down", *("o" if number in (3, 5) else ""))
                shown.read(0.02)
            for keys in ("D", ("escape", "="), ("escape", "enter")):
                shown.press(*keys)
                shown.settled(0.2)
            assert_in_place(shown)
            leave(shown)

    listed()


def _cut_short(made: MadeRun) -> None:
    for path in (made.folder.run_json, made.folder.state_json, made.folder.events / "000001.jsonl"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _of_other_kinds(made: MadeRun) -> None:
    made.folder.run_json.write_text('{"config": [1], "terms": 3, "t": "soon", "host": {}, "method": "cilda"}')
    made.folder.state_json.write_text('{"status": ["running"], "turn": "x", "heartbeat": "now", "best": {}}')
    made.folder.exit_json.write_text("[[[[[[")


def _files_for_folders(made: MadeRun) -> None:
    for folder in (made.folder.system, made.folder.augmentations, made.folder.log):
        subprocess.run(["rm", "-r", str(folder)], check=True)
        folder.write_text("a file")
    made.folder.events.rename(made.folder.path / "elsewhere")
    made.folder.events.symlink_to(made.folder.events)


def _folders_for_files(made: MadeRun) -> None:
    for path in (made.folder.run_json, made.folder.state_json, made.folder.log / "train.000001.log"):
        path.unlink()
        path.mkdir()
    (made.folder.events / "000002.jsonl").mkdir()


def test_a_damaged_folder_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    with generator_first(tmp_path) as made, opened(made.folder.path, "--now", str(made.now), height=60) as shown:
        shown.until("40/")
        for damage in (_cut_short, _of_other_kinds, _folders_for_files, _files_for_folders):
            damage(made)
            shown.press("5")
            # As long as it takes to look at everything again.
            shown.count(1.3)
            assert_in_place(shown)
            if damage in (_of_other_kinds, _files_for_folders):
                # It can be opened as it is now, too.
                with opened(made.folder.path, "--now", str(made.now), height=60) as other:
                    other.until(" q leave")
                    for key in "123456":
                        other.press(key)
                        other.read(0.1)
                    assert_in_place(other)
                    leave(other)
        leave(shown)


@contextmanager
def file_system(place: Path) -> Iterator[Callable[[], None]]:
    """A folder that can be taken away as an unplugged disk is: gives what does so. Renamed where nobody may mount."""
    place.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], capture_output=True, check=False).returncode == 0
    )
    there = True

    def take_away() -> None:
        nonlocal there
        there = False
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)
        else:
            place.rename(place.with_name("away"))

    try:
        yield take_away
    finally:
        if there and mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_file_system_that_goes_away_is_told_and_the_screen_stays(tmp_path: Path) -> None:
    with (
        file_system(tmp_path / "disk") as take_away,
        running(tmp_path / "disk", turns=300) as made,
        opened(made.folder.path, "--now", str(made.now), height=60) as shown,
    ):
        shown.until("300/")
        take_away()
        shown.until("the run's folder is gone")
        assert "300/" in shown.text()
        for key in "145":
            shown.press(key)
            shown.read(0.1)
        shown.press("K", "y")
        shown.until("checkpoint")
        shown.settled()
        assert not made.folder.path.exists(), "asking makes no new run where one was"
        assert_in_place(shown)
        leave(shown)


def test_keys_are_answered_while_garbage_and_endless_lines_pour_in(tmp_path: Path) -> None:
    with generator_first(tmp_path) as made, opened(made.folder.path, "--now", str(made.now), height=60) as shown:
        shown.until("40/")
        shown.press("5", "z")
        shown.settled(0.2)
        with (made.folder.events / "000001.jsonl").open("ab") as file:
            file.write(b'\x1b[3;7;9m{"v":1,\x00\xff\n' * 100_000)
            file.write(b'{"v":1,"t":1,"kind":"note","text":"' + b"x\\u001b" * 20_000 + b'"}\n')
        with (made.folder.log / "train.000001.log").open("ab") as file:
            for _ in range(50):
                file.write(b"\x1b[3;7;9m\xff\x9b" + b"y\r" * 50_000 + b"\n")
            file.write(b"z" * 100_000)
        for _ in range(5):
            shown.press("?")
            assert shown.until("esc closes") < 2
            shown.press("?")
            assert shown.until(lambda screen: "esc closes" not in screen) < 2
        grow(made, 20)
        shown.until("60/")
        shown.press("6")
        shown.until("100,000 bad lines")
        assert_in_place(shown)
        leave(shown)
