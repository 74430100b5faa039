"""Rewrites of one text by a generator, with what each model says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from cilda.distill.batch import Batch, Masked
from cilda.distill.data import TokenizedRows
from cilda.distill.evaluate import logits
from cilda.distill.generator import draw
from cilda.distill.masking import mask
from cilda.distill.own_text import pieces
from cilda.distill.players import stream
from cilda.distill.probe_answers import Answers, answers_of, apart_of
from cilda.distill.probe_models import ProbeModels, Role, read_as
from cilda.distill.run_generator import Rewriter
from cilda.errors import CildaError
from cilda.rewrites.rewrite import SEPARATOR, Rewrite
from cilda.tasks.rows import Rows

# Each drawn token takes a row as long as the vocabulary, several times: 125 MB at 30,522 entries.
_TOKENS_AT_ONCE = 1024
_BATCH_SIZE = 32


@dataclass(frozen=True)
class Rewriting:
    """How a text is rewritten."""

    count: int = 5
    mask_fraction: float = 0.3
    """Of the tokens, each drawn by itself, as in training."""
    seed: int = 42


@dataclass(frozen=True)
class _Written:
    """A part of the rewrites as tokens, with how the generator judged what it drew."""

    batch: Batch
    drawn: list[list[int]]
    entropy: list[float | None]
    surprise: list[float | None]


def rewritten(
    models: ProbeModels, rows: Rows, said: Mapping[Role, Answers], apart: float | None, how: Rewriting
) -> tuple[Rewrite, ...]:
    """The rewrites of the only row, those first that drive the two models apart most.

    With one model alone those first that move its answer most. `said` and `apart` are of the text as it is. Rewrite i
    depends on the seed and i alone, whatever the count.

    Raises:
        CildaError: the generator answers with what is no number.
    """
    rewriter = models.rewriter
    assert rewriter is not None
    tokens = read_as(rewriter.tokenizer, rows, models)
    at_once = max(1, _TOKENS_AT_ONCE // max(1, int(tokens.lengths[0])))
    made: list[Rewrite] = []
    for first in range(0, how.count, at_once):
        numbers = range(first, min(first + at_once, how.count))
        written = _written(rewriter, tokens, numbers, how, models.device)
        made += _told(models, rewriter, tokens, written, numbers, said, apart)
    return tuple(sorted(made, key=lambda rewrite: -_moved(rewrite)))


def _written(
    rewriter: Rewriter, tokens: TokenizedRows, numbers: range, how: Rewriting, device: torch.device
) -> _Written:
    """The rewrites of these numbers, each drawn from a stream of random numbers of its own."""
    batch = tokens.batch([0] * len(numbers)).to(device)
    length = batch.ids_BT.shape[1]
    mask_id = rewriter.tokenizer.mask_token_id
    assert isinstance(mask_id, int)
    streams = [stream(how.seed, f"probe {number}", device) for number in numbers]
    one = tokens.batch([0]).to(device)
    masked = [mask(one, how.mask_fraction, mask_id, random) for random in streams]
    drawn = [masking.drawn_N.tolist() for masking in masked]
    sizes = [len(places) for places in drawn]
    drawn_N = torch.cat([masking.drawn_N + row * length for row, masking in enumerate(masked)])
    ids_BT = batch.ids_BT
    entropy: list[float | None] = [None] * len(numbers)
    surprise = list(entropy)
    if len(drawn_N):
        ids = torch.cat([masking.ids_BT for masking in masked])
        logits_NV = rewriter.generator.logits(Masked(batch, ids, drawn_N))
        if not logits_NV.amax(dim=-1).isfinite().all():
            raise CildaError(
                f"the generator {rewriter.name} ({rewriter.weights}) answers with what is no number",
                "its weights are damaged, or its training went wrong; name another with --generator",
            )
        parts = zip(logits_NV.split(sizes), streams, strict=True)
        draws = [draw(logits, random) if len(logits) else None for logits, random in parts]
        sampled_N = torch.cat([one.ids_N for one in draws if one is not None])
        ids_BT = ids_BT.flatten().index_copy(0, drawn_N, sampled_N).view_as(ids_BT)
        entropy = [None if one is None else float(one.entropy_N.mean()) for one in draws]
        surprise = [None if one is None else float(one.surprise_N.mean()) for one in draws]
    return _Written(batch.with_ids(ids_BT), drawn, entropy, surprise)


def _told(
    models: ProbeModels,
    rewriter: Rewriter,
    tokens: TokenizedRows,
    written: _Written,
    numbers: range,
    said: Mapping[Role, Answers],
    apart: float | None,
) -> Iterator[Rewrite]:
    """The rewrites with what the models say of them."""
    special: list[bool] = tokens.special_Q.tolist()
    texts = [pieces(rewriter.tokenizer, ids, special) for ids in written.batch.ids_BT.tolist()]
    said_of = {role: heard(models, role, written.batch, len(tokens.rows.texts)) for role in models.readers}
    answers = {role: answers_of(one, regression=models.regression) for role, one in said_of.items()}
    gaps = apart_of(said_of, regression=models.regression)
    real = SEPARATOR.join(pieces(rewriter.tokenizer, tokens.ids_Q.tolist(), special))
    real_tokens = tuple(rewriter.tokenizer.convert_ids_to_tokens(tokens.ids_Q.tolist()))
    for row, number in enumerate(numbers):
        yield Rewrite(
            t=0.0,
            turn=0,
            id=str(number),
            real=real,
            soft=SEPARATOR.join(texts[row]),
            real_tokens=real_tokens,
            soft_tokens=tuple(rewriter.tokenizer.convert_ids_to_tokens(written.batch.ids_BT[row].tolist())),
            drawn=tuple(written.drawn[row]),
            label=None,
            teacher_real=said.get("teacher", ()),
            student_real=said.get("student", ()),
            teacher_soft=answers["teacher"][row] if "teacher" in answers else (),
            student_soft=answers["student"][row] if "student" in answers else (),
            kl_real=apart,
            kl_soft=None if gaps is None else gaps[row],
            regression=models.regression,
            entropy=written.entropy[row],
            surprise=written.surprise[row],
        )


def heard(models: ProbeModels, role: Role, batch: Batch, columns: int) -> Tensor:
    """A model's logits of the generator's tokens, (B, C), on the CPU; one with other tokens reads words in columns."""
    reader, made = models.readers[role], models.rewriter
    assert made is not None
    if role in models.sharing:
        outputs: Tensor = reader.encoder(batch).logits_BC
        return outputs.cpu()
    both = zip(batch.ids_BT.tolist(), batch.special_BT.tolist(), strict=True)
    texts = [pieces(made.tokenizer, ids, special) for ids, special in both]
    rows = Rows(_columns(texts, columns), None, [str(row) for row in range(len(texts))], "rewritten")
    read = read_as(reader.loaded.tokenizer, rows, models)
    return torch.from_numpy(logits(reader.encoder, read, _BATCH_SIZE))


def _columns(texts: list[list[str]], count: int) -> tuple[list[str], ...]:
    """The pieces of each text in one column or two; a special token that a text spells out parts it once more."""
    first = [" ".join(text) if count == 1 else "".join(text[:1]) for text in texts]
    return (first,) if count == 1 else (first, [" ".join(text[1:]) for text in texts])


def _moved(rewrite: Rewrite) -> float:
    """By how much the two are driven apart; of one model alone, how much its answer moved: total variation."""
    if rewrite.gain is not None:
        return rewrite.gain
    before, after = rewrite.teacher_real or rewrite.student_real, rewrite.teacher_soft or rewrite.student_soft
    return sum(abs(one - other) for one, other in zip(before, after, strict=True)) / 2
