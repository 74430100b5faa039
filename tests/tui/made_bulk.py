"""Histories of millions of metrics in a few seconds: blocks of lines whose digits numpy writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cilda.runs.segments import SEGMENT_BYTES, segment_path

TERMS = ("total", "hard_label.real", "logit_kl.real", "logit_kl.soft", "gradient_norm")
SPIKE_EVERY = 1_234_567
_BLOCK_LINES = 10_000
_TURN_MILLISECONDS = 50


def bulk(folder: Path, lines: int, *, stage: str = "student", began: float, segment_bytes: int = SEGMENT_BYTES) -> None:
    """Appends so many events `metrics` of the student, turn by turn, to a folder of segments; after its newest segment.

    Each about 470 bytes with five keys, a spike of 9.5 in `total` at every `SPIKE_EVERY`th turn. The steps begin at 1.
    """
    number = 1 + max((int(path.stem) for path in folder.glob("*.jsonl")), default=0)
    file, written = segment_path(folder, number).open("ab"), 0
    try:
        step = 1
        while step <= lines:
            # All numbers of a block have as many digits.
            end = min(step + _BLOCK_LINES, lines + 1, 10 ** len(str(step)))
            block = _block(np.arange(step, end), stage, began)
            if written + len(block) > segment_bytes and written:
                file.close()
                number += 1
                file, written = segment_path(folder, number).open("ab"), 0
            file.write(block)
            written += len(block)
            step = end
    finally:
        file.close()


def _block(steps: np.ndarray, stage: str, began: float) -> bytes:
    digits = len(str(int(steps[0])))
    wave = (np.exp(-steps / 2e6) * 400_000 + 300_000 + (steps * 7919) % 50_021).astype(np.int64)
    fields: list[np.ndarray] = []

    def field(written: np.ndarray) -> str:
        fields.append(written)
        return "\0" * len(written[0])

    milliseconds, step = int(began * 1000) + steps * _TURN_MILLISECONDS, _digits(steps, digits)
    line = f'{{"v":1,"t":{field(_digits(milliseconds // 1000, 10))}.{field(_digits(milliseconds % 1000, 3))},'
    line += f'"kind":"metrics","stage":"{stage}","player":"student","turn":{field(step)},"step":{field(step)},'
    line += f'"epoch":{field(_digits(steps // 2_000_000, 1))}.{field(_digits(steps // 200 % 10_000, 4))},'
    line += '"turns":1,"values":{'
    for place, key in enumerate(TERMS):
        high = (steps % SPIKE_EVERY == 0) & (place == 0)
        whole, part = _digits(high * 9, 1), _digits(np.where(high, 500_000, wave - 40_000 * place), 6)
        value = [f"{field(whole)}.{field(part)}" for _ in range(4)]
        line += f'"{key}":{{"n":1,"mean":{value[0]},"min":{value[1]},"max":{value[2]},"last":{value[3]}}},'
    line = line.removesuffix(",") + "}}\n"
    block = np.empty((len(steps), len(line)), np.uint8)
    block[:] = np.frombuffer(line.encode("ascii"), np.uint8)
    at = 0
    for written in fields:
        at = line.index("\0", at)
        block[:, at : at + written.shape[1]] = written
        at += written.shape[1]
    return block.tobytes()


def _digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """The last `width` decimal digits of each number, as ASCII."""
    if width > _TABLE_DIGITS:
        high = _digits(numbers // _TABLE_SIZE, width - _TABLE_DIGITS)
        return np.concatenate([high, _digits(numbers % _TABLE_SIZE, _TABLE_DIGITS)], axis=1)
    return _TABLE[numbers % _TABLE_SIZE, _TABLE_DIGITS - width :]


_TABLE_DIGITS = 6
_TABLE_SIZE = 10**_TABLE_DIGITS
_TABLE = (np.arange(_TABLE_SIZE)[:, None] // 10 ** np.arange(_TABLE_DIGITS)[::-1] % 10 + ord("0")).astype(np.uint8)
