"""GPU, torch's build and memory, told from files without importing torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from cilda.cli.checks.hardware import gpu, memory, memory_limit, processors, torch_build
from cilda.runs.crowding import Crowding


def version_file(folder: Path, **values: str) -> Path:
    """A version.py as torch has it."""
    lines = ["from typing import Optional", "debug = False"]
    for name in ("__version__", "cuda", "hip", "xpu"):
        word = f"'{values[name]}'" if name in values else "None"
        lines.append(f"{name} = {word}" if name == "__version__" else f"{name}: Optional[str] = {word}")
    folder.mkdir(exist_ok=True)
    (folder / "version.py").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"__version__": "2.13.0+cpu"}, "2.13.0+cpu for the CPU only"),
        ({"__version__": "2.13.0", "cuda": "12.8"}, "2.13.0 for CUDA 12.8"),
        ({"__version__": "2.13.0", "hip": "6.3"}, "2.13.0 for ROCm 6.3"),
    ],
)
def test_torch_s_build_is_read_from_its_version_file(values: dict[str, str], told: str, tmp_path: Path) -> None:
    assert torch_build(version_file(tmp_path, **values)) == told


def test_no_version_file_is_no_torch(tmp_path: Path) -> None:
    assert torch_build(tmp_path) is None


def test_no_gpu_is_said_plainly(tmp_path: Path) -> None:
    check = gpu({"PATH": str(tmp_path)}, tmp_path / "none")
    assert check.verdict == "warning"
    assert check.found.startswith("no GPU here; torch is ")


def test_a_driver_that_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA H100, 81559 MiB'\n", encoding="utf-8")
    smi.chmod(0o755)
    check = gpu({"PATH": str(tmp_path)}, tmp_path / "none")
    assert check.verdict == "problem"
    assert "NVIDIA H100, 81559 MiB; driver: not loaded" in check.found
    smi.write_text("#!/bin/sh\necho 'Failed to initialize NVML'; exit 9\n", encoding="utf-8")
    assert "Failed to initialize NVML" in gpu({"PATH": str(tmp_path)}, tmp_path / "none").found


def test_the_smallest_limit_of_a_group_and_those_above_it_counts(tmp_path: Path) -> None:
    inner = tmp_path / "user.slice" / "job"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n", encoding="ascii")
    (inner.parent / "memory.max").write_text("8000000000\n", encoding="ascii")
    assert memory_limit("0::/user.slice/job\n", tmp_path) == 8_000_000_000
    assert memory_limit("0::/elsewhere\n", tmp_path) is None
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n", encoding="ascii")
    assert memory_limit("4:memory:/outside/of/here\n0::/\n", tmp_path) is None
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("5000000000\n", encoding="ascii")
    assert memory_limit("4:memory:/outside/of/here\n0::/\n", tmp_path) == 5_000_000_000
    assert memory_limit("nonsense\n", tmp_path) is None


def test_little_memory_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/\n", encoding="ascii")
    (tmp_path / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n", encoding="ascii")
    assert memory(tmp_path, tmp_path / "groups").verdict == "ok"
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "memory.max").write_text("1000000000\n", encoding="ascii")
    check = memory(tmp_path, tmp_path / "groups")
    assert check.verdict == "warning"
    assert "a control group allows 1.0 GB, beyond which the kernel kills" in check.found
    (tmp_path / "meminfo").write_text("rubbish", encoding="ascii")
    assert memory(tmp_path, tmp_path / "groups").found.startswith("unknown")


def test_processors_that_others_keep_busy_are_a_warning_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cilda.runs.crowding.crowding", lambda: Crowding(7.0, 2, 0.9))
    found = processors({})
    assert found.verdict == "warning" and "load average 7.0 on 2 usable" in found.found
    assert "CILDA_THREADS=1" in found.todo
    assert "CILDA_THREADS=1" not in processors({"CILDA_THREADS": "1"}).todo
    monkeypatch.setattr("cilda.runs.crowding.crowding", lambda: Crowding(0.4, 2, 0.0))
    assert processors({}).verdict == "ok"
