"""A whole data set rewritten by a generator, with what teacher and student say of it: a few hundred rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cilda.distill.batch import Batch
from cilda.distill.data import TokenizedRows, by_length, tokenize
from cilda.distill.masking import mask
from cilda.distill.own_text import OwnText
from cilda.distill.played import Played, records
from cilda.distill.players import stream
from cilda.distill.probe_models import ProbeModels, Role
from cilda.distill.probe_rewrites import heard
from cilda.errors import CildaError
from cilda.methods.recipe import Sight
from cilda.tasks.rows import Rows

CHUNK_ROWS = 512
"""Rows that are rewritten, and written down, together."""

# A batch's activations stay some hundred megabytes.
_TOKENS_AT_ONCE = 4096
_MOST_TEXTS = 64


@dataclass(frozen=True)
class Augmenting:
    """How a data set is rewritten."""

    copies: int = 1
    """Rewrites of each row."""
    mask_fraction: float = 0.3
    seed: int = 42
    judge: bool = True
    """Whether teacher and student are asked about both texts."""


class Augmenter:
    """Rewrites rows chunk by chunk; a chunk's rewrites depend on the seed, its number and its rows alone.

    Raises:
        CildaError: there is no generator.
    """

    def __init__(self, models: ProbeModels, rows: Rows, how: Augmenting) -> None:
        if models.rewriter is None:
            raise CildaError("there is no generator to rewrite with", "name one with --generator")
        self._models = models
        self._made = models.rewriter
        self._rows = rows
        self._how = how
        self._own = OwnText(self._made.tokenizer, models.max_length)

    @property
    def chunks(self) -> int:
        """How many there are."""
        return -(-len(self._rows) // CHUNK_ROWS)

    def asked(self) -> dict[str, Any]:
        """All that decides what comes out, by the words that tell it: two alike can be parts of one."""
        judges = self._models.readers.items() if self._how.judge else ()
        return {
            "rows": f"{len(self._rows):,}, {self._rows.fingerprint()[:12]}",
            "generator": self._made.name,
            "weights": self._made.weights,
            "copies": self._how.copies,
            "mask_fraction": self._how.mask_fraction,
            "seed": self._how.seed,
            "max_length": self._models.max_length,
            "kind of device": self._models.device.type,
            **{str(role): reader.name for role, reader in judges},
        }

    @torch.no_grad()
    def chunk(self, number: int) -> list[dict[str, Any]]:
        """The records of a chunk's rewrites, in the order of the rows; of each row its copies, one after the other.

        Raises:
            CildaError: the generator answers with what is no number.
        """
        first = number * CHUNK_ROWS
        rows = self._rows.take([*range(first, min(first + CHUNK_ROWS, len(self._rows)))])
        tokens = tokenize(rows, self._made.tokenizer, self._models.max_length, regression=self._models.regression)
        random = stream(self._how.seed, f"augment {number}", self._models.device)
        at_once = max(1, min(_MOST_TEXTS, _TOKENS_AT_ONCE // max(1, int(tokens.lengths.max()))))
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for places in by_length(tokens.lengths, at_once):
            for copy, played in self._played(tokens, places, random):
                told = records(
                    played, dict.fromkeys(range(len(places)), ""), rows, self._own, regression=self._models.regression
                )
                for place, record in zip(places, told, strict=True):
                    found[place, copy] = record
        return [found[key] for key in sorted(found)]

    def _played(
        self, tokens: TokenizedRows, places: list[int], random: torch.Generator
    ) -> Iterator[tuple[int, Played]]:
        """Each copy of a batch of rows."""
        batch = tokens.batch(places).to(self._models.device)
        columns = len(tokens.rows.texts)
        real = self._answers(batch, columns)
        mask_id = self._made.tokenizer.mask_token_id
        assert isinstance(mask_id, int) and batch.rows_B is not None
        for copy in range(self._how.copies):
            masked = mask(batch, self._how.mask_fraction, mask_id, random)
            rewrite = self._made.generator.plain(masked, random)
            assert rewrite.entropy_N is not None
            if not rewrite.entropy_N.isfinite().all():
                raise CildaError(
                    f"the generator {self._made.name} ({self._made.weights}) answers with what is no number",
                    "its weights are damaged, or its training went wrong; name another with --generator",
                )
            soft = self._answers(rewrite.batch, columns)
            # Which copy it is: together with the row's id that tells it from all others.
            answers = {**_of("real", real), **_of("soft", soft)}
            yield copy, Played.of(batch, rewrite, answers, turn=copy + 1).on_cpu()

    def _answers(self, batch: Batch, columns: int) -> dict[Role, Tensor]:
        if not self._how.judge:
            return {}
        return {role: heard(self._models, role, batch, columns) for role in self._models.readers}


def _of(sight: Sight, answers: dict[Role, Tensor]) -> dict[tuple[str, Sight], Tensor]:
    return {(role, sight): said for role, said in answers.items()}
