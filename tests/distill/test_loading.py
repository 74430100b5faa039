from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from cilda.distill.loading import Loaded, last_linear, load_classifier, load_masked_lm, state_hash
from cilda.errors import CildaError
from tests.tiny_models import TINY_FAMILIES, tiny_classifier, tiny_masked_lm

LABELS = ("negative", "positive")


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_fine_tuned_teacher_brings_its_head(family: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tiny_classifier(family, tmp_path, labels=LABELS)
    loaded = load_classifier(str(folder), LABELS, seed=1)
    assert loaded.has_head
    stored = load_file(folder / "model.safetensors")
    assert all(torch.equal(tensor, stored[name]) for name, tensor in loaded.model.state_dict().items())
    assert loaded.source == str(folder)
    assert loaded.weights_hash == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert not loaded.model.training
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_plain_encoder_gets_a_head_drawn_from_the_seed_alone(
    family: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = str(tiny_masked_lm(family, tmp_path))
    torch.manual_seed(17)
    before = torch.get_rng_state()
    first = load_classifier(name, ("a", "b", "c"), seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(18)
    again, other = load_classifier(name, ("a", "b", "c"), seed=1), load_classifier(name, ("a", "b", "c"), seed=2)
    assert not first.has_head
    assert first.model.config.id2label == {0: "a", 1: "b", 2: "c"}
    assert first.model.config.label2id == {"a": 0, "b": 1, "c": 2}
    assert state_hash(first.model) == state_hash(again.model) != state_hash(other.model)
    base, stored = first.model.base_model.state_dict(), load_masked_lm(name).model.base_model.state_dict()
    assert all(torch.equal(base[key], tensor) for key, tensor in stored.items())
    assert capfd.readouterr() == ("", "")


def test_no_labels_mean_one_amount(tmp_path: Path) -> None:
    loaded = load_classifier(str(tiny_masked_lm("bert", tmp_path)), (), seed=1)
    assert loaded.model.config.num_labels == 1
    assert loaded.model.config.problem_type == "regression"
    assert last_linear(loaded.model).out_features == 1


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_masked_lm_is_whole(family: str, tmp_path: Path) -> None:
    loaded = load_masked_lm(str(tiny_masked_lm(family, tmp_path)))
    texts = loaded.tokenizer(["the film is good", "a dull story"], padding=True, return_tensors="pt")
    rows = loaded.model.config.vocab_size
    assert loaded.model(**texts).logits.shape == (*texts["input_ids"].shape, rows)
    assert loaded.tokenizer.mask_token_id is not None
    assert len(loaded.tokenizer) <= rows


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_classifier_is_no_masked_lm(family: str, tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="no trained masked-LM head") as caught:
        load_masked_lm(str(tiny_classifier(family, tmp_path)))
    assert "--generator" in caught.value.todo


def test_weights_stored_as_float16_are_loaded_as_float32(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path)
    weights = {name: tensor.half() for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "float16"}))
    model = load_classifier(str(folder), LABELS, seed=1).model
    assert {tensor.dtype for tensor in model.state_dict().values() if tensor.is_floating_point()} == {torch.float32}
    model.save_pretrained(tmp_path / "saved")
    assert load_file(tmp_path / "saved" / "model.safetensors")["classifier.weight"].dtype == torch.float32


def test_a_head_of_another_kind_of_task_is_not_taken_for_ours(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path)
    _edit(folder, architectures=["BertForTokenClassification"])
    loaded = load_classifier(str(folder), LABELS, seed=1)
    assert not loaded.has_head
    stored = load_file(folder / "model.safetensors")["classifier.weight"]
    assert not torch.equal(last_linear(loaded.model).weight, stored)


def test_a_promised_head_that_is_not_in_the_file_is_fresh(tmp_path: Path) -> None:
    folder = tiny_masked_lm("roberta", tmp_path)
    _edit(folder, architectures=["RobertaForSequenceClassification"])
    loaded = load_classifier(str(folder), ("a", "b", "c"), seed=1)
    assert not loaded.has_head
    assert loaded.model.config.num_labels == 3


def test_a_trained_head_keeps_its_own_labels_unless_it_may_go(tmp_path: Path) -> None:
    name = str(tiny_classifier("electra", tmp_path, labels=("x", "y", "z")))
    kept, fresh = load_classifier(name, LABELS, seed=1), load_classifier(name, LABELS, seed=1, keep_head=False)
    assert kept.has_head
    assert kept.model.config.id2label == {0: "x", 1: "y", 2: "z"}
    assert not fresh.has_head
    assert fresh.model.config.id2label == dict(enumerate(LABELS))
    assert last_linear(fresh.model).out_features == 2


def test_attention_maps_can_be_asked_for(tmp_path: Path) -> None:
    loaded = load_classifier(str(tiny_classifier("bert", tmp_path)), LABELS, seed=1, attention="eager")
    texts = loaded.tokenizer(["the film"], return_tensors="pt")
    assert len(loaded.model(**texts, output_attentions=True).attentions) == 4


def test_weights_that_do_not_belong_to_the_config_are_refused(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path, layers=2)
    _edit(folder, num_hidden_layers=4)
    with pytest.raises(CildaError, match=r"incomplete: 32 weights of its encoder are missing .*layer\.2\."):
        load_classifier(str(folder), LABELS, seed=1)
    _edit(folder, num_hidden_layers=2, hidden_size=64)
    with pytest.raises(CildaError, match="or of another shape"):
        load_classifier(str(folder), LABELS, seed=1)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("config.json", r"config\.json of"),
        ("tokenizer.json", "the tokenizer of"),
        ("model.safetensors", "the weights of"),
    ],
)
def test_a_broken_file_is_named(file: str, says: str, tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path)
    (folder / file).write_bytes((folder / file).read_bytes()[:40])
    with pytest.raises(CildaError, match=f"{says}.* cannot be read"):
        load_classifier(str(folder), LABELS, seed=1)


def test_a_family_we_do_not_know_is_named_with_those_we_do(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path)
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(CildaError, match="of the family 'gpt2'") as caught:
        load_classifier(str(folder), LABELS, seed=1)
    assert all(family in caught.value.todo for family in TINY_FAMILIES)


def test_a_tokenizer_with_ids_beyond_the_embeddings_is_refused(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path / "a", vocab_size=100)
    with pytest.raises(CildaError, match=r"ids up to 1\d\d, its model embeddings for 100 tokens"):
        load_classifier(str(folder), LABELS, seed=1)


def test_a_tokenizer_without_special_tokens_is_refused(tmp_path: Path) -> None:
    folder = tiny_classifier("modernbert", tmp_path)
    _without(folder / "tokenizer_config.json", "pad_token", "cls_token")
    with pytest.raises(CildaError, match="has no pad and no cls token"):
        load_classifier(str(folder), LABELS, seed=1)


def test_a_sentencepiece_model_asks_for_its_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_classifier("deberta-v2", tmp_path)
    (folder / "tokenizer.json").rename(folder / "spm.model")
    # As if neither were there, whatever this machine has.
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(CildaError, match=r"SentencePiece model; sentencepiece and google\.protobuf must be") as caught:
        load_classifier(str(folder), LABELS, seed=1)
    assert caught.value.todo == "pip install sentencepiece protobuf"


def test_a_masked_lm_without_a_mask_token_is_refused(tmp_path: Path) -> None:
    folder = tiny_masked_lm("modernbert", tmp_path)
    _without(folder / "tokenizer_config.json", "mask_token")
    with pytest.raises(CildaError, match="has no mask token"):
        load_masked_lm(str(folder))


def test_pickled_weights_are_refused_with_the_reason_and_loaded_when_allowed(tmp_path: Path) -> None:
    safe = tiny_classifier("bert", tmp_path / "safe", labels=LABELS)
    pickled = pickled_copy(safe, tmp_path / "pickled")
    with pytest.raises(CildaError, match="pickled weights only") as caught:
        load_classifier(str(pickled), LABELS, seed=1)
    assert "can run any code" in caught.value.todo
    assert "--allow-pickle" in caught.value.todo
    loaded: Loaded = load_classifier(str(pickled), LABELS, seed=1, allow_pickle=True)
    assert loaded.has_head
    assert state_hash(loaded.model) == state_hash(load_classifier(str(safe), LABELS, seed=1).model)


def test_safetensors_are_taken_before_pickles(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path, labels=LABELS)
    (folder / "pytorch_model.bin").write_bytes(b"not even a pickle")
    assert load_classifier(str(folder), LABELS, seed=1, allow_pickle=True).has_head


def test_weights_in_several_files_are_one_model(tmp_path: Path) -> None:
    whole = tiny_classifier("bert", tmp_path / "whole", labels=LABELS)
    loaded = load_classifier(str(whole), LABELS, seed=1)
    parts = tmp_path / "parts"
    loaded.model.save_pretrained(parts, max_shard_size="50KB")
    loaded.tokenizer.save_pretrained(parts)
    shards = sorted(parts.glob("*.safetensors"))
    assert len(shards) > 1
    again = load_classifier(str(parts), LABELS, seed=1)
    assert state_hash(again.model) == state_hash(loaded.model)
    assert again.weights_hash != loaded.weights_hash
    shards[1].unlink()
    with pytest.raises(CildaError, match=rf"incomplete: {shards[1].name} missing"):
        load_classifier(str(parts), LABELS, seed=1)


def pickled_copy(folder: Path, to: Path) -> Path:
    """The same model as a pickle, as older repositories have it."""
    shutil.copytree(folder, to)
    torch.save(load_file(to / "model.safetensors"), to / "pytorch_model.bin")
    (to / "model.safetensors").unlink()
    return to


def _edit(folder: Path, **settings: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def _without(path: Path, *keys: str) -> None:
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in settings.items() if key not in keys}))
