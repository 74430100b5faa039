from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cilda.caches import kept_in
from cilda.config import RunConfig
from cilda.distill import data, token_cache
from cilda.distill.data import TokenizedRows, tokenize
from cilda.distill.token_cache import tokenized
from tests.tiny_models import tiny_tokenizer
from tests.tiny_players import tiny_rows, tokenizer_of


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setattr(token_cache, "FEWEST_ROWS", 20)
    return RunConfig.checked({"cache_dir": tmp_path / "cache", "max_length": 16})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were made each time."""
    told: list[int] = []

    def counted(rows: Any, *rest: Any) -> Any:
        told.append(len(rows))
        return data.encode(rows, *rest)

    monkeypatch.setattr(token_cache, "encode", counted)
    return told


def assert_same(one: TokenizedRows, other: TokenizedRows) -> None:
    for mine, theirs in ((one.ids_Q, other.ids_Q), (one.special_Q, other.special_Q), (one.labels_N, other.labels_N)):
        assert mine is not None and theirs is not None and torch.equal(mine, theirs)
    assert (one.types_Q is None) == (other.types_Q is None)
    if one.types_Q is not None and other.types_Q is not None:
        assert torch.equal(one.types_Q, other.types_Q)
    assert one.starts.tolist() == other.starts.tolist()
    assert (one.cut, one.pad_id) == (other.cut, other.pad_id)


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_kept_tokens_are_those_that_are_made(config: RunConfig, made: list[int], family: str, pair: bool) -> None:
    rows, tokenizer = tiny_rows(30, pair=pair), tokenizer_of(family)
    fresh = tokenize(rows, tokenizer, config.max_length, regression=False)
    for _ in range(2):
        assert_same(tokenized(config, rows, tokenizer, regression=False), fresh)
    assert made == [30, 16]
    kept = tokenized(config, rows, tokenizer, regression=False)
    assert torch.equal(kept.batch([3, 0]).ids_BT, fresh.batch([3, 0]).ids_BT)


def test_a_tokenizer_that_has_cut_and_padded_reads_as_before(config: RunConfig, made: list[int]) -> None:
    rows, tokenizer = tiny_rows(30), tiny_tokenizer("bert")
    tokenized(config, rows, tokenizer, regression=False)
    tokenizer(["a b c"], padding=True, truncation=True, max_length=4)
    tokenized(config, rows, tokenizer, regression=False)
    tokenized(config, rows, tiny_tokenizer("bert"), regression=False)
    assert made == [30, 16, 16]


def test_few_rows_are_not_kept(config: RunConfig, tmp_path: Path) -> None:
    tokenized(config, tiny_rows(19), tokenizer_of("bert"), regression=False)
    assert not (tmp_path / "cache").exists()


def test_other_texts_lengths_and_tokenizers_have_places_of_their_own(config: RunConfig, tmp_path: Path) -> None:
    tokenized(config, tiny_rows(30), tokenizer_of("bert"), regression=False)
    tokenized(config, tiny_rows(31), tokenizer_of("bert"), regression=False)
    tokenized(config, tiny_rows(30), tokenizer_of("roberta"), regression=False)
    tokenized(config.model_copy(update={"max_length": 8}), tiny_rows(30), tokenizer_of("bert"), regression=False)
    assert len(list(kept_in(tmp_path / "cache"))) == 4


@pytest.mark.parametrize("harm", ["cut", "other tokens", "no file of ours"])
def test_damaged_tokens_are_made_again(config: RunConfig, made: list[int], tmp_path: Path, harm: str) -> None:
    rows, tokenizer = tiny_rows(30), tokenizer_of("bert")
    fresh = tokenized(config, rows, tokenizer, regression=False)
    (path,) = tmp_path.rglob("tokens.safetensors")
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif harm == "no file of ours":
        path.write_bytes(b"{}")
    else:
        ids = fresh.ids_Q.numpy().tobytes()
        path.write_bytes(path.read_bytes().replace(ids, bytes(len(ids))))
    assert_same(tokenized(config, rows, tokenizer, regression=False), tokenize(rows, tokenizer, 16, regression=False))
    assert made.count(30) == 2
    tokenized(config, rows, tokenizer, regression=False)
    assert made.count(30) == 2


def test_a_disk_that_refuses_costs_only_the_cache(config: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    rows, tokenizer = tiny_rows(30), tokenizer_of("bert")
    assert_same(tokenized(config, rows, tokenizer, regression=False), tokenize(rows, tokenizer, 16, regression=False))
