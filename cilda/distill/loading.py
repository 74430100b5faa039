"""Folders on this disk, and the transformers models in them: always float32, always quiet, never half-loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as transformers_logging

from cilda.distill.repository import Repository, files_hash, find_repository
from cilda.errors import CildaError
from cilda.families import FAMILIES

# What a config says of the files it was read from.
ABOUT_FILES = ("_name_or_path", "transformers_version")


@dataclass(frozen=True)
class Loaded:
    """A model with its tokenizer, as it was found under a name."""

    model: PreTrainedModel
    """On the CPU, float32, in eval mode."""
    tokenizer: PreTrainedTokenizerFast
    source: str
    """Hub id or folder."""
    has_head: bool
    """Whether the head came trained with the weights; else it is fresh."""
    weights_hash: str
    """sha256 of the weights file, or over all of them."""
    note: str = ""
    """What a user should know about where it came from."""


def load_classifier(
    name: str,
    task_labels: tuple[str, ...],
    *,
    allow_pickle: bool = False,
    seed: int,
    attention: str | None = None,
    keep_head: bool = True,
) -> Loaded:
    """An encoder with a classification head; no labels means regression.

    A head that comes trained with the weights keeps its own labels: see `check_labels` in compatibility.py. A fresh
    one, drawn from the seed alone, gets the task's. With `keep_head` false a head is always fresh. `attention` as
    transformers names it ("eager" where attention maps are needed). The global random state is left as it was.

    Raises:
        CildaError: not there, not readable, not one of our families, incomplete; pickled and not allowed.
    """
    repository = find_repository(name, allow_pickle=allow_pickle)
    config = _config(repository)
    tokenizer = _tokenizer(repository)
    trained = keep_head and any(kind.endswith("ForSequenceClassification") for kind in config.architectures or ())
    if not trained:
        set_labels(config, task_labels)
    model, missing = _model(repository, AutoModelForSequenceClassification, config, seed, attention)
    fresh = {key for key in missing if not key.startswith(f"{model.base_model_prefix}.")}
    if trained and fresh:  # The config promises a head that the weights do not hold.
        return load_classifier(
            name, task_labels, allow_pickle=allow_pickle, seed=seed, attention=attention, keep_head=False
        )
    if not trained:
        _draw_head(model, seed)
    _check_table(model, tokenizer, repository.source)
    return Loaded(model, tokenizer, repository.source, trained, files_hash(repository.weights), repository.note)


def load_masked_lm(name: str, *, allow_pickle: bool = False, attention: str | None = None) -> Loaded:
    """A masked language model with its trained head.

    Raises:
        CildaError: as `load_classifier`; or the head is not among the weights; or the tokenizer has no mask token.
    """
    repository = find_repository(name, allow_pickle=allow_pickle)
    config = _config(repository)
    tokenizer = _tokenizer(repository)
    model, missing = _model(repository, AutoModelForMaskedLM, config, 0, attention)
    if missing:
        raise CildaError(
            f"{repository.source} has no trained masked-LM head ({_some(missing)} missing): it cannot rewrite texts",
            "name a masked language model with --generator",
        )
    if tokenizer.mask_token_id is None:
        raise CildaError(f"the tokenizer of {repository.source} has no mask token", "name another with --generator")
    _check_table(model, tokenizer, repository.source)
    return Loaded(model, tokenizer, repository.source, True, files_hash(repository.weights), repository.note)


def set_labels(config: PreTrainedConfig, task_labels: tuple[str, ...]) -> None:
    """Write a task's labels into a model's config, so that the saved folder names them; none means regression."""
    names = task_labels or ("LABEL_0",)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: index for index, name in enumerate(names)}
    config.problem_type = "single_label_classification" if task_labels else "regression"


def label_names(config: PreTrainedConfig) -> tuple[str, ...]:
    """The labels of a config in the order of their ids; LABEL_0 alone where the head gives one amount."""
    names: dict[Any, str] = dict(config.id2label or {})
    return tuple(str(names[index]) for index in range(len(names)))


def last_linear(model: PreTrainedModel) -> nn.Linear:
    """The linear map to the labels, whose rows are the labels in order."""
    head = model.get_submodule("classifier")
    linear = head.get_submodule("out_proj") if hasattr(head, "out_proj") else head
    assert isinstance(linear, nn.Linear), type(linear)
    return linear


def state_hash(model: PreTrainedModel) -> str:
    """sha256 over a model's config and weights, wherever it came from: for models that are not on disk."""
    settings = {key: value for key, value in model.config.to_dict().items() if key not in ABOUT_FILES}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """While open, transformers prints no load report, warning or progress bar of its own."""
    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    hub = logging.getLogger("huggingface_hub")
    hub_level = hub.level
    transformers_logging.set_verbosity(logging.ERROR)
    transformers_logging.disable_progress_bar()
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        hub.setLevel(hub_level)
        if bars:
            transformers_logging.enable_progress_bar()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """While open, the CPU's random numbers come from the seed; afterwards the global state is as before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _config(repository: Repository) -> PreTrainedConfig:
    """The model's config, refused where we do not know its family."""
    try:
        with quiet():
            config: PreTrainedConfig = AutoConfig.from_pretrained(repository.folder, trust_remote_code=False)
    except Exception as error:
        raise _unreadable("config.json", repository, error) from error
    if config.model_type not in FAMILIES:
        known = ", ".join(f"{family.model_type} ({family.title})" for family in FAMILIES.values())
        raise CildaError(f"{repository.source} is of the family {config.model_type!r}", f"cilda knows: {known}")
    return config


def _tokenizer(repository: Repository) -> PreTrainedTokenizerFast:
    """The model's tokenizer, with the special tokens that every family here has."""
    in_folder = {path.name for path in repository.folder.iterdir()}
    # Without these two libraries transformers goes on to misread the file as another format.
    lacking = [name for name in ("sentencepiece", "google.protobuf") if not _is_installed(name)]
    if lacking and "tokenizer.json" not in in_folder and any(name.endswith(".model") for name in in_folder):
        raise CildaError(
            f"the tokenizer of {repository.source} is a SentencePiece model; {' and '.join(lacking)} must be installed",
            "pip install sentencepiece protobuf",
        )
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(repository.folder, trust_remote_code=False)
    except Exception as error:
        raise _unreadable("the tokenizer", repository, error) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise CildaError(f"the tokenizer of {repository.source} has no fast form", "save it once as tokenizer.json")
    nameless = [kind for kind in ("pad", "cls", "sep") if getattr(tokenizer, f"{kind}_token_id") is None]
    if nameless:
        raise CildaError(
            f"the tokenizer of {repository.source} has no {' and no '.join(nameless)} token",
            "its tokenizer_config.json must name them",
        )
    return tokenizer


def _is_installed(module: str) -> bool:
    """Whether a library could be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _model(
    repository: Repository, kind: Any, config: PreTrainedConfig, seed: int, attention: str | None
) -> tuple[PreTrainedModel, set[str]]:
    """The model in float32 with the names of the weights that the files do not hold, poolers of encoders left out."""
    chosen = {} if attention is None else {"attn_implementation": attention}
    try:
        with quiet(), seeded(seed):
            model, report = kind.from_pretrained(
                repository.folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=not repository.pickled,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                trust_remote_code=False,
                **chosen,
            )
    except Exception as error:
        raise _unreadable("the weights", repository, error) from error
    assert isinstance(model, PreTrainedModel)
    model.config.name_or_path = model.name_or_path = repository.source
    missing = {str(key) for key in report["missing_keys"]} | {str(key[0]) for key in report["mismatched_keys"]}
    prefix = f"{model.base_model_prefix}."
    # Checkpoints of masked LMs have no pooler; it learns with the head.
    missing = {key for key in missing if not key.startswith(f"{prefix}pooler.")}
    lost = {key for key in missing if key.startswith(prefix)}
    if lost:
        raise CildaError(
            f"{repository.source} is incomplete: {len(lost)} weights of its encoder are missing or of another shape "
            f"({_some(lost)})",
            "its config.json and its weights do not belong together; copy or save it again",
        )
    return model, missing


def _draw_head(model: PreTrainedModel, seed: int) -> None:
    """A fresh map to the labels, from the seed alone, whatever head of another task the weights held."""
    linear = last_linear(model)
    with seeded(seed), torch.no_grad():
        linear.weight.normal_(std=float(getattr(model.config, "initializer_range", 0.02)))
        if linear.bias is not None:
            linear.bias.zero_()


def _check_table(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, source: str) -> None:
    """Refuse a tokenizer whose ids reach beyond the model's embeddings."""
    table = model.get_input_embeddings()
    assert isinstance(table, nn.Embedding), type(table)
    rows = table.num_embeddings
    highest = max(tokenizer.get_vocab().values())
    if highest >= rows:
        raise CildaError(
            f"the tokenizer of {source} has ids up to {highest}, its model embeddings for {rows} tokens",
            "tokenizer and model do not belong together",
        )


def _unreadable(what: str, repository: Repository, error: Exception) -> CildaError:
    """What transformers could not read, in one line, with what it said."""
    said = re.sub(r"\s+", " ", str(error)).strip()[:300] or type(error).__name__
    return CildaError(
        f"{what} of {repository.source} cannot be read: {said}", "copy or download it again, or name another model"
    )


def _some(keys: set[str]) -> str:
    """The first names of a set, for a sentence."""
    first = sorted(keys)[:2]
    return ", ".join(first) + (", …" if len(keys) > len(first) else "")
