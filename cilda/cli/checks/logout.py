"""Whether what runs in the background outlives a logout, by systemd's settings.

Source: logind.conf(5), systemd.syntax(7): the first main file counts; drop-ins come after it, sorted by name, one of a
name only; a later line wins, and an empty value is the default again. KillUserProcesses ends the scope of a login
session with all in it, tmux and screen as well; processes below user@.service end with the user's last session unless
the user lingers.
"""

from __future__ import annotations

import getpass
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cilda.cli.checks.check import Check

# The earlier folder hides files of the same name in a later one.
FOLDERS = tuple(Path(path) for path in ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"))
LINGERING = Path("/var/lib/systemd/linger")

_CURE = "loginctl enable-linger, then start runs with: systemd-run --user --scope cilda distill … (tmux does not help)"


@dataclass(frozen=True)
class Logind:
    """What logind does with processes at the end of a session; `kills` is None where nothing says it."""

    kills: bool | None
    excluded: tuple[str, ...] = ("root",)
    only: tuple[str, ...] = ()
    source: str = ""

    def kills_those_of(self, user: str) -> bool | None:
        """Whether this user's processes are ended."""
        if user in self.excluded or (self.only and user not in self.only):
            return False
        return self.kills


def logout(folders: Iterable[Path] = FOLDERS, groups: Path = Path("/proc/self/cgroup")) -> Check:
    """Whether a run that is started from here goes on after the logout."""
    if not Path("/run/systemd/system").is_dir():
        return Check("logout", "ok", "systemd does not run here: nothing ends processes at a logout")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "?"
    try:
        text = groups.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return judged(logind(folders), user, text, lingers(user))


def judged(settings: Logind, user: str, groups: str, lingering: bool | None) -> Check:
    """The verdict, from logind's settings, the lines of /proc/self/cgroup, and whether the user lingers."""
    linger = {True: "yes", False: "no", None: "unknown"}[lingering]
    said = {True: "yes", False: "no", None: "not set"}[settings.kills]
    found = f"KillUserProcesses={said}{f' in {settings.source}' if settings.source else ''}, Linger={linger}"
    if re.search(r"/user@\d+\.service(/|$)", groups, re.MULTILINE):
        if lingering:
            return Check("logout", "ok", f"runs survive a logout: {user} lingers; {found}")
        todo = "loginctl enable-linger (tmux does not help)"
        return Check("logout", "warning", f"runs end with the last session of {user}; {found}", todo)
    if not re.search(r"/session-[^/\n]+\.scope(/|$)", groups, re.MULTILINE):
        return Check("logout", "ok", f"runs survive a logout: this is no login session; {found}")
    kills = settings.kills_those_of(user)
    if kills:
        return Check("logout", "problem", f"runs end at the logout, those in tmux too; {found}", _CURE)
    if kills is None:
        told = f"nothing says whether runs survive a logout, by most distributions' defaults they do; {found}"
        return Check("logout", "warning", told, f"to be sure: {_CURE}")
    return Check("logout", "ok", f"runs survive a logout; {found}")


def logind(folders: Iterable[Path] = FOLDERS) -> Logind:
    """The settings of all files that logind reads."""
    places = list(folders)
    main = next((path for folder in places if (path := folder / "logind.conf").is_file()), None)
    drop_ins: dict[str, Path] = {}
    for folder in reversed(places):
        drop_ins.update({path.name: path for path in (folder / "logind.conf.d").glob("*.conf")})
    files = [*([] if main is None else [main]), *(drop_ins[name] for name in sorted(drop_ins))]
    return merged([(str(path), _text(path)) for path in files])


def merged(files: Iterable[tuple[str, str]]) -> Logind:
    """What files of settings say together, given by name and text in the order that they are read in.

    Where no line is in force, a line that is commented out in the first file tells the default that was built in.
    """
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    read = list(files)
    for name, text in read:
        for key, value in assignments(text):
            values[key] = value
            sources[key] = name
    kills = truth(values.get("KillUserProcesses", ""))
    source = sources.get("KillUserProcesses", "") if kills is not None else ""
    if kills is None and read:
        commented = re.findall(r"^[ \t]*[#;][ \t]*KillUserProcesses[ \t]*=[ \t]*(\w+)", read[0][1], re.MULTILINE)
        kills = truth(commented[-1]) if commented else None
        source = f"{read[0][0]} (its default)" if kills is not None else ""
    excluded = tuple(values.get("KillExcludeUsers", "root").split()) or ("root",)
    return Logind(kills, excluded, tuple(values.get("KillOnlyUsers", "").split()), source)


def assignments(text: str) -> list[tuple[str, str]]:
    """The assignments of the section [Login], in order; comments, other sections and what is neither are left out."""
    found: list[tuple[str, str]] = []
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif section == "Login" and stripped and stripped[0] not in "#;" and "=" in stripped:
            key, _, value = stripped.partition("=")
            found.append((key.strip(), value.strip()))
    return found


def truth(word: str) -> bool | None:
    """Yes or no in any of systemd's words; None for any other."""
    plain = word.lower()
    if plain in ("1", "yes", "y", "true", "t", "on"):
        return True
    return False if plain in ("0", "no", "n", "false", "f", "off") else None


def lingers(user: str, folder: Path = LINGERING) -> bool | None:
    """Whether the user's manager goes on without a session; None where nobody can tell."""
    loginctl = shutil.which("loginctl")
    if loginctl is not None:
        command = [loginctl, "show-user", user, "-p", "Linger", "--value"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=3, check=False)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            done = None
        if done is not None and done.returncode == 0 and truth(done.stdout.strip()) is not None:
            return truth(done.stdout.strip())
    try:
        return (folder / user).exists() if folder.is_dir() else None
    except (OSError, ValueError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
