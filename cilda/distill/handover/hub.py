"""A model's files as one commit on the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from huggingface_hub import CommitOperationAdd, HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from cilda.distill.handover.hushed import hushed
from cilda.distill.handover.names import without_folders
from cilda.distill.model_record import RECORD
from cilda.distill.repository import HUB_ID, OTHER_TOKENIZER_FILES, VOCABULARY_FILES, find_repository
from cilda.errors import CildaError, UsageError
from cilda.runs.atomic import read_json
from cilda.tasks.hub import hub_answers

CARD = "README.md"
_LOGIN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"
# Of a model's record, what others can use: no names of folders.
_PUBLIC = ("task", "max_length", "scores", "labels")


@dataclass(frozen=True)
class File:
    """One file of a commit: a path on this disk, or its bytes."""

    name: str
    content: Path | bytes

    @property
    def size_bytes(self) -> int:
        """How much is sent."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


def files_of(folder: Path, card: str, onnx: Sequence[Path] = ()) -> list[File]:
    """What goes to the hub: config, weights and tokenizer as they are, the card, a record without local names, ONNX.

    Raises:
        CildaError: the folder holds no model, or pickled weights only.
    """
    repository = find_repository(str(folder))
    wanted = ("config.json", *VOCABULARY_FILES, *OTHER_TOKENIZER_FILES, "model.safetensors.index.json")
    paths = [*(folder / name for name in wanted if (folder / name).is_file()), *repository.weights]
    files = [File(CARD, card.encode()), *(File(path.name, path) for path in dict.fromkeys(paths))]
    record = {key: value for key, value in read_json(folder / RECORD).items() if key in _PUBLIC}
    if record:
        files.append(File(RECORD, without_folders(json.dumps(record, indent=2)).encode()))
    return [*files, *(File(f"onnx/{path.name}", path) for path in onnx)]


def check_repository_name(name: str) -> None:
    """Refuses what is no name of a repository.

    Raises:
        UsageError: with the form of one.
    """
    if not HUB_ID.fullmatch(name) or name[0] in ".-" or ".." in name or "--" in name:
        raise UsageError(f"{name!r} is no name of a repository on the hub", "say OWNER/NAME, such as anna/sst2-6L")


def push(repository: str, files: Sequence[File], *, private: bool, message: str, bars: bool) -> str:
    """Makes the repository unless it is there, and puts the files into it in one commit; the commit's address.

    Files of other names that lie there stay. `bars` shows how far large files are.

    Raises:
        CildaError: no token, no connection, no right; or the hub refuses a file.
    """
    if constants.HF_HUB_OFFLINE:
        raise CildaError("HF_HUB_OFFLINE forbids to ask the hub", "unset it to push")
    if get_token() is None:
        raise CildaError("there is no token for the hub", _LOGIN)
    if not hub_answers(constants.ENDPOINT):
        raise CildaError(f"the hub cannot be reached at {constants.ENDPOINT}", "check the connection and HF_ENDPOINT")
    api = HfApi()
    before = are_progress_bars_disabled()
    # The hub's library changed its HTTP library more than once; the bases name the errors of the one in use.
    bases = cast("tuple[type[Exception], ...]", HfHubHTTPError.__bases__)
    errors: tuple[type[Exception], ...] = (OSError, ValueError, RuntimeError, *bases)
    try:
        (enable_progress_bars if bars else disable_progress_bars)()
        with hushed():
            api.create_repo(repository, private=private or None, exist_ok=True)
            if private and not api.repo_info(repository).private:
                raise CildaError(
                    f"{repository} is there already, and public: nothing was sent",
                    "name another repository, or make it private on its page of the hub",
                )
            commit = api.create_commit(
                repository,
                [CommitOperationAdd(file.name, _given(file)) for file in files],
                commit_message=message,
            )
    except errors as error:
        raise _refused(repository, error) from error
    finally:
        (disable_progress_bars if before else enable_progress_bars)()
    return str(commit.commit_url)


def _given(file: File) -> Any:
    return file.content if isinstance(file.content, bytes) else str(file.content)


def _refused(repository: str, error: Exception) -> CildaError:
    """Why the hub did not take it, in words."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    said = str(getattr(error, "server_message", None) or error).strip()
    reason = (said.splitlines() or [type(error).__name__])[0]
    if status == 401:
        return CildaError(f"the hub does not know the token: {reason}", _LOGIN)
    if status == 403:
        return CildaError(f"the token may not write to {repository}: {reason}", "name another owner, or another token")
    return CildaError(f"the hub did not take {repository}: {' '.join(said.split())[:300] or reason}", "try again later")
