from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.runs.events import decode, encode
from cilda.runs.field import count, text
from tests.rewrites.made_rewrites import made_events

_MEMBERS = st.one_of(
    st.integers(-2, 12),
    st.integers(min_value=2**53 - 1, max_value=2**54),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["x" * 201, "NaN", "Infinity", True, None, 10**400]),
    st.lists(st.integers(-1, 12) | st.text(max_size=2), max_size=3),
)
_VALUES = st.lists(_MEMBERS, max_size=5) | st.lists(st.integers(0, 9), max_size=5) | _MEMBERS
_SPANS = st.lists(st.lists(st.integers(-1, 12) | st.none(), min_size=1, max_size=3), max_size=4) | _VALUES


def rewrite(**fields: Any) -> Rewrite:
    made = rewrite_of({"v": 1, "t": 1.0, "kind": "augmentation", "real": "ten letters", "soft": "ten others", **fields})
    assert made is not None
    return made


@given(_VALUES)
def test_tokens_and_positions_are_those_members_that_can_be_some(value: Any) -> None:
    made = rewrite(real_tokens=value, drawn=value)
    members = value if isinstance(value, list) else []
    assert made.real_tokens == tuple(text(member, 200) for member in members)
    assert made.drawn == tuple(found for member in members if (found := count(member)) is not None)


@given(_SPANS)
def test_spans_are_all_within_their_text_or_none_is_taken(value: Any) -> None:
    made = rewrite(real_spans=value)
    for begin, end in made.real_spans:
        assert 0 <= begin <= end <= len("ten letters")
    if isinstance(value, list) and all(type(one) is list and len(one) == 2 for one in value):
        right = all(type(a) is type(b) is int and 0 <= a <= b <= len("ten letters") for a, b in value)
        if right:
            assert [list(span) for span in made.real_spans] == value
        elif all(isinstance(inner, int) for one in value for inner in one):
            assert made.real_spans == ()


@given(st.dictionaries(st.sampled_from(sorted(next(made_events(1)))), _VALUES, max_size=4))
def test_every_column_has_a_value_or_none_whatever_a_record_holds(fields: dict[str, Any]) -> None:
    event = decode(encode({**next(made_events(1)), **fields}))
    made = None if event is None else rewrite_of(event)
    for column in COLUMNS.values() if made is not None else ():
        value = column.value(made)  # type: ignore[arg-type]
        assert isinstance(value, str) if column.kind == "text" else value is None or float(value) is not None


def test_changed_are_the_places_of_other_tokens() -> None:
    made = rewrite(real_tokens=["a", "b", "c", "d"], soft_tokens=["a", "x", "c"])
    assert made.changed == (1,)
