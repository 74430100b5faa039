"""Graphs of every family: what onnxruntime says of any batch is what PyTorch says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock

from cilda.distill.data import TokenizedRows, tokenize
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import logits
from cilda.distill.handover.graph import graph_inputs, refuse_too_large, write_graph
from cilda.distill.handover.int8 import write_int8
from cilda.distill.handover.onnx_model import OnnxModel
from cilda.distill.models import Loaded, load_classifier
from cilda.errors import CildaError
from cilda.tasks.rows import Rows
from tests.tiny_models import LONGEST, TINY_FAMILIES, WORDS, tiny_classifier

TYPED = {"bert", "electra"}


@dataclass(frozen=True)
class Written:
    """A model and its two graphs."""

    model: Loaded
    folder: Path

    def graph(self, name: str = "model.onnx") -> OnnxModel:
        return OnnxModel(self.folder / name, 1)


@pytest.fixture(scope="module", name="written", params=TINY_FAMILIES)
def _written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Two layers of a family, so that every kind of layer that it has is among them."""
    family: str = request.param
    folder = tmp_path_factory.mktemp(family)
    if os.environ.get("PYTEST_XDIST_WORKER"):
        # Graphs take seconds: whichever worker comes first writes them for all.
        (folder := tmp_path_factory.getbasetemp().parent / f"graphs of {family}").mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        first = not (folder / "int8.onnx").exists()
        if first:
            tiny_classifier(family, folder / "model", labels=("a", "b", "c"), layers=2, width=16)
        model = load_classifier(str(folder / "model"), ("a", "b", "c"), seed=0)
        if first:
            write_graph(model.model, graph_inputs(model.model, model.tokenizer), folder / "model.onnx")
            write_int8(folder / "model.onnx", folder / "int8.onnx")
    return Written(model, folder)


def texts(model: Loaded, *, pairs: bool) -> TokenizedRows:
    """Texts of all lengths, from an empty one to one that is cut, so that batches are padded."""
    counts = (0, 1, 2, 3, 5, 8, 13, 21, 34, 200)
    columns = [[" ".join(WORDS[(start + 7 * place) % len(WORDS)] for place in range(count)) for count in counts]
               for start in (0, 31)]  # fmt: skip
    chosen = tuple(columns) if pairs else (columns[0],)
    rows = Rows(chosen, None, [f"{row}" for row in range(len(counts))], "made up")
    return tokenize(rows, model.tokenizer, LONGEST, regression=False)


def said(model: Loaded, rows: TokenizedRows) -> np.ndarray[Any, np.dtype[Any]]:
    """What PyTorch says."""
    return logits(Encoder(model.model).eval(), rows, 4)


@pytest.mark.slow
@pytest.mark.parametrize("pairs", [False, True], ids=["texts", "pairs"])
def test_a_graph_says_what_the_model_says_of_texts_of_every_length_and_in_every_batch(
    written: Written, pairs: bool
) -> None:
    rows = texts(written.model, pairs=pairs)
    expected_NC, graph = said(written.model, rows), written.graph()
    assert np.ptp(expected_NC, axis=0).min() > 1e-3, "the texts make no difference"
    for batch_size in (1, 4, 100):
        np.testing.assert_allclose(graph.logits(rows, batch_size), expected_NC, atol=2e-6, rtol=2e-6)


@pytest.mark.slow
def test_a_graph_asks_for_segments_where_the_family_has_them(written: Written) -> None:
    family = written.model.model.config.model_type
    third = ("token_type_ids",) if family in TYPED else ()
    assert written.graph().inputs == ("input_ids", "attention_mask", *third)


@pytest.mark.slow
def test_segments_reach_the_graph(written: Written) -> None:
    if written.model.model.config.model_type not in TYPED:
        pytest.skip("a family without segments")
    rows, graph = texts(written.model, pairs=True), written.graph()
    feed = graph.feed(rows.batch([5]))
    assert feed["token_type_ids"].any()
    without = {**feed, "token_type_ids": np.zeros_like(feed["token_type_ids"])}
    assert np.abs(graph.run(feed) - graph.run(without)).max() > 1e-4


@pytest.mark.slow
def test_eight_bits_are_smaller_and_nearly_the_same(written: Written) -> None:
    rows = texts(written.model, pairs=False)
    expected_NC = said(written.model, rows)
    found_NC = written.graph("int8.onnx").logits(rows, 4)
    assert np.abs(found_NC - expected_NC).max() < 0.25 * np.ptp(expected_NC)
    assert not np.array_equal(found_NC, expected_NC)
    sizes = [(written.folder / name).stat().st_size for name in ("model.onnx", "int8.onnx")]
    # The graph's own size counts in a model this small.
    assert sizes[1] < sizes[0]


@pytest.mark.slow
def test_the_model_is_left_as_it_was_and_nothing_of_this_machine_is_in_the_file(written: Written) -> None:
    again = load_classifier(written.model.source, ("a", "b", "c"), seed=0)
    ours, theirs = written.model.model, again.model
    assert ours.config._attn_implementation == theirs.config._attn_implementation
    assert not ours.training
    assert all(torch.equal(mine, its) for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True))
    content = (written.folder / "model.onnx").read_bytes()
    assert b"site-packages" not in content and str(written.folder.parent).encode() not in content


def test_a_model_beyond_two_gigabytes_is_refused_with_its_size() -> None:
    from transformers import AutoModelForSequenceClassification, BertConfig

    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(BertConfig(vocab_size=700_000, num_hidden_layers=1))
    with pytest.raises(CildaError, match=r"big has 2.2 GB of weights") as refused:
        refuse_too_large(model, "big")
    assert "smaller" in refused.value.todo


@pytest.mark.slow
def test_what_the_exporter_cannot_do_is_told_in_words(tmp_path: Path) -> None:
    model = load_classifier(str(tiny_classifier("bert", tmp_path / "model", layers=1, width=16)), ("a", "b"), seed=0)
    with pytest.raises(CildaError, match="the bert model cannot be exported") as refused:
        write_graph(model.model, ("input_ids", "no_such_input"), tmp_path / "model.onnx")
    assert "constraints.txt" in refused.value.todo
    assert not (tmp_path / "model.onnx").exists()


def test_eight_bits_that_cannot_be_had_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(CildaError, match="the 8-bit form cannot be made: ") as refused:
        write_int8(tmp_path / "model.onnx", tmp_path / "int8.onnx")
    assert refused.value.todo == "export without --int8"
    assert not (tmp_path / "int8.onnx").exists()
