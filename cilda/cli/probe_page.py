"""What a probe found of one text, as lines for a terminal of any width: text, answers, layers, rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cilda.rewrites.tokens import words_of
from cilda_tui.safe import cut, shown

if TYPE_CHECKING:
    from cilda.distill.probe import Answer
    from cilda.distill.probe_models import ProbeModels
    from cilda.distill.probe_rewrites import Rewriting
    from cilda.distill.probe_similarity import Similarity
    from cilda.rewrites.rewrite import Rewrite

ROLES = ("teacher", "student")
_MARGIN = 10
_NARROWEST = 40
_MOST_CLASSES = 8
_LONGEST_LABEL = 20
_LONGEST_SHOWN = 4000
_BAR = 12
_CELL = 5
_CHANGED = "bold yellow"
_DIM = "dim"
_UNKNOWN = {"[UNK]": "\N{REPLACEMENT CHARACTER}"}
_BETWEEN_TEXTS = frozenset({"[SEP]", "</s>"})


def page(answer: Answer, models: ProbeModels, how: Rewriting, *, width: int, plain: bool) -> Iterator[Text]:
    """The lines of an answer; with `plain` in ASCII. Nothing in a text or a name can move the cursor or be markup."""
    drawing = _Page(max(_NARROWEST, width), plain)
    yield from drawing.text(answer, models)
    yield from drawing.answers(answer, models)
    yield from drawing.layers(answer)
    yield from drawing.rewrites(answer, models, how)
    yield Text()


class _Page:
    """Draws the parts of a page, each with its name in the margin."""

    def __init__(self, width: int, plain: bool) -> None:
        self._width = width
        self._plain = plain
        self._console = Console(width=width, no_color=True)

    def text(self, answer: Answer, models: ProbeModels) -> Iterator[Text]:
        """The text as it was given."""
        for name, text in zip(("text", "and"), answer.texts, strict=False):
            yield from self._folded(name, Text(self._shown(text, _LONGEST_SHOWN)))
        if answer.cut:
            cut_at = f"cut: the models read {models.max_length} tokens of it"
            yield from self._folded("", Text(cut_at, "yellow"))

    def answers(self, answer: Answer, models: ProbeModels) -> Iterator[Text]:
        """What each model says, class by class, and how far the two are apart."""
        roles = [role for role in ROLES if role in answer.said]
        said = [answer.said[role] for role in roles]  # type: ignore[index]
        if models.regression:
            names, order = ["amount"], [0]
        else:
            names = [cut(self._shown(label), _LONGEST_LABEL, self._dots) for label in models.labels]
            order = list(range(len(names)))
            if len(names) > _MOST_CLASSES:
                order = sorted(order, key=lambda place: -max(one[place] for one in said))[:_MOST_CLASSES]
        room = max(cell_len(names[place]) for place in order)
        bar = 0 if models.regression else max(0, min(_BAR, (self._width - _MARGIN - room - 2) // len(said) - 10))
        column = 8 + bar + 2
        header = "".join(role.ljust(column) for role in roles)
        yield from self._whole("answers", Text(" " * (room + 2) + header.rstrip(), _DIM))
        for place in order:
            cells = [f"{one[place]:.3f} {self._bar(one[place], bar)}".ljust(column) for one in said]
            name = names[place] + " " * (room - cell_len(names[place]))
            yield from self._whole("", Text(f"{name}  {''.join(cells).rstrip()}"))
        if len(order) < len(names):
            yield from self._whole("", Text(f"and {len(names) - len(order)} classes more", _DIM))
        yield from self._folded("", Text(self._verdict(answer, models), "bold"))

    def layers(self, answer: Answer) -> Iterator[Text]:
        """Student layers as rows, teacher layers as columns, in as many blocks as the width needs."""
        found = answer.similarity
        if found is None:
            if len(answer.said) > 1:
                yield from self._folded("layers", Text(f"not compared: {answer.unlike}", _DIM))
            return
        chance = [value for row in found.chance for value in row if value is not None]
        by_chance = f"; by chance {_hundredths(min(chance))} to {_hundredths(max(chance))}" if chance else ""
        over = "tokens" if found.over == "tokens" else "words, as their tokens differ"
        what = f"linear CKA over {found.count} {over}, student by teacher layer{by_chance}"
        yield from self._folded("layers", Text(what))
        if found.weak:
            weak = f"weak: so few {found.over} that even layers without any relation are alike"
            yield from self._folded("", Text(weak, "yellow"))
        columns = len(found.cka[0])
        at_once = max(1, (self._width - _MARGIN) // _CELL)
        for first in range(0, columns, at_once):
            yield from self._block(found, range(first, min(first + at_once, columns)))
        marks = "* the most like" + ("   > what it was made from" if found.layer_map else "")
        yield from self._folded("", Text(marks, _DIM))

    def rewrites(self, answer: Answer, models: ProbeModels, how: Rewriting) -> Iterator[Text]:
        """What the generator made, changed words in brackets; what it drove apart most comes first."""
        made = models.rewriter
        if made is None or answer.rewrites is None or not how.count:
            return
        name = self._shown(made.name.rstrip("/").rsplit("/", 1)[-1])
        weights = self._shown(made.weights)
        by = f"by {name}, weights: {weights}; mask {how.mask_fraction:g}, seed {how.seed}"
        yield from self._folded("rewrites", Text(by))
        for rewrite in answer.rewrites:
            gain = "" if rewrite.gain is None else f"{round(rewrite.gain, 3) + 0.0:+.3f}"
            yield from self._folded(gain, self._marked(rewrite))
            yield from self._folded("", Text(self._heard(rewrite, models.labels), _DIM))

    @property
    def _dots(self) -> str:
        return "." if self._plain else "…"

    @property
    def _arrow(self) -> str:
        return "->" if self._plain else "→"

    def _shown(self, text: str, limit: int = 200) -> str:
        return shown(text, ascii=self._plain, limit=limit)

    def _bar(self, value: float, cells: int) -> str:
        halves = round(value * cells * 2) if 0 <= value <= 1 else 0
        if self._plain:
            return "#" * (halves // 2)
        return "█" * (halves // 2) + "▌" * (halves % 2)

    def _verdict(self, answer: Answer, models: ProbeModels) -> str:
        """One sentence on the two, or on the one there is."""
        if models.regression:
            return "" if answer.apart is None else f"distance {answer.apart:.3f}"
        labels = {role: self._shown(models.labels[one.index(max(one))]) for role, one in answer.said.items()}
        if answer.apart is None:
            return f"says {next(iter(labels.values()))}"
        bars = "||" if self._plain else "‖"
        both = f"both say {labels['teacher']}" if answer.agree else "they disagree"
        return f"{both}; KL(teacher {bars} student) {answer.apart:.3f} nats"

    def _block(self, found: Similarity, columns: range) -> Iterator[Text]:
        yield from self._whole("", Text("".join(f"{column + 1:>4} " for column in columns).rstrip(), _DIM))
        for row, values in enumerate(found.cka, start=1):
            line = Text()
            for column in columns:
                value = values[column]
                best = found.best[row - 1] == column + 1
                from_it = ">" if (row, column + 1) in found.layer_map else " "
                cell = f"{from_it}{'-' if value is None else _hundredths(value):>3}{'*' if best else ' '}"
                line.append(cell, "bold" if best else "")
            line.rstrip()
            yield from self._whole(f"student {row}", line)

    def _marked(self, rewrite: Rewrite) -> Text:
        """The rewrite word by word, what has changed in brackets."""
        if not rewrite.changed:
            drawn = len(rewrite.drawn)
            return Text(f"as it was: {drawn} token{'' if drawn == 1 else 's'} drawn, none is another", _DIM)
        text = Text()
        for part in parts(rewrite.soft_tokens, rewrite.changed):
            if text:
                text.append(" ||| ", _DIM)
            for place, (word, changed, glued) in enumerate(part):
                if place and not glued:
                    text.append(" ")
                # In brackets stands what has changed, and nothing else.
                visible = self._shown(_UNKNOWN.get(word, word))
                text.append(f"[{visible}]" if changed else visible, _CHANGED if changed else "")
        return text

    def _heard(self, rewrite: Rewrite, labels: Sequence[str]) -> str:
        """What the models say of a rewrite, in one line."""
        said = []
        if rewrite.kl_real is not None and rewrite.kl_soft is not None:
            measure = "distance" if rewrite.regression else "KL"
            said.append(f"{measure} {rewrite.kl_real:.3f} {self._arrow} {rewrite.kl_soft:.3f}")
        for role, before, after in (
            ("teacher", rewrite.teacher_real, rewrite.teacher_soft),
            ("student", rewrite.student_real, rewrite.student_soft),
        ):
            if not after:
                continue
            if rewrite.regression:
                said.append(f"{role} {before[0]:.3f} {self._arrow} {after[0]:.3f}")
                continue
            was, now = (self._shown(labels[one.index(max(one))]) for one in (before, after))
            said.append(f"{role} {'flips to ' if was != now else ''}{now} {max(after):.2f}")
        return "  ".join(said)

    def _whole(self, name: str, line: Text) -> Iterator[Text]:
        """One line behind the margin, not broken."""
        yield Text.assemble((name.ljust(_MARGIN), "cyan"), line) if line else Text(name)

    def _folded(self, name: str, text: Text) -> Iterator[Text]:
        """A text behind the margin, folded to the width."""
        if not text:
            return
        for place, line in enumerate(text.wrap(self._console, self._width - _MARGIN, overflow="fold")):
            line.rstrip()
            yield from self._whole("" if place else name, line)


def parts(tokens: Sequence[str], changed: Sequence[int]) -> list[list[tuple[str, bool, bool]]]:
    """The words of one text, or of both of a pair: each with whether it has changed and whether it goes on the last.

    Pieces of one word that have changed together are one.
    """
    places = [place for place, token in enumerate(tokens) if token in _BETWEEN_TEXTS and place not in changed]
    found: list[list[tuple[str, bool, bool]]] = []
    for first, end in zip((0, *(place + 1 for place in places)), (*places, len(tokens)), strict=True):
        words: list[tuple[str, bool, bool]] = []
        for word in words_of(tokens[first:end], {place - first for place in changed}):
            if words and word.glued and word.changed and words[-1][1]:
                words[-1] = (words[-1][0] + word.text, True, words[-1][2])
            else:
                words.append((word.text, word.changed, word.glued))
        if words:
            found.append(words)
    return found


def _hundredths(value: float) -> str:
    """`.87` for 0.87, so that many fit side by side."""
    return "1.0" if value >= 0.995 else f"{value:.2f}".removeprefix("0")
