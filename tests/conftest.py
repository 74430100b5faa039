"""What holds for every test: one thread, no hub, no network beyond this machine, nobody's own settings."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from tests.loopback import connect_here

# Constants of the Hugging Face libraries and of torch's thread pools are read at import: these must come first, and
# processes that a test starts inherit them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
# Caches and settings of the tests, not of whoever runs them.
_user = tempfile.mkdtemp(prefix="cilda-tests-")
atexit.register(shutil.rmtree, _user, ignore_errors=True)
for _name, _folder in {"XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config", "HF_HOME": "hf"}.items():
    os.environ[_name] = os.path.join(_user, _folder)  # noqa: PTH118
for _name in [name for name in os.environ if name.startswith("CILDA_")]:
    del os.environ[_name]
for _name in ("FORCE_COLOR", "NO_COLOR", "HF_ENDPOINT", "HF_TOKEN"):
    os.environ.pop(_name, None)


# A busy machine is no fault of what is tested.
# Everybody's own runs look for new examples; where a change is judged, the same ones are tried each time.
settings.register_profile(
    "patient",
    # Half of the usual: the suite is to be run before every change.
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that leaves the machine is a failed test, not a slow one."""
    monkeypatch.setattr(socket.socket, "connect", connect_here)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, so that two workers end at about the same time."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
