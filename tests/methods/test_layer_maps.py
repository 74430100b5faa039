from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import UsageError
from cilda.methods.layer_maps import PRESETS, Pairs, check_layer_map, in_words, layer_pairs

DEPTHS = st.integers(1, 24)


@pytest.mark.parametrize(
    ("spec", "student", "teacher", "pairs"),
    [
        # As Sun et al. 2019 name them for 12 to 6 layers, and Jiao et al. 2020 for 12 to 4.
        ("skip", 6, 12, "1:2, 2:4, 3:6, 4:8, 5:10"),
        ("last", 6, 12, "1:7, 2:8, 3:9, 4:10, 5:11"),
        ("uniform", 4, 12, "1:3, 2:6, 3:9, 4:12"),
        ("all", 3, 6, "1:1, 1:2, 2:3, 2:4, 3:5, 3:6"),
        ("all", 3, 3, "1:1, 2:2, 3:3"),
        ("all", 4, 2, "1:1, 2:1, 3:2, 4:2"),
        ("skip", 1, 12, "1:12"),
        ("last", 1, 1, "1:1"),
        ("3:6,6:12", 6, 12, "3:6, 6:12"),
        (" 1:1 , 1:3 ", 1, 3, "1:1, 1:3"),
    ],
)
def test_the_presets_and_pairs_as_written(spec: str, student: int, teacher: int, pairs: str) -> None:
    assert in_words(layer_pairs(spec, student, teacher)) == pairs


@given(spec=st.sampled_from(sorted(PRESETS)), student=DEPTHS, more=st.integers(0, 12), epoch=st.integers(0, 9))
def test_every_preset_fits_any_depths(spec: str, student: int, more: int, epoch: int) -> None:
    teacher = student + more
    pairs = layer_pairs(spec, student, teacher, seed=3, epoch=epoch)
    assert pairs and list(pairs) == sorted(set(pairs))
    assert all(1 <= s <= student and 1 <= t <= teacher for s, t in pairs)
    teachers = [t for _, t in pairs]
    assert teachers == sorted(teachers), "two lines would cross"


@given(student=st.integers(2, 12), more=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_random_map_is_redrawn_every_epoch_and_follows_from_seed_and_epoch_alone(
    student: int, more: int, seed: int
) -> None:
    def drawn(epoch: int) -> Pairs:
        return layer_pairs("random", student, student + more, seed=seed, epoch=epoch)

    draws = [drawn(epoch) for epoch in range(20)]
    assert draws == [drawn(epoch) for epoch in range(20)]
    assert len(set(draws)) > 1
    for pairs in draws:
        assert [s for s, _ in pairs] == list(range(1, student))
        assert len({t for _, t in pairs}) == student - 1 and max(t for _, t in pairs) < student + more


@pytest.mark.parametrize("spec", ["", "most", "1-2", "1:2;2:3", "0:1", "1:0", "2:2,1:1", "1:1,1:1", "1:2:3", "１:2,x"])
def test_what_is_no_map_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="layer_map") as caught:
        check_layer_map(spec)
    assert caught.value.todo


@pytest.mark.parametrize(
    ("spec", "student", "teacher"), [("last", 3, 2), ("random", 3, 2), ("3:1", 2, 9), ("1:7", 2, 6)]
)
def test_a_map_that_the_depths_cannot_follow_is_refused(spec: str, student: int, teacher: int) -> None:
    with pytest.raises(UsageError, match="layer") as caught:
        layer_pairs(spec, student, teacher)
    assert caught.value.todo
