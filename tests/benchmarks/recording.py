"""What keeping rewrites costs a turn: `python -m tests.benchmarks.recording [--json]`.

CILDA's student turns as in `tests.benchmarks.turns`, on texts of SST-2's lengths, recorded with the default settings of
a run of 6,000 turns. Teacher and student are random: they disagree on so many texts that the cap on disagreements is
reached at every turn, which is the dearest that can be. Told is the time of the training thread in the recorder and the
processor time of the thread beside it, over the time of a turn.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from transformers import BertTokenizer, PreTrainedTokenizerFast

from cilda.distill.clock import Clock
from cilda.distill.data import TokenizedRows, by_length
from cilda.distill.own_text import OwnText
from cilda.distill.recorder import Recorder, RecordSettings
from cilda.runs.layout import create
from cilda.runs.writer import RunWriter
from tests.benchmarks.players import (
    BATCH_SIZE,
    FIRST,
    LAST,
    LONGEST,
    MASK,
    PAD,
    UNKNOWN,
    VOCABULARY,
    make_contrast,
    make_models,
    make_rows,
    our_turns,
    sst2_lengths,
)  # fmt: skip

TURNS = 120
RUN_TURNS = 6000


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    figures = measure()
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:12.4g}")


def measure() -> dict[str, float]:
    """Plays the turns and records them."""
    tokenizer = made_tokenizer()
    rows = with_texts(make_rows(sst2_lengths(20 * BATCH_SIZE)), tokenizer)
    batches = [rows.batch(places) for places in by_length(rows.lengths, BATCH_SIZE)]
    models = make_models()
    turns = our_turns(models, Clock())
    with tempfile.TemporaryDirectory() as folder, RunWriter(create(Path(folder), "run")) as writer:
        settings = RecordSettings(total_turns=RUN_TURNS)
        own = OwnText(tokenizer, LONGEST)
        recorder = Recorder(
            writer,
            own,
            rows.rows,
            settings,
            student=turns.players.student,
            regression=False,
            contrast=make_contrast(models),
        )
        taking = playing = 0.0
        for turn, batch in enumerate(islice(cycle(batches), TURNS), start=1):
            began = time.perf_counter()
            result = turns.student(batch)
            played = time.perf_counter()
            recorder.take("student", batch, result, turn=turn, step=turn, epoch=turn / len(batches))
            taken = time.perf_counter()
            playing, taking = playing + played - began, taking + taken - played
        recorder.settle()
        writing = recorder._worker.submit(time.thread_time).result()
        writer.close()
        records = sum(len(path.read_bytes().splitlines()) for path in writer.folder.augmentations.iterdir())
    return {
        "recording_cost_fraction": (taking + writing) / playing,
        "turn_ms": 1e3 * playing / TURNS,
        "taking_ms": 1e3 * taking / TURNS,
        "writing_ms": 1e3 * writing / TURNS,
        "records_a_turn": records / TURNS,
        "ms_a_record": 1e3 * writing / records,
        "turns_left_out": float(recorder.left_out),
    }


def made_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with a word of its own for each id."""
    names = {PAD: "[PAD]", UNKNOWN: "[UNK]", FIRST: "[CLS]", LAST: "[SEP]", MASK: "[MASK]"}
    words = {names.get(place) or f"word{place}": place for place in range(VOCABULARY)}
    tokenizer: PreTrainedTokenizerFast = BertTokenizer(vocab=words, do_lower_case=True)
    return tokenizer


def with_texts(tokens: TokenizedRows, tokenizer: PreTrainedTokenizerFast) -> TokenizedRows:
    """The same rows with the texts that their tokens are read from."""
    spans = zip(tokens.starts[:-1], tokens.starts[1:], strict=True)
    texts = [str(tokenizer.decode(tokens.ids_Q[begin + 1 : end - 1].tolist())) for begin, end in spans]
    return replace(tokens, rows=replace(tokens.rows, texts=(texts,)))


if __name__ == "__main__":
    main()
