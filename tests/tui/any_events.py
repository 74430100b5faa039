"""Events as nobody should write them: known kinds with anything in any field, and numbers that are none."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cilda.runs.events import KINDS

ODD: st.SearchStrategy[Any] = st.sampled_from(
    (
        None, True, False, 0, -1, 1, 7, 2**31, 2**63, 10**400, -(10**400), 0.5, -3.5, 1e308, -1e308, 1e999, -1e999,
        "NaN", "Infinity", "-Infinity", "", "text", "x" * 5000, "\ud800", [], {}, [[]], {"": {}}, [1, "NaN", None],
        {"mean": "NaN"}, {"n": 1, "mean": 1.0, "min": 2.0, "max": 0.0, "last": 1},
    )
)  # fmt: skip
JSON = st.recursive(
    ODD | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)

SUMMARY = st.fixed_dictionaries(
    {}, optional={key: ODD | st.floats() | st.integers(-5, 5) for key in ("n", "mean", "min", "max", "last")}
)
VALUES = st.dictionaries(
    st.sampled_from(("total", "logit_kl.soft", "gradient_norm", "seconds.data", "learning_rate", "", "k" * 900)),
    SUMMARY | ODD,
    max_size=4,
)
GPU_KEYS = ("name", "busy_fraction", "ours_mb", "throttle_reasons", "strangers")
OTHERS = (
    "best", "best_turn", "total_turns", "generator_turns", "batch_size", "metric", "split", "seconds", "level",
    "what", "todo", "id", "answer", "by", "why", "attempt", "device", "host", "name", "score", "teacher",
    "student", "drawn", "label", "kl_real", "gap_real", "cores", "cpu_fraction", "disk_free_mb", "text", "path",
    "network_in_mb", "layers", "description",
)  # fmt: skip
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "stage": st.sampled_from(("student", "teacher", "", "s" * 1000)) | ODD,
    "player": st.sampled_from(("student", "generator")) | ODD,
    "turn": st.integers(-3, 300) | ODD,
    "step": st.integers(-3, 300) | ODD,
    "turns": st.integers(-3, 30) | ODD,
    "epoch": st.floats() | ODD,
    "values": VALUES | ODD,
    "scores": st.dictionaries(st.text(max_size=3), ODD | st.floats(), max_size=3) | ODD,
    "real_tokens": st.lists(ODD, max_size=3) | ODD,
    "soft_tokens": st.lists(ODD, max_size=3) | ODD,
    "teacher_real": st.lists(ODD | st.floats(), max_size=3) | ODD,
    "student_real": st.lists(ODD | st.floats(), max_size=3) | ODD,
    "real": st.text(max_size=5) | ODD,
    "soft": st.text(max_size=5) | ODD,
    "gpus": st.lists(st.dictionaries(st.sampled_from(GPU_KEYS), ODD, max_size=3) | ODD, max_size=3) | ODD,
    "resumed_from": st.sampled_from(("step-student-00000003", "step-1", "-", "step-student-9" * 3)) | ODD,
    **dict.fromkeys(OTHERS, ODD),
}  # fmt: skip


@st.composite
def any_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of any kind, known or not, with anything in its fields."""
    kind = draw(st.sampled_from((*KINDS, "metrics", "metrics", "stage", "evaluation", "other")) | ODD)
    seconds = draw(st.floats(1.79e9, 1.8e9) | st.integers(0, 2**31) | ODD)
    return {"v": 1, **draw(st.fixed_dictionaries({}, optional=FIELDS)), "t": seconds, "kind": kind}


@st.composite
def any_objects(draw: st.DrawFn) -> dict[str, Any]:
    """An object of JSON, whatever it is."""
    return draw(
        st.dictionaries(st.sampled_from(("t", "kind", "stage", "values")) | st.text(max_size=5), JSON, max_size=5)
    )
