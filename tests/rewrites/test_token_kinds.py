from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.rewrites.token_kinds import KINDS, kind_of, named


@pytest.mark.parametrize(
    ("token", "blank", "kind", "name"),
    [
        ("film", None, "word", "film"),
        ("##ing", None, "piece", "-ing"),
        ("##'", None, "punctuation", "'"),
        ("1999", None, "number", "1999"),
        ("90s", None, "word", "90s"),
        (",", None, "punctuation", ","),
        ("not", None, "negation", "not"),
        ("Ġnever", "Ġ", "negation", "never"),
        ("Ġfilm", "Ġ", "word", "film"),
        ("ing", "Ġ", "piece", "-ing"),
        (".", "Ġ", "punctuation", "."),
        ("▁Film", "▁", "word", "film"),
        ("▁", "▁", "punctuation", "␣"),
        ("[SEP]", None, "special", "[sep]"),
        ("<unk>", "Ġ", "special", "-<unk>"),
        ("[MASK]", None, "special", "[mask]"),
        ("[unused12]", None, "special", "[unused12]"),
        ("电", None, "word", "电"),
    ],
)
def test_each_token_has_its_part_of_the_vocabulary(token: str, blank: str | None, kind: str, name: str) -> None:
    assert kind_of(token, blank) == kind
    if kind != "special":
        assert named(token, blank) == name


@given(token=st.text(max_size=8), blank=st.sampled_from([None, "Ġ", "▁"]))
def test_any_token_has_one(token: str, blank: str | None) -> None:
    assert kind_of(token, blank) in KINDS and named(token, blank)
