"""The small hub with an open door: whoever has a token makes repositories and commits to them.

Large files come by the LFS protocol (HF_HUB_DISABLE_XET=1): the Xet protocol speaks to a storage of its own.
Source of the protocol: what huggingface_hub 2.4 sends and expects.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import ModelCard

from tests.hub_repository import LARGE_SUFFIXES, Repository
from tests.hub_server import Answer, Handler, Hub, as_json

TOKEN = "hf_of_anna"
OWNERS = {TOKEN: "anna"}
"""Who has which token."""


@dataclass(frozen=True)
class Commit:
    """One commit as it arrived."""

    repository: str
    message: str
    files: tuple[str, ...]


class OpenHub(Hub):
    """A hub whose repositories lie under `folder`, from empty; `commits` and `private` say what has come."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._server.RequestHandlerClass = type("HandlerOfThisHub", (OpenHandler,), {"hub": self})
        self.folder = folder
        self.commits: list[Commit] = []
        self.private: set[str] = set()
        self.full = False
        """Whether the hub takes no more commits."""
        self._stored: dict[str, bytes] = {}

    def environment(self, home: Path, token: str | None = TOKEN) -> dict[str, str]:
        """As of the other hub, with a token, and large files by LFS."""
        given = {} if token is None else {"HF_TOKEN": token}
        return super().environment(home) | {"HF_HUB_DISABLE_XET": "1", **given}

    def content(self, repository: str) -> dict[str, bytes]:
        """The files of a repository."""
        folder = self.folder / repository
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def answer(self, target: str, form: Mapping[str, list[str]], byte_range: str | None) -> Answer:
        """As of the other hub; private repositories say so."""
        answer = super().answer(target, form, byte_range)
        name = urlsplit(target).path.removeprefix("/api/models/")
        if answer.status == 200 and name in self.private:
            return as_json({**json.loads(answer.body), "private": True})
        return answer

    def written(self, method: str, path: str, body: bytes, token: str | None) -> Answer:
        """The answer to a request that writes."""
        if method == "PUT" and path.startswith("/storage/"):
            oid = path.rpartition("/")[2]
            assert hashlib.sha256(body).hexdigest() == oid
            self._stored[oid] = body
            return Answer(200, {}, b"")
        owner = OWNERS.get(token or "")
        if owner is None:
            return denial(401, "Invalid username or password.")
        if path == "/api/validate-yaml":
            return self._checked_card(json.loads(body)["content"])
        if path == "/api/repos/create":
            return self._created(json.loads(body), owner)
        found = re.fullmatch(r"/(?:api/models/)?([\w.-]+)/([\w.-]+?)(?:\.git)?/(preupload|commit|info)/(.+)", path)
        assert found is not None, path
        name = f"{found[1]}/{found[2]}"
        if found[1] != owner or not (self.folder / name).is_dir():
            return denial(403, f"You do not have write access to {name}")
        if found[3] == "preupload":
            return as_json({"files": [self._mode(one["path"]) for one in json.loads(body)["files"]]})
        if found[3] == "info":
            return as_json({"transfer": "basic", "objects": [self._place(one) for one in json.loads(body)["objects"]]})
        return self._committed(name, [json.loads(line) for line in body.splitlines()])

    def _checked_card(self, content: str) -> Answer:
        if "tags" not in ModelCard(content).data:
            return Answer(400, {}, json.dumps({"errors": [{"message": "no metadata"}], "warnings": []}).encode())
        return as_json({"errors": [], "warnings": [{"message": "a licence would be welcome"}]})

    def _created(self, asked: Mapping[str, Any], owner: str) -> Answer:
        if asked["organization"] != owner:
            return denial(
                403, f"You don't have the rights to create a model under the namespace {asked['organization']}"
            )
        name = f"{owner}/{asked['name']}"
        known = (self.folder / name).is_dir()
        if not known:
            (self.folder / name).mkdir(parents=True)
            if asked.get("visibility") == "private":
                self.private.add(name)
            self._repositories["models", name] = Repository(name, "models", self.folder / name)
        told = as_json({"url": f"{self.endpoint}/{name}"})
        return Answer(409, told.headers, told.body) if known else told

    @staticmethod
    def _mode(path: str) -> dict[str, Any]:
        large = Path(path).suffix in {*LARGE_SUFFIXES, ".onnx"}
        return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": None}

    def _place(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {**asked, "actions": {"upload": {"href": f"{self.endpoint}/storage/{asked['oid']}"}}}

    def _committed(self, name: str, lines: list[Mapping[str, Any]]) -> Answer:
        if self.full:
            return denial(413, "Your storage is full.")
        head, files = lines[0]["value"], lines[1:]
        for line in files:
            value = line["value"]
            content = self._stored[value["oid"]] if line["key"] == "lfsFile" else base64.b64decode(value["content"])
            path = self.folder / name / value["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        repository = Repository(name, "models", self.folder / name)
        self._repositories["models", name] = repository
        self.commits.append(Commit(name, head["summary"], tuple(line["value"]["path"] for line in files)))
        url = f"{self.endpoint}/{name}/commit/{repository.commit}"
        return as_json({"success": True, "commitOid": repository.commit, "commitUrl": url})


class OpenHandler(Handler):
    """Hands on what writes."""

    hub: OpenHub  # type: ignore[misc]

    def do_POST(self) -> None:  # noqa: N802
        """A question or a commit."""
        self._write()

    def do_PUT(self) -> None:  # noqa: N802
        """A large file."""
        self._write()

    def _write(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        self.hub.requests.append(f"{self.command} {self.path}")
        answer = self.hub.written(self.command, urlsplit(self.path).path, body, token)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


def denial(status: int, message: str) -> Answer:
    """A refusal in the hub's own words."""
    headers = {"X-Error-Message": message, "Content-Type": "application/json"}
    return Answer(status, headers, json.dumps({"error": message}).encode())
