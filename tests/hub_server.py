"""A small Hugging Face hub on this machine: enough of its protocol for `from_pretrained` and `load_dataset`.

    python -m tests.hub_server --model google-bert/bert-base-uncased=DIR --dataset nyu-mll/glue=DIR

prints the endpoint, to be given to a client as HF_ENDPOINT. The Hugging Face libraries read it when they are imported.
Source of the protocol: what huggingface_hub 2.4 sends and expects.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_repository import Entry, Kind, Repository


@dataclass(frozen=True)
class Answer:
    """One answer of the server; `body` is what a GET would send."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Hub:
    """Folders served as repositories, from entering the context until leaving it.

    `requests` lists what clients asked, such as `GET /api/models/google-bert/bert-base-uncased`.
    """

    def __init__(
        self, models: Mapping[str, Path] | None = None, datasets: Mapping[str, Path] | None = None, *, port: int = 0
    ) -> None:
        self.requests: list[str] = []
        self._repositories: dict[tuple[Kind, str], Repository] = {}
        for name, folder in (models or {}).items():
            self._repositories["models", name] = Repository(name, "models", folder)
        for name, folder in (datasets or {}).items():
            self._repositories["datasets", name] = Repository(name, "datasets", folder)
        handler = type("HandlerOfThisHub", (Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="hub", daemon=True)

    @property
    def endpoint(self) -> str:
        """The value for HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(self, home: Path) -> dict[str, str]:
        """The environment of a process that knows this hub only and keeps what it fetches under `home`."""
        switched = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
        return switched | {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve_forever(self) -> None:
        """Serves in this thread until interrupted."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()

    def answer(self, target: str, form: Mapping[str, list[str]], byte_range: str | None) -> Answer:
        """The answer to a request for `target`, a path with its query."""
        parts = urlsplit(target)
        path = unquote(parts.path).strip("/")
        query = parse_qs(parts.query)
        if path.startswith("api/"):
            return self._answer_api(path.removeprefix("api/"), query, form)
        kind: Kind = "datasets" if path.startswith("datasets/") else "models"
        repository, rest = self._find(kind, path.removeprefix("datasets/"))
        if repository is None:
            return refusal("RepoNotFound", f"no repository at {path}")
        found = re.fullmatch(r"resolve/(refs/\w+/[^/]+|[^/]+)/(.+)", rest)
        if found is None:
            return refusal("EntryNotFound", f"nothing at {path}")
        revision, file = found.groups()
        if not repository.has_revision(revision):
            return refusal("RevisionNotFound", f"no revision {revision}")
        if file not in repository.entries:
            return refusal("EntryNotFound", f"no file {file}", commit=repository.commit)
        return content(repository.entries[file], repository.commit, byte_range)

    def _answer_api(self, path: str, query: Mapping[str, list[str]], form: Mapping[str, list[str]]) -> Answer:
        """The answer to a request below /api/."""
        head, _, rest = path.partition("/")
        if head not in {"models", "datasets"}:
            return refusal("EntryNotFound", f"this hub has no /api/{path}")
        kind: Kind = "datasets" if head == "datasets" else "models"
        repository, rest = self._find(kind, rest)
        if repository is None:
            return refusal("RepoNotFound", f"no repository at {path}")
        if not rest:
            return as_json(repository.information())
        if rest == "refs":
            branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.commit}
            return as_json({"branches": [branch], "tags": [], "converts": []})
        verb, _, rest = rest.partition("/")
        # A revision with slashes, as refs/convert/parquet, arrives quoted and is unquoted by now.
        found = re.fullmatch(r"(refs/\w+/[^/]+|[^/]+)(?:/(.*))?", rest)
        if verb not in {"revision", "tree", "paths-info"} or found is None:
            return refusal("EntryNotFound", f"this hub has no /api/{path}")
        revision, under = found.group(1), found.group(2) or ""
        if not repository.has_revision(revision):
            return refusal("RevisionNotFound", f"no revision {revision}")
        if verb == "revision":
            return as_json(repository.information())
        if verb == "paths-info":
            return as_json(repository.information_on(form.get("paths", [])))
        tree = repository.tree(under.strip("/"), recursive=query.get("recursive", [""])[0].lower() in {"true", "1"})
        if tree is None:
            return refusal("EntryNotFound", f"no folder {under}", commit=repository.commit)
        return as_json(tree)

    def _find(self, kind: Kind, path: str) -> tuple[Repository | None, str]:
        """The repository that a path begins with, and the rest of the path; names have one part or two."""
        parts = path.split("/")
        for count in (2, 1):
            repository = self._repositories.get((kind, "/".join(parts[:count])))
            if repository is not None:
                return repository, "/".join(parts[count:])
        return None, ""


class Handler(BaseHTTPRequestHandler):
    """Reads requests, asks the hub, writes answers; keeps connections open as HTTP/1.1 does."""

    hub: ClassVar[Hub]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A file, or a question to the API."""
        self._respond({})

    def do_HEAD(self) -> None:
        """The headers of a file."""
        self._respond({})

    def do_POST(self) -> None:
        """A question with a form or with JSON."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("Content-Type", "").startswith("application/json"):
            values: Mapping[str, Any] = json.loads(body)
            self._respond({key: value if isinstance(value, list) else [value] for key, value in values.items()})
        else:
            self._respond(parse_qs(body.decode()))

    def _respond(self, form: Mapping[str, list[str]]) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        answer = self.hub.answer(self.path, form, self.headers.get("Range"))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are kept in the hub, not printed."""


def as_json(value: Any) -> Answer:
    """A value as JSON."""
    return Answer(200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode())


def refusal(code: str, message: str, *, commit: str | None = None) -> Answer:
    """A 404 in the hub's own words, which huggingface_hub turns into its own exceptions."""
    headers = {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "application/json"}
    if commit is not None:
        # Lets clients remember that this commit lacks the file.
        headers["X-Repo-Commit"] = commit
    return Answer(404, headers, json.dumps({"error": message}).encode())


def content(entry: Entry, commit: str, byte_range: str | None) -> Answer:
    """A file, or the part of it that a Range header asks for."""
    headers = {
        "ETag": f'"{entry.etag}"',
        "X-Repo-Commit": commit,
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'inline; filename="{Path(entry.path).name}"',
    }
    if entry.is_large:
        headers |= {"X-Linked-ETag": f'"{entry.sha256}"', "X-Linked-Size": str(entry.size_bytes)}
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", byte_range or "")
    if found is None or not any(found.groups()):
        return Answer(200, headers, entry.content)
    size = entry.size_bytes
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= size or stop <= start:
        return Answer(416, {"Content-Range": f"bytes */{size}"}, b"")
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Answer(206, headers, entry.content[start:stop])


def folders(pairs: Iterable[str]) -> dict[str, Path]:
    """`id=DIR` pairs as a mapping. Raises SystemExit for a pair that names no folder."""
    found = {}
    for pair in pairs:
        name, _, folder = pair.partition("=")
        if not Path(folder).is_dir() or not folder:
            raise SystemExit(f"{pair!r} is not of the form ID=FOLDER with a folder that exists")
        found[name] = Path(folder)
    return found


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.hub_server", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", action="append", default=[], metavar="ID=DIR", help="a folder with a model")
    parser.add_argument("--dataset", action="append", default=[], metavar="ID=DIR", help="a folder with a data set")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args()
    hub = Hub(folders(given.model), folders(given.dataset), port=given.port)
    print(hub.endpoint, flush=True)
    try:
        hub.serve_forever()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
