"""Whether models and data sets can be had: the hub's address, its answer, the token, the cache."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cilda.cli.checks.check import Check

ENDPOINT = "https://huggingface.co"
PATIENCE_SECONDS = 3.0

_WITHOUT = "give data with --data-dir and models as folders, or a mirror's address in HF_ENDPOINT"


def hub(environment: Mapping[str, str], patience_seconds: float = PATIENCE_SECONDS) -> Check:
    """Whether the hub answers, asked once; not asked where HF_HUB_OFFLINE forbids it."""
    given = environment.get("HF_ENDPOINT", "")
    endpoint = given or ENDPOINT
    try:
        parts = urlsplit(endpoint)
        address = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return Check("hub", "problem", "HF_ENDPOINT is not an address", "say https://… or unset it")
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if environment.get(name, "").upper() in ("1", "ON", "YES", "TRUE"):
            said = f"{name} forbids to ask {address}: the cache has to do"
            return Check("hub", "warning", said, f"unset {name} to download")
    began = time.perf_counter()
    answer = _asked(endpoint, patience_seconds)
    took = f"in {1000 * (time.perf_counter() - began):.0f} ms"
    if isinstance(answer, str):
        said = f"{address} does not answer: {answer}"
        return Check("hub", "warning", said, f"check the connection and the proxy; or {_WITHOUT}")
    if answer >= 500:
        return Check("hub", "warning", f"{address} answers {answer} {took}", f"try later; or {_WITHOUT}")
    return Check("hub", "ok", f"{address} answers {answer} {took}")


def _asked(endpoint: str, patience_seconds: float) -> int | str:
    """The status of a HEAD request, or why there is none."""
    found: list[int | str] = []

    def ask() -> None:
        try:
            with urlopen(Request(endpoint, method="HEAD"), timeout=patience_seconds) as answer:  # noqa: S310  http(s)
                found.append(answer.status)
        except HTTPError as error:
            found.append(error.code)
            error.close()
        except (OSError, ValueError, HTTPException) as error:
            found.append(str(getattr(error, "reason", None) or error))

    # A thread, because looking up a name knows no time limit.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(2 * patience_seconds)
    return found[0] if found else f"silence for {2 * patience_seconds:g} s"


def token(environment: Mapping[str, str]) -> Check:
    """Whether there is a token for gated and private models; it is not shown."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if environment.get(name, "").strip():
            return Check("hub-token", "ok", f"there is one in {name}")
    path = Path(environment.get("HF_TOKEN_PATH") or home(environment) / "token").expanduser()
    try:
        there = path.is_file() and path.stat().st_size > 0
    except OSError:
        there = False
    if there:
        return Check("hub-token", "ok", f"there is one in {path}")
    return Check("hub-token", "ok", "none: gated and private models need one (hf auth login)")


def cache(environment: Mapping[str, str]) -> Check:
    """Where downloads are kept, and how many models and data sets are there."""
    named = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    folder = Path(named or home(environment) / "hub").expanduser()
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return Check("hub-cache", "ok", f"{folder} is not there yet")
    except OSError as error:
        return Check("hub-cache", "problem", f"{folder}: {error.strerror}", "name another in HF_HOME")
    counts = {kind: sum(name.startswith(f"{kind}s--") for name in names) for kind in ("model", "dataset")}
    return Check("hub-cache", "ok", f"{folder}: {counts['model']} models, {counts['dataset']} data sets")


def home(environment: Mapping[str, str]) -> Path:
    """Where the hub's library keeps its files."""
    caches = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(environment.get("HF_HOME") or Path(caches) / "huggingface").expanduser()
