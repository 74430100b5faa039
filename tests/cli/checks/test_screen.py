"""What the terminal can show, told from the environment, whatever stands in it."""

from __future__ import annotations

import pytest

from cilda.cli.checks.screen import color, encoding, multiplexer, ssh, terminal


@pytest.mark.parametrize(
    ("stdout", "verdict"), [("utf-8", "ok"), ("UTF8", "ok"), ("ascii", "warning"), ("nonsense", "warning")]
)
def test_an_encoding_that_lacks_letters_is_a_warning(
    stdout: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert encoding({"LANG": "C.UTF-8"}, stdout).verdict == verdict
    assert encoding({}, None).verdict == "warning"


def test_a_locale_that_is_not_installed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    check = encoding({"LC_ALL": "xx_XX.UTF-8"}, "utf-8")
    assert (check.verdict, "LC_ALL=xx_XX.UTF-8, a locale that is not installed" in check.found) == ("warning", True)


@pytest.mark.parametrize(
    ("environment", "is_terminal", "told"),
    [
        ({"TERM": "xterm-256color"}, True, "on; 256 colours (TERM=xterm-256color)"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, True, "on; 16 million colours (COLORTERM=truecolor)"),
        ({"TERM": "xterm"}, False, "off: stdout is no terminal; 16 colours (TERM=xterm)"),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, False, "on, as FORCE_COLOR says; 16 colours (TERM=xterm)"),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, "off, as NO_COLOR says; a terminal without colours"),
        ({"TERM": "dumb", "NO_COLOR": ""}, True, "on; a terminal without colours"),
    ],
)
def test_colour_says_who_decides_and_how_many(environment: dict[str, str], is_terminal: bool, told: str) -> None:
    assert color(environment, is_terminal=is_terminal).found == told


def test_tmux_and_ssh_are_told_from_their_variables() -> None:
    assert multiplexer({"TMUX": "/tmp/x,1,0", "STY": "1.pts"}).found == "inside tmux inside screen"  # noqa: S108
    assert multiplexer({"PATH": "/nowhere"}).found == "not inside one; installed: neither; none is needed"
    assert ssh({"SSH_CONNECTION": "10.0.0.7 50000 10.0.0.1 22"}).found.startswith("from 10.0.0.7; ")
    assert ssh({}).found == "no"


def test_no_terminal_is_no_fault() -> None:
    assert terminal({}).verdict == "ok"
