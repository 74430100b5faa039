"""Summaries of rewrites, and two runs side by side, as lines for a terminal of any width, or for a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from cilda.runs.words import short
from cilda_tui.safe import cut, shown

if TYPE_CHECKING:
    from cilda.rewrites.compare import Comparison, Side
    from cilda.rewrites.summaries.rates import Rates
    from cilda.rewrites.summaries.spread import Spread
    from cilda.rewrites.summaries.words import Word
    from cilda.rewrites.summary import Summary

_MARGIN = 11
_NARROWEST = 40
_LONGEST_NAME = 20
_BAR = 24
_WORDS = 10
_DIM = "dim"
_NOT_RECORDED = "not recorded: an older version wrote these"
_Row = tuple[str, ...]


def summary_page(summary: Summary, *, width: int, plain: bool) -> Iterator[Text]:
    """The lines of a summary; with `plain` in ASCII. Nothing in a token or a name can move the cursor or be markup."""
    page = _Page(max(_NARROWEST, width), plain)
    yield from page.head(summary)
    yield from page.answers(summary)
    yield from page.divergence(summary)
    yield from page.classes(summary)
    yield from page.steps(summary)
    yield from page.lengths(summary)
    yield from page.words(summary)
    yield from page.language(summary)


def comparison_page(found: Comparison, names: Sequence[str], *, width: int, plain: bool) -> Iterator[Text]:
    """The lines of a comparison, the runs under their names."""
    yield from _Page(max(_NARROWEST, width), plain).comparison(found, names)


class _Page:
    """Draws the parts of a page, each with its name in the margin."""

    def __init__(self, width: int, plain: bool) -> None:
        self._width = width
        self._plain = plain
        self._times, self._dash = ("x", "-") if plain else ("×", "–")

    def head(self, summary: Summary) -> Iterator[Text]:
        """What is summed up."""
        facts = [
            f"{summary.rewrites:,} rewrites of {summary.texts:,} texts, {summary.distinct:,} different",
            *([f"{summary.alike:,} texts have one that another has, too"] if summary.alike else []),
            *([f"turns {summary.turns[0]:,} to {summary.turns[1]:,}"] if summary.turns else []),
            *([f"epochs {short(summary.epochs[0])} to {short(summary.epochs[1])}"] if summary.epochs else []),
            *(f"{count:,} {self._shown(name)}" for name, count in summary.why.items() if name),
            *(f"{count:,} in the {self._shown(name)}'s turns" for name, count in summary.players.items() if name),
        ]
        yield from self._packed("rewrites", facts)
        if 0 < summary.rated < summary.rewrites:
            yield from self._packed(
                "", [f"rates, KL and the generator's judgement are of the {summary.rated:,} that nobody chose"], _DIM
            )

    def answers(self, summary: Summary) -> Iterator[Text]:
        """How often answers change, and differ."""
        rates = summary.rates
        if rates is None:
            if not summary.regression:
                yield from self._packed("answers", ["not recorded"], _DIM)
            return
        shares = (
            ("teacher says another class", rates.teacher_flips),
            ("student says another class", rates.student_flips),
            ("they disagree, before", rates.disagree_before),
            ("they disagree, after", rates.disagree),
        )
        rows = [(name, self._share(share), self._bar(share)) for name, share in shares if share is not None]
        yield from self._rows("answers", rows)

    def divergence(self, summary: Summary) -> Iterator[Text]:
        """The histogram of KL, beside that of the texts as they were."""
        name = "distance" if summary.regression else "KL, nats"
        if summary.kl is None:
            yield from self._packed(name, ["not recorded"], _DIM)
            return
        yield from self._packed(name, [f"after   {self._spread(summary.kl)}"])
        if summary.kl_before is not None:
            yield from self._packed("", [f"before  {self._spread(summary.kl_before)}"])
        yield from self._rows("", [*self._histogram(summary.kl, summary.kl_before)])

    def classes(self, summary: Summary) -> Iterator[Text]:
        """Flips by gold label."""
        rows = [(self._shown(one.label), one.rates) for one in summary.by_class]
        yield from self._rates("by class", rows)

    def steps(self, summary: Summary) -> Iterator[Text]:
        """Flips over the run."""
        rows = [
            (f"{one.first:,}" if one.first == one.last else f"{one.first:,}{self._dash}{one.last:,}", one.rates)
            for one in summary.over_steps
        ]
        if len(rows) > 1:
            yield from self._rates("by step", rows)

    def lengths(self, summary: Summary) -> Iterator[Text]:
        """Agreement by the text's length."""
        rows = []
        for one in summary.by_length:
            end = f"{self._dash}{one.longest}" if one.longest is not None else "+"
            rows.append((f"{one.shortest}{end} tokens", one.rates))
        yield from self._rates("by length", rows)

    def words(self, summary: Summary) -> Iterator[Text]:
        """The most replaced and inserted tokens, and the matrix of kinds."""
        words = summary.words
        yield from self._tokens("replaced", words.replaced, "by", words.changed)
        yield from self._tokens("inserted", words.inserted, "for", words.changed)
        if words.error:
            yield from self._packed("", [f"counts may be too low by {words.error:,} at most"], _DIM)
        if words.kinds:
            columns = [*dict.fromkeys(new for row in words.kinds.values() for new in row)]
            rows: list[_Row] = [("from \\ to", *columns)]
            rows += [(old, *(f"{row.get(new, 0):,}" for new in columns)) for old, row in words.kinds.items()]
            yield from self._rows("kinds", rows, right=True)
        if words.doubled:
            shown = [f"{self._shown(token)} {count:,}" for token, count in words.doubled_words[:_WORDS]]
            share = self._share(words.doubled / summary.rewrites)
            yield from self._packed("doubled", [f"{words.doubled:,} rewrites ({share}) repeat a word:", *shown])

    def language(self, summary: Summary) -> Iterator[Text]:
        """How far the generator takes its own rewrites for language."""
        facts = []
        if summary.unchanged_share is not None:
            facts.append(f"{self._share(summary.unchanged_share)} of the drawn places got their old token back")
        if summary.surprise is not None and summary.perplexity is not None:
            facts.append(f"surprise {self._spread(summary.surprise)}, perplexity {summary.perplexity:,.0f}")
        if summary.entropy is not None:
            facts.append(f"entropy {self._spread(summary.entropy)}")
        if summary.contrast is not None:
            facts.append(f"contrast {self._spread(summary.contrast)}")
        for place, fact in enumerate(facts):
            yield from self._packed("generator" if not place else "", [fact])
        if summary.surprise is None and summary.rewrites:
            yield from self._packed("" if facts else "generator", [f"surprise and entropy {_NOT_RECORDED}"], _DIM)

    def comparison(self, found: Comparison, names: Sequence[str]) -> Iterator[Text]:
        """Both runs in two columns, then the texts that they share."""
        room = max(12, (self._width - 2) // 2 - 16)
        heads = [cut(self._shown(name, 200), room, "." if self._plain else "…") for name in names]
        facts = [self._facts(side) for side in (found.one, found.other)]
        rows: list[_Row] = [("", *heads)]
        rows += [(name, facts[0][name], facts[1].get(name, "")) for name in facts[0]]
        yield from self._rows("", rows)
        shared = found.shared
        if shared is None:
            yield from self._packed("shared", ["no text that both rewrote: nothing to pair"], _DIM)
            return
        error = "" if shared.standard_error is None else f" (standard error {short(shared.standard_error)})"
        yield from self._packed(
            "shared",
            [
                f"{shared.texts:,} texts that both rewrote:",
                f"KL {short(shared.kl_one)} and {short(shared.kl_other)},",
                f"difference {shared.difference:+.3f}{error};",
                f"the first higher on {shared.one_higher:,}, the second on {shared.other_higher:,};",
                f"sign test p = {shared.p:.2g}",
                *(
                    [f"they disagree on {self._share(shared.disagree_one)} and {self._share(shared.disagree_other)}"]
                    if shared.disagree_one is not None
                    else []
                ),
            ],
        )
        for example in shared.examples:
            yield Text()
            for name, text in (("text", example.real), ("first", example.one.soft), ("second", example.other.soft)):
                kl = {"first": example.one.kl_soft, "second": example.other.kl_soft}.get(name)
                said = self._shown(text, 400) if kl is None else f"{short(kl)}  {self._shown(text, 400)}"
                yield from self._packed(name, said.split(" "), gap=" ")

    def _facts(self, side: Side) -> dict[str, str]:
        rates, kl = side.rates, side.kl
        facts: dict[str, float | str | None] = {
            "rewrites": f"{side.rewrites:,}",
            "texts": f"{side.texts:,}",
            "KL, mean": None if kl is None else short(kl.mean),
            "KL, median": None if kl is None else short(kl.quartiles[1]),
            "teacher flips": None if rates is None else self._share(rates.teacher_flips),
            "student flips": None if rates is None else self._share(rates.student_flips),
            "disagree": None if rates is None else self._share(rates.disagree),
            "unchanged": self._share(side.unchanged_share),
            "entropy": None if side.entropy is None else short(side.entropy),
            "surprise": None if side.surprise is None else short(side.surprise),
        }
        return {name: self._dash if fact is None else str(fact) for name, fact in facts.items()}

    def _rates(self, title: str, rows: Sequence[tuple[str, Rates]]) -> Iterator[Text]:
        """A row for each group: how many, flips, disagreement as a bar, KL."""
        if not rows:
            return
        head = ("", "rewrites", "teacher", "student", "KL", "disagree", "")
        cells = [
            (
                cut(name, _LONGEST_NAME, "." if self._plain else "…"),
                f"{rates.count:,}",
                self._share(rates.teacher_flips),
                self._share(rates.student_flips),
                self._dash if rates.kl is None else short(rates.kl),
                self._share(rates.disagree),
                self._bar(rates.disagree),
            )
            for name, rates in rows
        ]
        yield from self._rows(title, [head, *cells])

    def _histogram(self, after: Spread, before: Spread | None) -> Iterator[_Row]:
        from cilda.rewrites.summaries.spread import EDGES

        first, last = (next((at for at in order if after.columns[at] or (before is not None and before.columns[at])), 0)
                       for order in (range(len(EDGES) + 1), range(len(EDGES), -1, -1)))  # fmt: skip
        names = [f"< {EDGES[0]:g}", *(f"< {edge:g}" for edge in EDGES[1:]), f">= {EDGES[-1]:g}"]
        for at in range(first, last + 1):
            share = after.columns[at] / after.count
            old = "" if before is None else self._share(before.columns[at] / before.count)
            yield names[at], self._share(share), self._bar(share), old and f"before {old}"

    def _tokens(self, title: str, words: Sequence[Word], partner: str, changed: int) -> Iterator[Text]:
        rows = []
        for word in words[:_WORDS]:
            partners = ", ".join(f"{self._shown(token)} {count:,}" for token, count in word.partners)
            share = self._share(word.count / changed)
            rows.append(
                (self._shown(word.token), f"{word.count:,}", share, f"{partner} {partners}" if partners else "")
            )
        yield from self._rows(title, rows)

    def _rows(self, title: str, rows: Sequence[_Row], *, right: bool = False) -> Iterator[Text]:
        """Aligned columns, cut to the width; the first column left, numbers right."""
        columns = list(zip_longest(*rows, fillvalue=""))
        widths = [max(cell_len(cell) for cell in column) for column in columns]
        numbers = [
            right or all(not cell or cell[0].isdigit() or cell == self._dash for cell in column[1:])
            for column in columns
        ]
        for row_number, row in enumerate(rows):
            cells = []
            for place, (cell, width) in enumerate(zip(row, widths, strict=False)):
                blanks = " " * (width - cell_len(cell))
                cells.append(blanks + cell if place and numbers[place] else cell + blanks)
            line = cut("  ".join(cells).rstrip(), self._width - _MARGIN, "." if self._plain else "…")
            yield self._line(title if not row_number else "", line)

    def _packed(self, title: str, cells: Sequence[str], style: str = "", *, gap: str = "  ") -> Iterator[Text]:
        """Cells in as few lines as they need; one that is wider than the page is broken between its words."""
        room = self._width - _MARGIN
        lines = [""]
        for cell in cells:
            for part in [cell] if cell_len(cell) <= room else cell.split(" "):
                joined = f"{lines[-1]}{gap if part is cell else ' '}{part}" if lines[-1] else part
                if cell_len(joined) <= room:
                    lines[-1] = joined
                else:
                    lines.append(cut(part, room, ""))
        for number, line in enumerate(line for line in lines if line):
            yield self._line(title if not number else "", line, style)

    def _line(self, title: str, line: str, style: str = "") -> Text:
        return Text.assemble((title.ljust(_MARGIN), "bold"), (line, style))

    def _spread(self, spread: Spread) -> str:
        return (
            f"mean {short(spread.mean)}, median {short(spread.quartiles[1])}, "
            f"nine of ten below {short(spread.ninety)}, most {short(spread.most)}"
        )

    def _share(self, share: float | None) -> str:
        return self._dash if share is None else f"{share:.1%}"

    def _bar(self, share: float | None) -> str:
        cells = min(_BAR, max(4, self._width - _MARGIN - 50))
        halves = round(cells * 2 * (share or 0.0))
        return "#" * (halves // 2) if self._plain else "█" * (halves // 2) + "▌" * (halves % 2)

    def _shown(self, text: str, limit: int = 40) -> str:
        return shown(text, ascii=self._plain, limit=limit)
