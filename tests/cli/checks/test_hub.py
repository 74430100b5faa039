"""Whether the hub can be had, asked of a hub on this machine; no token and no password is ever shown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cilda.cli.checks.hub import cache, hub, token
from tests.hub_server import Hub


def test_a_hub_that_answers_is_asked_once() -> None:
    with Hub() as server:
        check = hub({"HF_ENDPOINT": server.endpoint})
        assert server.requests == ["HEAD /"]
    assert check.verdict == "ok"
    assert check.found.startswith(f"{server.endpoint} answers ")


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_a_hub_that_may_not_be_asked_is_not(name: str) -> None:
    with Hub() as server:
        check = hub({"HF_ENDPOINT": server.endpoint, name: "1"})
        assert server.requests == []
    assert (check.verdict, name in check.found) == ("warning", True)


def test_silence_is_a_warning_after_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        check = hub({"HF_ENDPOINT": f"http://127.0.0.1:{deaf.getsockname()[1]}"}, patience_seconds=0.1)
    assert check.verdict == "warning"
    assert "does not answer: " in check.found


@pytest.mark.parametrize("endpoint", ["file:///etc/passwd", "huggingface.co", "http://", "http://[", "https://a:b/"])
def test_what_is_no_address_is_a_problem(endpoint: str) -> None:
    assert hub({"HF_ENDPOINT": endpoint}).verdict == "problem"


def test_nothing_secret_is_shown(tmp_path: Path) -> None:
    check = hub({"HF_ENDPOINT": "http://ann:sesame@127.0.0.1:9/sesame"}, patience_seconds=0.1)
    assert "sesame" not in check.found + check.todo
    assert token({"HF_TOKEN": "sesame"}).found == "there is one in HF_TOKEN"
    (tmp_path / "token").write_text("sesame", encoding="utf-8")
    assert token({"HF_HOME": str(tmp_path)}).found == f"there is one in {tmp_path}/token"
    assert token({"HF_HOME": str(tmp_path / "none")}).found.startswith("none")


def test_the_cache_is_counted(tmp_path: Path) -> None:
    for name in ("models--a--b", "models--c", "datasets--d", ".locks"):
        (tmp_path / "hub" / name).mkdir(parents=True)
    assert cache({"HF_HOME": str(tmp_path)}).found == f"{tmp_path}/hub: 2 models, 1 data sets"
    assert cache({"XDG_CACHE_HOME": str(tmp_path)}).found == f"{tmp_path}/huggingface/hub is not there yet"
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cache({"HF_HUB_CACHE": str(tmp_path / "file")}).verdict == "problem"
