"""What runs need of a disk, tried on a real one; file systems told from the kernel's own list."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cilda.cli.beforehand import FEWEST_BYTES, ROUGH_NEED_BYTES
from cilda.cli.checks.disk import file_system, is_network, locks, room, runs_folder

MOUNTS = r"""22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
31 22 0:40 / /home rw shared:5 master:2 - nfs4 server:/home rw,vers=4.2
32 31 0:41 / /home/ann/my\040disk rw - fuse.sshfs ann@host: rw
33 22 0:42 / /data rw - ext4 /dev/sdb rw
34 22 0:43 / /data rw - cifs //server/data rw
nonsense
"""


def test_every_check_of_a_good_folder_is_ok_and_leaves_nothing(tmp_path: Path) -> None:
    checks = runs_folder(tmp_path / "not" / "yet")
    assert [check.name for check in checks if check.verdict != "ok" and "room" not in check.name] == []
    assert "is not there yet, and can be made" in next(check.found for check in checks if "writable" in check.name)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_seen_by_another_process(tmp_path: Path) -> None:
    assert locks(tmp_path).found == "taken, seen by another process, let go"


def test_a_file_where_the_folder_should_be_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")
    last = runs_folder(tmp_path / "runs")[-1]
    assert (last.name, last.verdict) == ("writable", "problem")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    last = runs_folder(tmp_path / "runs")[-1]
    tmp_path.chmod(0o755)
    assert (last.name, last.verdict) == ("writable", "problem")


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(FEWEST_BYTES - 1, "problem"), (ROUGH_NEED_BYTES - 1, "warning"), (ROUGH_NEED_BYTES, "ok")],
)
def test_room_is_judged_by_what_a_run_needs(
    free: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage("/"))(2 * free, free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert room("room", tmp_path).verdict == verdict


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/work", ("ext4", "/")),
        ("/home/ann", ("nfs4", "/home")),
        ("/homework", ("ext4", "/")),
        ("/home/ann/my disk/runs", ("fuse.sshfs", "/home/ann/my disk")),
        ("/data/x", ("cifs", "/data")),
    ],
)
def test_the_nearest_mount_names_the_file_system(path: str, found: tuple[str, str]) -> None:
    assert file_system(Path(path), MOUNTS) == found


def test_file_systems_of_a_network_are_known() -> None:
    assert all(map(is_network, ("nfs", "nfs4", "cifs", "fuse.sshfs", "fuse", "lustre", "9p")))
    assert not any(map(is_network, ("ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk")))
    assert file_system(Path("/x"), "") is None
