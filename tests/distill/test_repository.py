from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants

from cilda.distill.loading import load_classifier, load_masked_lm
from cilda.distill.repository import files_hash, find_repository, resolve
from cilda.errors import CildaError, UsageError
from cilda.tasks.hub import hub_answers
from tests.distill.test_loading import pickled_copy
from tests.hub_server import Answer, Hub, as_json, refusal
from tests.tiny_models import tiny_classifier, tiny_masked_lm

LABELS = ("negative", "positive")


# --- names -------------------------------------------------------------------------------------------------------


def test_a_short_name_is_a_hub_id() -> None:
    assert resolve("bert-base") == "google-bert/bert-base-uncased"
    assert resolve("bert-base-uncased") == "google-bert/bert-base-uncased"
    assert resolve("someone/some-model.v2") == "someone/some-model.v2"


def test_a_folder_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "bert-base", "team/model"):
        Path(name).mkdir(parents=True)
    assert resolve("mine") == "mine"
    assert resolve("team/model") == "team/model"
    assert resolve(str(tmp_path / "mine")) == str(tmp_path / "mine")
    assert resolve("bert-base") == "google-bert/bert-base-uncased"
    assert resolve("./bert-base") == "bert-base"


def test_a_misspelt_name_gets_a_guess() -> None:
    with pytest.raises(UsageError, match="no model named 'bret-base'") as caught:
        resolve("bret-base")
    assert "did you mean bert-base" in caught.value.todo


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "../x", "~/nowhere/x"])
def test_a_path_to_nothing_is_a_missing_folder(name: str) -> None:
    with pytest.raises(CildaError, match="there is no folder"):
        resolve(name)


def test_a_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.touch()
    with pytest.raises(CildaError, match="is a file, not a model"):
        resolve(str(path))


# --- folders -----------------------------------------------------------------------------------------------------


def test_a_folder_without_a_config_holds_no_model(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match=r"config\.json is missing"):
        find_repository(str(tmp_path))
    tiny_classifier("bert", tmp_path / "student")
    with pytest.raises(CildaError, match=r"config\.json is missing") as caught:
        find_repository(str(tmp_path))
    assert caught.value.todo == f"did you mean {tmp_path / 'student'}?"


def test_a_folder_without_weights_or_tokenizer_says_so(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path)
    (folder / "model.safetensors").rename(folder / "elsewhere")
    with pytest.raises(CildaError, match="holds no weights"):
        find_repository(str(folder))
    (folder / "elsewhere").rename(folder / "model.safetensors")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CildaError, match="holds no tokenizer"):
        find_repository(str(folder))


@pytest.mark.parametrize("index", ["{", "[]", '{"weight_map": {"a": "../../secret.safetensors"}}'])
def test_a_weights_index_is_read_with_care(index: str, tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(CildaError, match=r"model\.safetensors\.index\.json"):
        find_repository(str(folder))


def test_the_hash_of_several_files_is_their_own_whatever_the_order(tmp_path: Path) -> None:
    first, second = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    assert files_hash([first]) == hashlib.sha256(b"one").hexdigest()
    together = files_hash([first, second])
    assert together == files_hash([second, first]) != files_hash([first])
    second.write_bytes(b"TWO")
    assert files_hash([first, second]) != together


# --- the hub -----------------------------------------------------------------------------------------------------


class HubWithConverter(Hub):
    """A hub whose converter offers safetensors of every model in its request number 7."""

    author = "SFconvertbot"
    converted: Path

    def answer(self, target: str, form: Mapping[str, list[str]], byte_range: str | None) -> Answer:
        if "/discussions" in target:
            request = {
                "num": 7,
                "title": "Adding `safetensors` variant of this model",
                "author": {"name": self.author},
                "status": "open",
                "isPullRequest": True,
                "createdAt": "2024-01-01T00:00:00.000Z",
                "repo": {"name": "team/pickled", "type": "model"},
            }
            return as_json({"discussions": [request], "count": 1, "start": 0})
        return super().answer(target.replace("refs%2Fpr%2F7", "main").replace("refs/pr/7", "main"), form, byte_range)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """The hub's client, online, with an empty cache of its own."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield monkeypatch
    hub_answers.cache_clear()


def point_at(client: pytest.MonkeyPatch, endpoint: str) -> None:
    """Make an address the hub's."""
    client.setattr(constants, "ENDPOINT", endpoint)
    client.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")


def test_a_model_comes_from_the_hub_once(client: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path / "bert", labels=LABELS)
    with Hub({"google-bert/bert-base-uncased": folder}) as hub:
        point_at(client, hub.endpoint)
        loaded = load_classifier("bert-base", LABELS, seed=1)
        assert loaded.source == "google-bert/bert-base-uncased"
        assert loaded.model.config.name_or_path == "google-bert/bert-base-uncased"
        assert loaded.weights_hash == load_classifier(str(folder), LABELS, seed=1).weights_hash
        assert sum(request.startswith("GET") and "model.safetensors" in request for request in hub.requests) == 1
    # The hub is gone: its cache will do, without a word and without waiting.
    hub_answers.cache_clear()
    assert load_classifier("bert-base", LABELS, seed=1).weights_hash == loaded.weights_hash


def test_an_unreachable_hub_says_what_to_do(client: pytest.MonkeyPatch) -> None:
    point_at(client, "http://127.0.0.1:9")
    with pytest.raises(CildaError, match="the hub cannot be reached, and google-bert/bert-base-uncased") as caught:
        load_classifier("bert-base", LABELS, seed=1)
    assert all(word in caught.value.todo for word in ("HF_ENDPOINT", "HF_HUB_OFFLINE", "local folder"))


def test_offline_by_the_users_wish_asks_nobody(client: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Hub({"team/model": tiny_classifier("bert", tmp_path / "bert")}) as hub:
        point_at(client, hub.endpoint)
        client.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(CildaError, match="not in its cache"):
            find_repository("team/model")
        assert hub.requests == []


def test_a_repository_that_does_not_exist_is_named(client: pytest.MonkeyPatch) -> None:
    with Hub() as hub:
        point_at(client, hub.endpoint)
        with pytest.raises(CildaError, match="the hub has no model 'team/nothing'"):
            find_repository("team/nothing")


def test_a_gated_repository_says_how_to_get_in(client: pytest.MonkeyPatch) -> None:
    class Gate(Hub):
        def answer(self, target: str, form: Mapping[str, list[str]], byte_range: str | None) -> Answer:
            return replace(super().answer(target, form, byte_range), status=403, headers={"X-Error-Code": "GatedRepo"})

    with Gate() as hub:
        point_at(client, hub.endpoint)
        with pytest.raises(CildaError, match="team/model is gated") as caught:
            find_repository("team/model")
    assert "HF_TOKEN" in caught.value.todo


@pytest.mark.parametrize(
    ("without", "says"),
    [
        ("config.json", "holds no transformers model"),
        ("tokenizer.json", "holds no tokenizer"),
        ("model.safetensors", r"holds no model\.safetensors"),
    ],
)
def test_what_a_repository_lacks_is_named(without: str, says: str, client: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path / "bert")
    (folder / without).unlink()
    with Hub({"team/model": folder}) as hub:
        point_at(client, hub.endpoint)
        with pytest.raises(CildaError, match=says):
            find_repository("team/model")


def test_a_repository_of_pickles_is_refused_unless_allowed(client: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = pickled_copy(tiny_masked_lm("bert", tmp_path / "safe"), tmp_path / "pickled")
    with Hub({"team/pickled": folder}) as hub:
        point_at(client, hub.endpoint)
        with pytest.raises(CildaError, match="team/pickled holds pickled weights only") as caught:
            load_masked_lm("team/pickled")
        assert "--allow-pickle" in caught.value.todo
        assert not any(request.startswith("GET") and "pytorch_model.bin" in request for request in hub.requests)
        assert load_masked_lm("team/pickled", allow_pickle=True).note == "pickled weights"
        assert not any(request.startswith("POST") and "discussions" in request for request in hub.requests)


def test_the_hubs_own_conversion_is_taken_for_a_repository_of_pickles(
    client: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Converted(HubWithConverter):
        def answer(self, target: str, form: Mapping[str, list[str]], byte_range: str | None) -> Answer:
            if "resolve/main/model.safetensors" in target:
                return refusal("EntryNotFound", "none on main")
            return super().answer(target, form, byte_range)

    safe = tiny_masked_lm("deberta-v2", tmp_path / "safe")
    both = pickled_copy(safe, tmp_path / "pickled")
    (both / "model.safetensors").write_bytes((safe / "model.safetensors").read_bytes())
    with Converted({"team/pickled": both}) as hub:
        point_at(client, hub.endpoint)
        repository = find_repository("team/pickled")
        assert repository.note == "safetensors from the hub's conversion, refs/pr/7"
        assert not repository.pickled
        assert load_masked_lm("team/pickled").weights_hash == load_masked_lm(str(safe)).weights_hash
    # Fetched once, it is there without the hub, too.
    client.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_repository("team/pickled").weights == repository.weights


def test_a_conversion_by_anybody_else_does_not_count(client: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Stranger(HubWithConverter):
        author = "somebody"

    folder = pickled_copy(tiny_masked_lm("bert", tmp_path / "safe"), tmp_path / "pickled")
    with Stranger({"team/pickled": folder}) as hub:
        point_at(client, hub.endpoint)
        with pytest.raises(CildaError, match="pickled weights only"):
            find_repository("team/pickled")


def test_weights_in_several_files_come_from_the_hub(client: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = load_classifier(str(tiny_classifier("bert", tmp_path / "whole")), LABELS, seed=1)
    parts = tmp_path / "parts"
    whole.model.save_pretrained(parts, max_shard_size="50KB")
    whole.tokenizer.save_pretrained(parts)
    index = json.loads((parts / "model.safetensors.index.json").read_text())
    with Hub({"team/parts": parts}) as hub:
        point_at(client, hub.endpoint)
        repository = find_repository("team/parts")
    assert {path.name for path in repository.weights} == set(index["weight_map"].values())
