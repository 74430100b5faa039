"""The demo corpus: film reviews from a small seeded grammar, with praise or blame that must be read, not counted.

A text holds up to three statements. What decides is how they are joined: the clause after "but" outweighs the one
before it, "although" and "despite" give a clause away, "not" and "never" turn an adjective round. The labelled texts
use common words over and over and rare ones rarely, as people do: whoever has seen few of them knows only the common.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from itertools import accumulate

from cilda.errors import unknown
from cilda.tasks.demo_grammar import NEUTRAL, OPINIONS, TEMPLATES
from cilda.tasks.rows import Rows
from cilda.tasks.task import Task

DEMO = Task(
    "demo",
    texts=("text",),
    labels=("negative", "positive"),
    extra=("unlabelled",),
    title="film reviews from a small grammar, made on the spot: is it praise or blame?",
)

SEED = 20220607
# In this order; a split holds no text of the ones before it.
SIZES = {"validation": 1_000, "train": 10_000, "unlabelled": 6_000}
# How steeply a word's use falls with its place in its list: 0 is all alike, 1 is natural text's (Zipf).
STEEPNESS = {"validation": 0.5, "train": 1.0, "unlabelled": 0.0}


def demo_rows(split: str) -> Rows:
    """The rows of "train", "validation" or "unlabelled" (whose `labels` are None): always the same, no text twice.

    Raises:
        UsageError: another split.
    """
    if split not in SIZES:
        raise unknown("split of demo", split, SIZES)
    seen: set[str] = set()
    for number, name in enumerate(SIZES):
        reviewer = Reviewer(SEED + number, STEEPNESS[name])
        texts: list[str] = []
        while len(texts) < SIZES[name]:
            # Blame and praise in turn: every split is balanced.
            text = reviewer.write("review", len(texts) % 2)
            if text not in seen:
                seen.add(text)
                texts.append(text)
        if name == split:
            break
    labels = None if split == "unlabelled" else [row % 2 for row in range(len(texts))]
    return Rows((texts,), labels, [f"{split}:{row}" for row in range(len(texts))], f"demo corpus, {split}")


class Reviewer:
    """Writes texts of a wanted polarity: 0 blames, 1 praises.

    Draws with `random()` alone, whose sequence Python promises to keep between versions.
    """

    def __init__(self, seed: int, steepness: float) -> None:
        self.draw = random.Random(seed).random
        self.steepness = steepness

    def write(self, template: str, polarity: int) -> str:
        """A text by one of the templates of that name."""
        text = self._named(template, polarity)
        return re.sub(r"\ba (?=[aeiou]|honest)", "an ", text)

    def _named(self, name: str, polarity: int) -> str:
        if name.startswith("-"):
            return self._named(name[1:], 1 - polarity)
        if name in OPINIONS:
            return self._opinion(OPINIONS[name][polarity])
        if name in NEUTRAL:
            return self._any(NEUTRAL[name])
        template = self._any(TEMPLATES[name])
        return re.sub(r"{([^}]+)}", lambda found: self._named(found[1], polarity), template)

    def _any(self, items: list[str] | tuple[str, ...]) -> str:
        return items[int(self.draw() * len(items))]

    def _opinion(self, words: list[str]) -> str:
        heights = list(accumulate(place**-self.steepness for place in range(1, len(words) + 1)))
        return words[bisect(heights, self.draw() * heights[-1])]
