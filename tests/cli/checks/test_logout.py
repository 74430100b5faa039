"""Whether runs outlive a logout, told from systemd's files as systemd reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.cli.checks.logout import Logind, assignments, judged, lingers, logind, merged, truth

SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"
MANAGER = "12:cpu:/\n0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n"
ELSEWHERE = "0::/system.slice/slurmd.service/job_7\n"


def test_only_assignments_of_the_section_login_count() -> None:
    text = "KillUserProcesses=1\n[Login]\n# KillUserProcesses=no\n;A=1\n KillUserProcesses = yes \nx\n[Sleep]\nB=2\n"
    assert assignments(text) == [("KillUserProcesses", "yes")]
    assert assignments("[Login]\nKillOnlyUsers=ann \\\n  bob\n") == [("KillOnlyUsers", "ann    bob")]


def test_a_later_line_wins_and_an_empty_one_is_the_default_again() -> None:
    first = ("a", "[Login]\n#KillUserProcesses=no\nKillUserProcesses=yes\nKillUserProcesses=no\n")
    assert merged([first]) == Logind(False, source="a")
    assert merged([first, ("b", "[Login]\nKillUserProcesses=on\n")]) == Logind(True, source="b")
    again = merged([first, ("b", "[Login]\nKillUserProcesses=\n")])
    assert again == Logind(False, source="a (its default)")
    assert merged([]) == Logind(None)
    users = merged([("a", "[Login]\nKillExcludeUsers=root ann\nKillOnlyUsers=bob  eve\n")])
    assert (users.excluded, users.only) == (("root", "ann"), ("bob", "eve"))


def test_drop_ins_come_by_name_and_hide_those_of_lower_folders(tmp_path: Path) -> None:
    etc, run, usr = (tmp_path / name for name in ("etc", "run", "usr"))
    for folder, name, word in ((usr, "10-a", "yes"), (etc, "10-a", "no"), (run, "20-b", "yes"), (usr, "05-c", "no")):
        (folder / "logind.conf.d").mkdir(parents=True, exist_ok=True)
        (folder / "logind.conf.d" / f"{name}.conf").write_text(f"[Login]\nKillUserProcesses={word}\n", encoding="utf-8")
    (usr / "logind.conf").write_text("[Login]\nKillUserProcesses=no\n", encoding="utf-8")
    assert logind((etc, run, usr)) == Logind(True, source=f"{run}/logind.conf.d/20-b.conf")
    (etc / "logind.conf.d" / "20-b.conf").write_text("", encoding="utf-8")
    assert logind((etc, run, usr)) == Logind(False, source=f"{etc}/logind.conf.d/10-a.conf")
    assert logind((tmp_path / "none",)) == Logind(None)


@pytest.mark.parametrize(
    ("settings", "groups", "lingering", "verdict", "words"),
    [
        (Logind(True), SESSION, False, "problem", "runs end at the logout, those in tmux too"),
        (Logind(True), SESSION, True, "problem", "runs end at the logout, those in tmux too"),
        (Logind(True, excluded=("ann",)), SESSION, False, "ok", "runs survive"),
        (Logind(True, only=("bob",)), SESSION, False, "ok", "runs survive"),
        (Logind(False), SESSION, None, "ok", "runs survive"),
        (Logind(None), SESSION, None, "warning", "nothing says"),
        (Logind(False), MANAGER, False, "warning", "runs end with the last session of ann"),
        (Logind(True), MANAGER, True, "ok", "ann lingers"),
        (Logind(True), ELSEWHERE, None, "ok", "no login session"),
        (Logind(True), "", None, "ok", "no login session"),
    ],
)
def test_the_verdict_follows_from_settings_session_and_lingering(
    settings: Logind, groups: str, lingering: bool | None, verdict: str, words: str
) -> None:
    check = judged(settings, "ann", groups, lingering)
    assert check.verdict == verdict
    assert words in check.found
    assert bool(check.todo) == (verdict != "ok")


def test_the_cure_is_named() -> None:
    todo = judged(Logind(True), "ann", SESSION, False).todo
    assert "loginctl enable-linger" in todo
    assert "tmux does not help" in todo


def test_lingering_is_read_from_its_folder_where_loginctl_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "ann").touch()
    assert lingers("ann", tmp_path) is True
    assert lingers("bob", tmp_path) is False
    assert lingers("ann", tmp_path / "none") is None


@given(text=st.text())
def test_any_text_is_read(text: str) -> None:
    merged([("a", text), ("b", f"[Login]\n{text}")])
    truth(text)
