"""Large splits as tokens, made once for all runs that read them with the same tokenizer."""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from transformers import PreTrainedTokenizerFast

from cilda.caches import ABOUT, digest_of, folder_of
from cilda.config import RunConfig
from cilda.distill.data import TokenizedRows, Tokens, encode, reading_of, with_labels
from cilda.distill.disk import put_tensors
from cilda.runs.atomic import write_json_atomic
from cilda.tasks.rows import Rows

# Grows when tokens are made in another way.
_VERSION = 1
# Fewer are made in less time than it takes to think about it.
FEWEST_ROWS = 5_000
_FILE = "tokens.safetensors"
_SAMPLE = 16


def tokenized(config: RunConfig, rows: Rows, tokenizer: PreTrainedTokenizerFast, *, regression: bool) -> TokenizedRows:
    """As `tokenize`; of many rows from the disk where they lie there, and else put there.

    A few of them are made again before they are used. A disk that refuses costs only the cache.
    """
    pad_id = tokenizer.pad_token_id
    assert isinstance(pad_id, int)
    if len(rows) < FEWEST_ROWS:
        return with_labels(rows, encode(rows, tokenizer, config.max_length), pad_id, regression=regression)
    folder = _folder(config, rows, tokenizer)
    tokens = _read(folder, len(rows))
    if tokens is None or not _same(tokens, rows, tokenizer, config.max_length):
        tokens = encode(rows, tokenizer, config.max_length)
        _write(folder, tokens, rows)
    else:
        with contextlib.suppress(OSError):
            os.utime(folder / ABOUT)
    return with_labels(rows, tokens, pad_id, regression=regression)


def _read(folder: Path, rows: int) -> Tokens | None:
    """The tokens, mapped into memory; None where they are not there or not as they should be."""
    try:
        with safe_open(folder / _FILE, framework="pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
        starts = found["starts"].numpy()
        tokens = Tokens(found["ids"], found["special"], found.get("types"), starts, int(found["cut"]))
    except (OSError, SafetensorError, KeyError):
        return None
    whole = len(starts) == rows + 1 and len(tokens.ids_Q) == len(tokens.special_Q) == starts[-1]
    return tokens if whole else None


def _same(tokens: Tokens, rows: Rows, tokenizer: PreTrainedTokenizerFast, max_length: int) -> bool:
    """Whether a few rows give the same tokens now."""
    sample = sorted(random.Random("token cache").sample(range(len(rows)), _SAMPLE))
    now = encode(rows.take(sample), tokenizer, max_length)
    parts = [tokens.ids_Q[tokens.starts[row] : tokens.starts[row + 1]].tolist() for row in sample]
    return [one for part in parts for one in part] == now.ids_Q.tolist()


def _write(folder: Path, tokens: Tokens, rows: Rows) -> None:
    """Puts tokens in their place in one rename: of several runs that begin at once, one's tokens stay."""
    kept = {"ids": tokens.ids_Q, "special": tokens.special_Q}
    if tokens.types_Q is not None:
        kept["types"] = tokens.types_Q
    kept |= {"starts": torch.from_numpy(tokens.starts), "cut": torch.tensor(tokens.cut)}
    # What the disk refuses is made again by the next run: nobody need be told.
    with contextlib.suppress(OSError, SafetensorError):
        folder.mkdir(parents=True, exist_ok=True)
        put_tensors(folder / _FILE, kept)
        write_json_atomic(folder / ABOUT, {"rows": len(rows), "source": rows.source})


def _folder(config: RunConfig, rows: Rows, tokenizer: PreTrainedTokenizerFast) -> Path:
    """Where the tokens of these texts, read by this tokenizer, lie."""
    made_of = {
        "version": _VERSION,
        "rows": rows.fingerprint(),
        "max_length": config.max_length,
        "tokenizer": reading_of(tokenizer),
        "special": sorted(tokenizer.all_special_ids),
    }
    digest = digest_of(made_of)
    return folder_of("tokens", config.cache_dir) / digest[:16]
