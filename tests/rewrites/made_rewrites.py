"""Made rewrites, as the trainer writes them: realistic ones, any number of them, seeded; hostile ones on request.

`made_events` gives events, `write_rewrites` puts them into segments, `made_run` makes a run folder around them whose
label names can be read. The first so many of a longer series are the same as a shorter series of that seed.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from cilda.runs.events import VERSION, Event, encode
from cilda.runs.layout import RunFolder, create
from cilda.runs.segments import SEGMENT_BYTES, SegmentWriter
from cilda.tasks.demo import Reviewer
from cilda.tasks.demo_words import ASPECTS, BLAMING, GENRES, PRAISING
from tests.tui.made_hostile import HOSTILE_TEXTS

LABELS = ("negative", "positive")
BEGAN = 1_795_582_610.0
POOL = 3000
TEXTS_A_TURN = 8
_BATCHES_AN_EPOCH = 2100
_WORDS = [word for word in (*ASPECTS, *BLAMING, *GENRES, *PRAISING) if word.isalpha()]
_DRAWN_FRACTION = 0.3

Text = tuple[str, list[str], list[str]]
"""A text, its tokens, and for each token what stands before it: a blank or nothing."""


def made_events(count: int, *, seed: int = 0, labels: Sequence[str] = LABELS, hostile: bool = False) -> Iterator[Event]:
    """So many events `augmentation`; with `hostile`, every seventh is one of `hostile_events` instead."""
    source = random.Random(seed)
    strange = hostile_events(seed)
    for place in range(count):
        event = _event(source, place, len(labels))
        yield {**event, **next(strange)} if hostile and place % 7 == 3 else event


def hostile_events(seed: int = 0) -> Iterator[Event]:
    """Without end: fields of texts and forms that nobody asked for, to be laid over an event."""
    source = random.Random(seed)
    forms: tuple[dict[str, Any], ...] = (
        {"id": 17},
        {"id": None, "label": "positive"},
        {"label": 10**400, "turn": -1},
        {"label": None, "teacher_real": [], "teacher_soft": []},
        {"kl_soft": "Infinity", "kl_real": "NaN"},
        {"teacher_soft": 2.5, "student_soft": 1.25, "gap_soft": 1.25},
        {"real_tokens": "none", "drawn": [1e300, -1, "x", True]},
        {"real_spans": [[5, 2]], "soft_spans": [[0, 10**9]]},
        {"step": "NaN", "epoch": {}, "why": ["sample"]},
    )
    while True:
        real, soft = source.choice(HOSTILE_TEXTS), source.choice(HOSTILE_TEXTS)
        yield {"id": f"train:{soft[:50]}", "real": real, "soft": soft, "real_tokens": [real], "soft_tokens": [soft]}
        yield source.choice(forms)


def damaged_lines(seed: int = 0) -> Iterator[bytes]:
    """Without end: lines that hold no rewrite of this version: damaged, of another kind, of a newer version."""
    source = random.Random(seed)
    whole = encode(_event(source, 0, 2))
    newer = encode({**_event(source, 1, 2), "v": VERSION + 1})
    lines = (
        whole[: len(whole) // 2] + b"\n",
        b"\n",
        b"\x00" * 300 + b"\n",
        b"[1]\n",
        newer,
        encode({"v": 1, "t": 1.0, "kind": "note", "text": "of another kind"}),
        encode({"v": 1, "t": 1.0, "kind": "augmentation", "turn": 1, "dropped_bytes": 9_000_000}),
        b'{"v":1,"t":1.0,"kind":"augmentation","real":"\xff\xfe","soft":"x"}\n',
    )
    while True:
        yield source.choice(lines)


def made_lines(count: int, *, seed: int = 0, hostile: bool = False) -> Iterator[bytes]:
    """The lines of so many events; with `hostile` lines between them that a reader skips."""
    damaged = damaged_lines(seed)
    for place, event in enumerate(made_events(count, seed=seed, hostile=hostile)):
        if hostile and place % 5 == 2:
            yield next(damaged)
        yield encode(event)


def write_rewrites(
    augmentations: Path, count: int, *, seed: int = 0, hostile: bool = False, segment_bytes: int = SEGMENT_BYTES
) -> None:
    """Appends so many rewrites to a folder of segments, which is made where there is none."""
    write_lines(augmentations, made_lines(count, seed=seed, hostile=hostile), segment_bytes=segment_bytes)


def write_events(augmentations: Path, events: Iterable[Event], *, segment_bytes: int = SEGMENT_BYTES) -> None:
    """Appends these events to a folder of segments."""
    write_lines(augmentations, map(encode, events), segment_bytes=segment_bytes)


def write_lines(augmentations: Path, lines: Iterable[bytes], *, segment_bytes: int = SEGMENT_BYTES) -> None:
    """Appends these lines to a folder of segments, several at one write where they are many."""
    augmentations.mkdir(parents=True, exist_ok=True)
    writer = SegmentWriter(augmentations, segment_bytes=segment_bytes)
    waiting: list[bytes] = []
    waiting_bytes = 0
    for line in lines:
        waiting.append(line)
        waiting_bytes += len(line)
        if waiting_bytes > segment_bytes // 100:
            writer.append(b"".join(waiting))
            waiting, waiting_bytes = [], 0
    writer.append(b"".join(waiting))
    writer.close()


def made_run(
    runs_dir: Path,
    count: int,
    *,
    name: str = "20261122-1158-sst2-6L-cilda-a7f3",
    seed: int = 0,
    labels: Sequence[str] = LABELS,
    hostile: bool = False,
    segment_bytes: int = SEGMENT_BYTES,
) -> RunFolder:
    """A new run folder with so many rewrites, a run.json and a student whose config names the labels."""
    folder = create(runs_dir, name)
    config = {"task": "sst2", "method": "cilda", "student": "6L", "seed": seed}
    folder.run_json.write_text(json.dumps({"v": 1, "t": BEGAN, "id": name, "config": config}), encoding="ascii")
    folder.student.mkdir()
    names = {str(place): label for place, label in enumerate(labels)}
    (folder.student / "config.json").write_text(json.dumps({"id2label": names}), encoding="ascii")
    events = made_events(count, seed=seed, labels=labels, hostile=hostile)
    write_events(folder.augmentations, events, segment_bytes=segment_bytes)
    return folder


def _event(source: random.Random, place: int, classes: int) -> Event:
    draw = source.random
    row = int(draw() * POOL)
    real, tokens, blanks = _pool()[row]
    soft_tokens = tokens.copy()
    inner = range(1, len(tokens) - 1)
    drawn = [position for position in inner if draw() < _DRAWN_FRACTION] or [1]
    for position in drawn:
        if draw() < 0.7:
            soft_tokens[position] = _WORDS[int(draw() * len(_WORDS))]
    soft, real_spans, soft_spans = _joined(tokens, soft_tokens, blanks, drawn)
    label = row % classes
    turn = place // TEXTS_A_TURN + 1
    learnt = 1 - math.exp(-turn / 5000)
    teacher_real, student_real = _sure(draw, label, classes, 0.95), _sure(draw, label, classes, 0.4 + 0.5 * learnt)
    teacher_soft, student_soft = _sure(draw, label, classes, 0.7), _sure(draw, label, classes, 0.3 + 0.4 * learnt)
    disagree = teacher_soft.index(max(teacher_soft)) != student_soft.index(max(student_soft))
    return {
        "v": VERSION,
        "t": round(BEGAN + turn * 0.07, 3),
        "kind": "augmentation",
        "turn": turn,
        "step": turn + turn // 10,
        "epoch": round(turn / _BATCHES_AN_EPOCH, 3),
        "player": "student",
        "why": "disagreement" if disagree and draw() < 0.8 else "sample",
        "id": f"train:{row}",
        "real": real,
        "soft": soft,
        "real_tokens": tokens,
        "soft_tokens": soft_tokens,
        "drawn": drawn,
        "real_spans": real_spans,
        "soft_spans": soft_spans,
        "label": label,
        "student_real": student_real,
        "teacher_real": teacher_real,
        "kl_real": _kl(teacher_real, student_real),
        "student_soft": student_soft,
        "teacher_soft": teacher_soft,
        "kl_soft": _kl(teacher_soft, student_soft),
        "contrast": round(2 + draw(), 6),
        "entropy": round(3 * draw(), 6),
        "surprise": round(5 * draw(), 6),
    }


@lru_cache(maxsize=1)
def _pool() -> list[Text]:
    """Texts of the demo corpus; now and then a rare one."""
    reviewer = Reviewer(7, 0.7)
    return [_text(reviewer.write("review", row % 2), row) for row in range(POOL)]


def _text(written: str, row: int) -> Text:
    tokens, blanks = ["[CLS]"], [""]
    for word in written.replace(",", " ,").replace(".", " .").split():
        # Rare words lie in pieces, as WordPiece cuts them.
        if len(word) > 9 and word.isalpha() and row % 3 == 0:
            tokens += [word[:6], "##" + word[6:]]
            blanks += [" ", ""]
        else:
            tokens.append(word)
            blanks.append("" if word in ",." or len(tokens) == 2 else " ")
    tokens.append("[SEP]")
    blanks.append("")
    return _joined(tokens, tokens, blanks, [])[0], tokens, blanks


def _joined(
    real_tokens: list[str], soft_tokens: list[str], blanks: list[str], drawn: list[int]
) -> tuple[str, list[list[int]], list[list[int]]]:
    """The rewritten text, and where the drawn tokens lie in the old one and in it."""
    wanted = set(drawn)
    pieces: list[str] = []
    real_at = soft_at = 0
    real_spans, soft_spans = [], []
    for position in range(1, len(real_tokens) - 1):
        blank = "" if not pieces else blanks[position]
        old, new = real_tokens[position].removeprefix("##"), soft_tokens[position].removeprefix("##")
        real_at += len(blank)
        soft_at += len(blank)
        if position in wanted:
            real_spans.append([real_at, real_at + len(old)])
            soft_spans.append([soft_at, soft_at + len(new)])
        real_at += len(old)
        soft_at += len(new)
        pieces += (blank, new)
    return "".join(pieces), real_spans, soft_spans


def _sure(draw: Any, label: int, classes: int, sureness: float) -> list[float]:
    """Probabilities that lean towards the label, the more the surer."""
    weights = [0.02 + draw() * (1 - sureness) for _ in range(classes)]
    weights[label] += sureness * draw()
    total = sum(weights)
    return [round(weight / total, 4) for weight in weights]


def _kl(teacher: list[float], student: list[float]) -> float:
    pairs = zip(teacher, student, strict=True)
    return sum(one * math.log(one / max(other, 1e-4)) for one, other in pairs if one > 0)
