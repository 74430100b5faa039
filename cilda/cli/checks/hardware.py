"""GPU, torch's build, memory: told from files, nothing of torch is imported."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cilda.cli.checks.check import Check
from cilda.cli.threads import cores

DRIVER = Path("/proc/driver/nvidia/version")
_CPU_TRAINS = "training goes on the CPU: fine for the demo and small students, slow for BERT"
_LITTLE_BYTES = 2_000_000_000


def gpu(environment: Mapping[str, str], driver: Path = DRIVER) -> Check:
    """Whether there is an NVIDIA GPU whose driver torch can use."""
    built = torch_build()
    name = _first_line(driver)
    smi = shutil.which("nvidia-smi", path=environment.get("PATH", os.defpath))
    if name is None and smi is None:
        return Check("gpu", "warning", f"no GPU here; torch is {built or 'not installed'}", _CPU_TRAINS)
    listed = _listed(smi) if smi else "nvidia-smi is not in PATH"
    found = f"{listed}; driver: {name or 'not loaded'}; torch is {built or 'not installed'}"
    if name is None or not _has_library("libcuda.so.1"):
        todo = "load the driver; in a container, start it with its GPUs (docker run --gpus all)"
        return Check("gpu", "problem", f"the driver cannot be used from here; {found}", todo)
    if built is None or "CUDA" not in built:
        todo = "install a build for it: https://pytorch.org/get-started/locally"
        return Check("gpu", "problem", f"a GPU, and a torch that cannot use it: {found}", todo)
    hidden = environment.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        return Check("gpu", "warning", f"CUDA_VISIBLE_DEVICES={hidden} hides every GPU; {found}", "unset it")
    return Check("gpu", "ok", found if hidden is None else f"{found}; CUDA_VISIBLE_DEVICES={hidden}")


def torch_build(folder: Path | None = None) -> str | None:
    """What torch was built for, read from its version.py, as `2.13.0 for CUDA 12.8`; None where there is no torch."""
    if folder is None:
        found = importlib.util.find_spec("torch")
        if found is None or found.origin is None:
            return None
        folder = Path(found.origin).parent
    try:
        text = (folder / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    values = dict(re.findall(r"^(\w+)\b[^=\n]*= *'([^']*)'", text, re.MULTILINE))
    version = values.get("__version__", "of no known version")
    for key, kind in (("cuda", "CUDA"), ("hip", "ROCm"), ("xpu", "Intel GPUs")):
        if values.get(key):
            return f"{version} for {kind} {values[key]}"
    return f"{version} for the CPU only"


def memory(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> Check:
    """What the machine has, and what this process may use of it."""
    try:
        lines = dict(line.split(":", 1) for line in (proc / "meminfo").read_text(encoding="ascii").splitlines())
        total, available = (int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))
        text = (proc / "self" / "cgroup").read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError, KeyError, IndexError):
        return Check("memory", "ok", "unknown: there is no /proc here")
    found = f"{available / 1e9:,.1f} of {total / 1e9:,.1f} GB available, {cores()} processors"
    limit = memory_limit(text, cgroups)
    if limit is not None and limit < total:
        found += f"; a control group allows {limit / 1e9:,.1f} GB, beyond which the kernel kills"
    if min(available, total if limit is None else limit) < _LITTLE_BYTES:
        return Check("memory", "warning", found, "a teacher of BERT's size needs some 4 GB on the CPU")
    return Check("memory", "ok", found)


def processors(environment: Mapping[str, str]) -> Check:
    """Whether others keep the processors busy that a run would compute on."""
    from cilda.runs.crowding import crowding

    found = crowding()
    threads = environment.get("CILDA_THREADS") or environment.get("OMP_NUM_THREADS")
    asked = f"; threads: {threads}" if threads else ""
    if not found.crowded:
        return Check("processors", "ok", f"load average {found.load:.1f} on {found.cores} usable{asked}")
    if threads == "1":
        return Check("processors", "warning", f"{found.words}{asked}", "expect several times the usual time")
    todo = "--set threads=1 (or CILDA_THREADS=1): several threads wait for each other, small models the most"
    return Check("processors", "warning", f"{found.words}{asked}", todo)


def memory_limit(groups: str, root: Path) -> int | None:
    """The smallest limit among the control groups that /proc/self/cgroup names, and those above; None without one."""
    limits = []
    for line in groups.splitlines():
        number, _, rest = line.partition(":")
        kinds, _, path = rest.partition(":")
        if number == "0" and not kinds:
            top, name = root, "memory.max"
        elif "memory" in kinds.split(","):
            top, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container the path may be that outside of it: then the root is our own group.
        folder = top / path.lstrip("/")
        for place in (folder, *folder.parents):
            words = _first_line(place / name)
            if words is not None and words.isdigit() and int(words) < 1 << 60:
                limits.append(int(words))
            if place == top:
                break
    return min(limits, default=None)


def _listed(smi: str) -> str:
    """The GPUs as the driver's own tool lists them."""
    command = [smi, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi: {error}"
    lines = [line.strip() for line in (done.stdout if done.returncode == 0 else done.stdout + done.stderr).splitlines()]
    return "; ".join(filter(None, lines)) or f"nvidia-smi ended with {done.returncode}"


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _first_line(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except OSError:
        return None
