"""Tokenised rows, and batches from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from cilda.distill.batch import Batch
from cilda.distill.batching import Batching
from cilda.tasks.rows import Rows

_TIMED_TEXTS = 50


@dataclass(frozen=True)
class Tokens:
    """The texts of one split as token ids, flat. N texts, Q tokens in all."""

    ids_Q: torch.Tensor
    special_Q: torch.Tensor
    """True at special tokens, also those that a text spells out."""
    types_Q: torch.Tensor | None
    """Segment ids; None where there is one text a row, or the family has none."""
    starts: np.ndarray[Any, np.dtype[np.int64]]
    """Where each text begins in Q, and at the end Q itself: N + 1 numbers."""
    cut: int
    """Texts that were longer than the maximum and lost their end."""


@dataclass(frozen=True)
class TokenizedRows:
    """One split as token ids, flat, with the rows they came from. N texts, Q tokens in all."""

    rows: Rows
    ids_Q: torch.Tensor
    special_Q: torch.Tensor
    types_Q: torch.Tensor | None
    starts: np.ndarray[Any, np.dtype[np.int64]]
    """Where each text begins in Q, and at the end Q itself: N + 1 numbers."""
    labels_N: torch.Tensor | None
    """Class ids or amounts; (N, C) of zeros and ones where a row may have several labels."""
    pad_id: int
    cut: int
    """Texts that were longer than the maximum and lost their end."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Tokens of each text."""
        return np.diff(self.starts)

    def batch(self, positions: list[int], *, length: int | None = None) -> Batch:
        """The texts at these positions, padded on the right to the longest of them, or to `length`."""
        spans = [(int(self.starts[row]), int(self.starts[row + 1])) for row in positions]
        longest = max(end - start for start, end in spans) if length is None else length
        ids_BT = torch.full((len(spans), longest), self.pad_id)
        attention_BT = torch.zeros((len(spans), longest), dtype=torch.long)
        special_BT = torch.ones((len(spans), longest), dtype=torch.bool)
        types_BT = None if self.types_Q is None else torch.zeros((len(spans), longest), dtype=torch.long)
        for place, (start, end) in enumerate(spans):
            ids_BT[place, : end - start] = self.ids_Q[start:end]
            attention_BT[place, : end - start] = 1
            special_BT[place, : end - start] = self.special_Q[start:end]
            if types_BT is not None and self.types_Q is not None:
                types_BT[place, : end - start] = self.types_Q[start:end]
        rows_B = torch.tensor(positions)
        labels_B = None if self.labels_N is None else self.labels_N[rows_B]
        padded = any(end - start < longest for start, end in spans)
        return Batch(ids_BT, attention_BT, special_BT, labels_B, types_BT, rows_B, padded)


def tokenize(rows: Rows, tokenizer: PreTrainedTokenizerFast, max_length: int, *, regression: bool) -> TokenizedRows:
    """Rows as token ids, cut to `max_length` tokens with the special ones counted in.

    Of a pair the longer text is cut first. A special token that a text spells out, such as "[SEP]", is special too.
    """
    pad_id = tokenizer.pad_token_id
    assert isinstance(pad_id, int)
    return with_labels(rows, encode(rows, tokenizer, max_length), pad_id, regression=regression)


def encode(rows: Rows, tokenizer: PreTrainedTokenizerFast, max_length: int) -> Tokens:
    """The tokens of `tokenize`."""
    pairs = rows.texts[1] if len(rows.texts) > 1 else None
    encoded = tokenizer(
        rows.texts[0],
        pairs,
        truncation="longest_first",
        max_length=max_length,
        padding=False,
        return_special_tokens_mask=True,
        return_attention_mask=False,
        return_overflowing_tokens=False,
        verbose=False,
    )
    lengths = [len(ids) for ids in encoded["input_ids"]]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids_Q = _flat(encoded["input_ids"], int(starts[-1]), torch.int32)
    added_Q = _flat(encoded["special_tokens_mask"], int(starts[-1]), torch.bool)
    spelled = torch.tensor([i for i in tokenizer.all_special_ids if i != tokenizer.unk_token_id], dtype=torch.int32)
    types = encoded.get("token_type_ids")
    return Tokens(
        ids_Q=ids_Q,
        special_Q=added_Q | torch.isin(ids_Q, spelled),
        types_Q=None if types is None or pairs is None else _flat(types, int(starts[-1]), torch.uint8),
        starts=starts,
        cut=sum(bool(encoding.overflowing) for encoding in encoded.encodings),
    )


def reading_of(tokenizer: PreTrainedTokenizerFast) -> str:
    """All that decides how a tokenizer reads, as JSON; what it was last asked to cut or to pad is left out."""
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    return json.dumps({**told, "truncation": None, "padding": None}, sort_keys=True)


def with_labels(rows: Rows, tokens: Tokens, pad_id: int, *, regression: bool) -> TokenizedRows:
    """Tokens with the rows that they came from, and their labels as numbers."""
    labels = None
    if rows.classes:
        labels = _multi_hot(rows)
    elif rows.labels is not None:
        labels = torch.tensor(rows.labels, dtype=torch.float32 if regression else torch.long)
    return TokenizedRows(
        rows=rows,
        ids_Q=tokens.ids_Q,
        special_Q=tokens.special_Q,
        types_Q=tokens.types_Q,
        starts=tokens.starts,
        labels_N=labels,
        pad_id=pad_id,
        cut=tokens.cut,
    )


def _multi_hot(rows: Rows) -> torch.Tensor | None:
    """1 for each label that a row has and 0 for each other, (N, C); NaN where nobody knows."""
    if rows.labels is None:
        return None
    found = torch.zeros(len(rows), rows.classes)
    for row in range(len(rows)):
        label = rows.label(row)
        if label is None:
            found[row] = torch.nan
        elif isinstance(label, tuple):
            found[row, list(label)] = 1.0
    return found


def _flat(lists: list[list[int]], total: int, dtype: torch.dtype) -> torch.Tensor:
    flat = np.fromiter((value for values in lists for value in values), dtype=np.int64, count=total)
    return torch.from_numpy(flat).to(dtype)


def by_length(lengths: np.ndarray[Any, np.dtype[np.int64]], batch_size: int) -> list[list[int]]:
    """All texts once in batches of similar length, the longest first: the order of evaluation."""
    order = np.argsort(-lengths, kind="stable")
    return [order[at : at + batch_size].tolist() for at in range(0, len(order), batch_size)]


def places_in(batches: list[list[int]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Where each row, in the order of the split, stands in what came batch by batch."""
    return np.argsort(np.concatenate(batches))


def texts_to_time(lengths: np.ndarray[Any, np.dtype[np.int64]]) -> list[int]:
    """The rows to time: some fifty, spread evenly over all lengths, the longest first."""
    order = np.argsort(-lengths, kind="stable")
    places = np.linspace(0, len(order) - 1, min(_TIMED_TEXTS, len(order))).astype(int)
    return [int(row) for row in order[places]]


class BatchStream:
    """An endless, repeatable stream of batches, epoch after epoch. `epoch` and `place` are all of its state."""

    def __init__(self, rows: TokenizedRows, batching: Batching, seed: int) -> None:
        self.rows = rows
        self.batching = batching
        self.seed = seed
        self.epoch = 0
        self.place = 0
        self._order: tuple[int, list[list[int]]] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass; some of them may be smaller."""
        return len(self._batches(self.epoch))

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self.take()

    def take(self) -> Batch:
        """The next batch, on the CPU."""
        batches = self._batches(self.epoch)
        positions = batches[self.place]
        self.place += 1
        if self.place == len(batches):
            self.epoch, self.place = self.epoch + 1, 0
        return self.rows.batch(positions)

    def _batches(self, epoch: int) -> list[list[int]]:
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, self.batching.epoch(self.rows.lengths, self.seed, epoch))
        return self._order[1]
