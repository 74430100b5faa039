"""A text put to teacher and student: what each says, how alike their layers see it, what a generator makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from cilda.distill.data import TokenizedRows
from cilda.distill.probe_answers import Answers, answers_of, apart_of, chosen
from cilda.distill.probe_models import ProbeModels, Role, read_as
from cilda.distill.probe_rewrites import Rewriting, rewritten
from cilda.distill.probe_similarity import FEWEST, Similarity, compared, token_layers
from cilda.distill.probe_words import by_words, word_places
from cilda.errors import CildaError, UsageError
from cilda.rewrites.rewrite import Rewrite
from cilda.tasks.rows import Rows

PAIR = " ||| "
"""Between the two texts of a pair that is written in one line."""


@dataclass(frozen=True)
class Answer:
    """What is said of one text."""

    texts: tuple[str, ...]
    """As given: one, or two of a pair."""
    tokens: tuple[str, ...]
    """As the target reads them, special ones included."""
    cut: bool
    """Whether the text was longer than the models take, and lost its end."""
    said: Mapping[Role, Answers]
    apart: float | None
    """KL(teacher ‖ student) in nats; for regression the distance; None of one model alone."""
    similarity: Similarity | None
    unlike: str
    """Why there is no similarity; empty where there is one."""
    rewrites: tuple[Rewrite, ...] | None
    """Those that drive the two apart most first; None without a generator."""

    @property
    def agree(self) -> bool | None:
        """Whether both say the same class; None for amounts, and of one model alone."""
        answers = [answers for answers in self.said.values() if len(answers) > 1]
        return None if len(answers) < 2 else len({chosen(one) for one in answers}) == 1


def written(line: str, texts: int | None, pair: str | None = None) -> tuple[str, ...]:
    """The text, or both of a pair, that a person wrote; `texts` is how many the models' task has, as far as known.

    Without `pair` a line holds both of them, with `PAIR` between. A model of single texts reads it as it stands. What
    no text can hold (half of a surrogate pair) is replaced.

    Raises:
        UsageError: an empty text; one where two are needed, or two where one is.
    """
    parts = [line] if pair is None else [line, pair]
    if pair is None and texts != 1 and line.count(PAIR) == 1:
        parts = line.split(PAIR)
    if any(not part.strip() for part in parts):
        raise UsageError("the text is empty", "write some words")
    if texts == 2 and len(parts) == 1:
        raise UsageError("these models read two texts at once, and there is one", f"write both: one{PAIR}another")
    if texts == 1 and len(parts) == 2:
        raise UsageError("these models read one text at once, and there are two", "leave --text-pair out")
    return tuple(part.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for part in parts)


class Probe:
    """Answers texts one by one; its models stay loaded."""

    def __init__(self, models: ProbeModels) -> None:
        self.models = models

    @torch.no_grad()
    def answer(self, texts: tuple[str, ...], how: Rewriting) -> Answer:
        """What the models say of a text, or of a pair, and of the generator's rewrites of it.

        The same text, seed and share of masked tokens give the same rewrites; a larger count gives more of them.

        Raises:
            CildaError: a model answers with what is no number.
        """
        rows = Rows(tuple([text] for text in texts), None, ["probe:0"], "as written")
        read = {role: read_as(one.loaded.tokenizer, rows, self.models) for role, one in self.models.readers.items()}
        outputs, layers = {}, {}
        for role, tokens in read.items():
            reader = self.models.readers[role]
            outputs[role], layers[role] = token_layers(reader.encoder, tokens.batch([0]).to(self.models.device))
        for role, one in outputs.items():
            if not one.logits_BC.isfinite().all():
                raise CildaError(
                    f"the {role} {self.models.readers[role].name} answers with what is no number",
                    "its weights are damaged, or its training went wrong: look at the losses of its run",
                )
        regression = self.models.regression
        logits = {role: one.logits_BC.cpu() for role, one in outputs.items()}
        said = {role: answers_of(one, regression=regression)[0] for role, one in logits.items()}
        (apart,) = apart_of(logits, regression=regression) or (None,)
        similarity, unlike = self._similarity(read, layers)
        first = next(iter(read))
        tokenizer = self.models.readers[first].loaded.tokenizer
        return Answer(
            texts=texts,
            tokens=tuple(tokenizer.convert_ids_to_tokens(read[first].ids_Q.tolist())),
            cut=any(tokens.cut for tokens in read.values()),
            said=said,
            apart=apart,
            similarity=similarity,
            unlike=unlike,
            rewrites=None if self.models.rewriter is None else rewritten(self.models, rows, said, apart, how),
        )

    def _similarity(
        self, read: Mapping[Role, TokenizedRows], layers: Mapping[Role, list[Tensor]]
    ) -> tuple[Similarity | None, str]:
        """The two models' layers side by side; or why there is nothing to see."""
        if len(read) < 2:
            return None, "there is one model only"
        student, teacher = layers["student"], layers["teacher"]
        over: Literal["tokens", "words"] = "tokens"
        if read["student"].ids_Q.tolist() != read["teacher"].ids_Q.tolist():
            over = "words"
            places = {
                role: word_places(self.models.readers[role].loaded.tokenizer, tokens, self.models.max_length)
                for role, tokens in read.items()
            }
            student, teacher = by_words(student, places["student"], teacher, places["teacher"])
        count = len(student[0])
        if count < FEWEST:
            return None, f"{count} {over if count != 1 else over[:-1]}: at least {FEWEST} are needed"
        return compared(student, teacher, over, self.models.layer_map), ""
