"""A model's name, and the files behind it on this disk: a folder as it is, or a repository of the hub, downloaded."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name

from cilda.errors import CildaError, unknown
from cilda.families import SHORT_NAMES
from cilda.tasks.hub import hub_answers

SAFE_WEIGHTS = "model.safetensors"
PICKLED_WEIGHTS = "pytorch_model.bin"
VOCABULARY_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spm.model", "sentencepiece.bpe.model")
OTHER_TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt")
# Where a repository has pickles only (microsoft/deberta-v3-base), the hub's converter offers safetensors in a request.
CONVERTER = "SFconvertbot"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

WHY_NO_PICKLES = (
    "a pickle can run any code when it is opened; --allow-pickle loads it all the same, "
    "or convert it once to safetensors and name that folder"
)
WHEN_OFFLINE = (
    "check the connection, set HF_ENDPOINT to a mirror, name a local folder, "
    "or fill the hub's cache on another machine and set HF_HUB_OFFLINE=1"
)


@dataclass(frozen=True)
class Repository:
    """A model's files on this disk."""

    source: str
    """What the user can name again: the hub id, or the folder's path."""
    folder: Path
    weights: tuple[Path, ...]
    """In one format, sorted by name."""
    pickled: bool
    note: str = ""
    """What a user should know about where the files came from."""


def resolve(name: str) -> str:
    """The hub id or local folder that a name stands for.

    A short name wins over a folder of the same name; write `./bert-base` for the folder. The last part of a listed
    hub id is a name, too ("bert-base-uncased").

    Raises:
        UsageError: neither a short name, nor a folder, nor shaped like a hub id.
        CildaError: a path at which there is no folder.
    """
    if name in SHORT_NAMES:
        return SHORT_NAMES[name].repository
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path)
    for short in SHORT_NAMES.values():
        if short.repository.endswith(f"/{name}"):
            return short.repository
    if path.exists():
        raise CildaError(
            f"{name} is a file, not a model", "name the folder that holds config.json and model.safetensors"
        )
    if HUB_ID.fullmatch(name) and not name.startswith("."):
        return name
    if "/" in name or "\\" in name:
        raise CildaError(
            f"there is no folder {name}", "name a folder with config.json, or a hub id like 'google/electra-base'"
        )
    raise unknown("model", name, SHORT_NAMES)


def find_repository(name: str, *, allow_pickle: bool = False) -> Repository:
    """The files of a model by any name `resolve` takes; what is missing here comes from the hub.

    Safetensors are taken before pickles, wherever both are. When the hub cannot be reached its cache has to do.

    Raises:
        CildaError: no such model, no access, no connection; no config, no vocabulary; pickled weights only.
    """
    source = resolve(name)
    return _local(Path(source), allow_pickle) if Path(source).is_dir() else _from_hub(source, allow_pickle)


def files_hash(paths: Iterable[Path]) -> str:
    """sha256 of one file's bytes; of several, sha256 over their names and hashes, whatever their order."""
    digests = {}
    for path in paths:
        with path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    if len(digests) == 1:
        return next(iter(digests.values()))
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _local(folder: Path, allow_pickle: bool) -> Repository:
    """A folder's files, checked for being there."""
    if not (folder / "config.json").is_file():
        student = folder / "student"
        todo = "a model's folder holds config.json, model.safetensors and a tokenizer"
        if (student / "config.json").is_file():
            todo = f"did you mean {student}?"
        raise CildaError(f"{folder} holds no model: config.json is missing", todo)
    if not any((folder / name).is_file() for name in VOCABULARY_FILES):
        raise CildaError(
            f"{folder} holds no tokenizer: none of {', '.join(VOCABULARY_FILES)}",
            "save the model's tokenizer beside it: tokenizer.save_pretrained(folder)",
        )
    for stem, pickled in ((SAFE_WEIGHTS, False), (PICKLED_WEIGHTS, True)):
        index = folder / f"{stem}.index.json"
        if (folder / stem).is_file():
            weights: tuple[Path, ...] = (folder / stem,)
        elif index.is_file():
            weights = tuple(folder / shard for shard in _shards(index, str(folder)))
            lost = [path.name for path in weights if not path.is_file()]
            if lost:
                raise CildaError(f"{folder} is incomplete: {', '.join(lost)} missing", "copy the whole folder again")
        else:
            continue
        if pickled and not allow_pickle:
            raise CildaError(f"{folder} holds pickled weights only ({weights[0].name})", WHY_NO_PICKLES)
        return Repository(str(folder), folder, weights, pickled)
    raise CildaError(
        f"{folder} holds no weights: {SAFE_WEIGHTS} is missing", "save the model with save_pretrained(folder)"
    )


def _from_hub(source: str, allow_pickle: bool) -> Repository:
    """A hub repository's files, downloaded into the hub's cache or found there."""
    offline = constants.HF_HUB_OFFLINE or not hub_answers(constants.ENDPOINT)
    config = _fetch(source, "config.json", "main", offline)
    if config is None:
        raise CildaError(f"{source} holds no transformers model: config.json is missing", "name another repository")
    revision, note = "main", ""
    weights = _fetch_weights(source, SAFE_WEIGHTS, revision, offline)
    if not weights and (converted := _conversion(source, offline)):
        revision, note = converted, f"safetensors from the hub's conversion, {converted}"
        weights = _fetch_weights(source, SAFE_WEIGHTS, revision, offline)
    pickled = not weights
    if pickled:
        revision, note = "main", "pickled weights"
        if not allow_pickle:
            raise _no_safetensors(source, offline)
        weights = _fetch_weights(source, PICKLED_WEIGHTS, revision, offline)
        if not weights:
            raise CildaError(f"{source} holds no weights that PyTorch can load", "name another repository")
    if revision != "main":
        config = _fetch(source, "config.json", revision, offline) or config
    vocabulary = [name for name in VOCABULARY_FILES if _fetch(source, name, revision, offline)]
    if not vocabulary:
        raise CildaError(
            f"{source} holds no tokenizer: none of {', '.join(VOCABULARY_FILES)}", "name another repository"
        )
    for name in OTHER_TOKENIZER_FILES:
        _fetch(source, name, revision, offline)
    return Repository(source, config.parent, weights, pickled, note)


def _no_safetensors(source: str, offline: bool) -> CildaError:
    """Why there are no safetensors to load: none exist, or none can be had."""
    if offline:
        return CildaError(f"{_silence()}, and the weights of {source} are not in its cache", WHEN_OFFLINE)
    api = HfApi()
    if any(api.file_exists(source, name) for name in (PICKLED_WEIGHTS, f"{PICKLED_WEIGHTS}.index.json")):
        return CildaError(f"{source} holds pickled weights only ({PICKLED_WEIGHTS})", WHY_NO_PICKLES)
    return CildaError(f"{source} holds no {SAFE_WEIGHTS}", "name a repository with safetensors weights for PyTorch")


def _silence() -> str:
    """Why the hub says nothing."""
    return "HF_HUB_OFFLINE forbids to ask the hub" if constants.HF_HUB_OFFLINE else "the hub cannot be reached"


def _fetch_weights(source: str, stem: str, revision: str, offline: bool) -> tuple[Path, ...]:
    """The one weights file or all shards; empty where there are none."""
    single = _fetch(source, stem, revision, offline)
    if single is not None:
        return (single,)
    index = _fetch(source, f"{stem}.index.json", revision, offline)
    if index is None:
        return ()
    shards = [_fetch(source, shard, revision, offline) for shard in _shards(index, source)]
    if None in shards:
        raise CildaError(f"{source} is incomplete: its {index.name} names files that cannot be had", WHEN_OFFLINE)
    return tuple(shard for shard in shards if shard is not None)


def _fetch(source: str, filename: str, revision: str, offline: bool) -> Path | None:
    """One file, from the hub or its cache; None where the repository has none (offline: where the cache has none)."""
    try:
        return Path(hf_hub_download(source, filename, revision=revision, local_files_only=offline))
    except GatedRepoError as error:
        raise CildaError(
            f"{source} is gated: its owners grant access one by one",
            "ask for access on its page of the hub, then log in with `hf auth login` or set HF_TOKEN",
        ) from error
    except RepositoryNotFoundError as error:
        raise CildaError(
            f"the hub has no model {source!r} that you may read, and there is no such folder here",
            "check the spelling (`cilda models` lists short names); a private one needs HF_TOKEN",
        ) from error
    except LocalEntryNotFoundError as error:
        if filename == "config.json":
            raise CildaError(f"{_silence()}, and {source} is not in its cache", WHEN_OFFLINE) from error
        return None
    except EntryNotFoundError:
        return None
    except HfHubHTTPError as error:
        first_line = str(error).strip().splitlines()[0]
        raise CildaError(f"the hub did not give {filename} of {source}: {first_line}", WHEN_OFFLINE) from error


def _conversion(source: str, offline: bool) -> str | None:
    """The revision at which the hub's converter offers the same weights as safetensors; None without one.

    Only the converter's own request counts, and only while the pickle it was made from is the one still published.
    Offline, the one that was fetched before. Nothing is asked to be converted.
    """
    if offline:
        kept = Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=source, repo_type="model"), "refs/refs/pr")
        requests = [path.name for path in kept.glob("*")]
        return f"refs/pr/{requests[0]}" if len(requests) == 1 else None
    api = HfApi()
    try:
        for request in api.get_repo_discussions(source, author=CONVERTER, discussion_type="pull_request"):
            if request.author != CONVERTER or request.status != "open":
                continue
            revision = f"refs/pr/{request.num}"
            blobs = [
                {getattr(info, "blob_id", None) for info in api.get_paths_info(source, PICKLED_WEIGHTS, revision=at)}
                for at in ("main", revision)
            ]
            if blobs[0] and blobs[0] == blobs[1]:
                return revision
    except (HfHubHTTPError, ValueError):
        # A mirror need not know discussions, or answers them in its own way.
        return None
    return None


def _shards(index: Path, source: str) -> list[str]:
    """The files that a weights index names, sorted; names only, so that none leads out of the folder."""
    try:
        names = {str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CildaError(f"{index.name} of {source} cannot be read: {error}", "copy or download it again") from error
    if any(Path(name).name != name for name in names):
        raise CildaError(f"{index.name} of {source} names files outside its folder", "do not trust this model")
    return sorted(names)
