"""What the generator did, in figures: answers, divergence, words, and its own judgement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cilda.rewrites.summaries.rates import Rates
from cilda.rewrites.summaries.spread import EDGES, Spread
from cilda.rewrites.summaries.words import Word
from cilda.rewrites.summary import Summary
from cilda_tui.report.bars import bar, counts, histogram, matrix
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import Element, Nodes, element, said
from cilda_tui.report.parts import aside, charts, facts, table
from cilda_tui.report.words import amount, counted, share

_LONGEST_TOKEN = 40
_PARTNERS = 4


def rewrites(found: Gathered) -> Nodes:
    """Figures of the rewrites that were asked for."""
    summary = found.summary
    if not found.recorded:
        none = (
            "No rewrites were recorded."
            if found.generates
            else "There is no generator in this run: nothing was rewritten."
        )
        return element("p", none)
    if not summary.rewrites:
        return element("p", f"None of {counted(found.recorded, 'rewrite')} fits ", said(found.wanted.where), ".")
    return [
        _asked(found),
        _facts(summary),
        _chosen(summary),
        _histograms(summary),
        _groups("By gold label", "label", [(said(one.label), one.rates) for one in summary.by_class]),
        _groups("Over the run", "steps", [(f"{one.first:,}–{one.last:,}", one.rates) for one in summary.over_steps]),
        _groups("By length", "tokens", [(_length(one.shortest, one.longest), one.rates) for one in summary.by_length]),
        *_words(summary),
    ]


def _asked(found: Gathered) -> Element | None:
    where = found.wanted.where
    if not where:
        return None
    fitting = f"{found.summary.rewrites:,} of {counted(found.recorded, 'rewrite')}"
    return element("p", fitting, " that fit ", element("code", said(where)), ".")


def _facts(summary: Summary) -> Element:
    rates, words = summary.rates, summary.words
    apart = "Distance" if summary.regression else "KL"
    rows: list[tuple[str, Nodes]] = [
        ("Rewrites", f"{summary.rewrites:,} of {counted(summary.texts, 'text')}, {summary.distinct:,} different"),
        ("Recorded as", ", ".join(f"{count:,} {name}" for name, count in summary.why.items() if name)),
    ]
    if rates is not None:
        rows += [
            ("Teacher says another class", _bar(rates.teacher_flips)),
            ("Student says another class", _bar(rates.student_flips)),
            ("They disagree, before", _bar(rates.disagree_before)),
            ("They disagree, after", _bar(rates.disagree)),
        ]
    rows += [
        (f"{apart} after", _spread(summary.kl)),
        (f"{apart} before", _spread(summary.kl_before)),
        ("Contrast", _spread(summary.contrast)),
        ("Generator's entropy", _spread(summary.entropy) or "not recorded"),
        ("Generator's surprise", [_spread(summary.surprise) or "not recorded", _perplexity(summary)]),
        ("Old token came back", _bar(summary.unchanged_share)),
        ("Repeat a word", f"{words.doubled:,} rewrites" if words.doubled else None),
    ]
    return facts(rows)


def _chosen(summary: Summary) -> Element | None:
    if not 0 < summary.rated < summary.rewrites:
        return None
    return aside(
        f"Rates, divergences and the generator's judgement are of the {summary.rated:,} rewrites that were recorded "
        "whatever teacher and student said; words are of all."
    )


def _perplexity(summary: Summary) -> str | None:
    return None if summary.perplexity is None else f"; perplexity {amount(summary.perplexity)}"


def _spread(spread: Spread | None) -> str | None:
    if spread is None:
        return None
    return (
        f"mean {amount(spread.mean)}, median {amount(spread.quartiles[1])}, nine of ten below {amount(spread.ninety)}, "
        f"most {amount(spread.most)}"
    )


def _bar(fraction: float | None) -> Nodes:
    return None if fraction is None else [bar(fraction, colour=0), " ", share(fraction)]


def _histograms(summary: Summary) -> Element | None:
    apart, unit = ("Distance", "") if summary.regression else ("KL(teacher ‖ student)", "nats")
    edges = ["0", *(f"{edge:g}" for edge in EDGES), "∞"]
    return charts(
        [
            histogram(spread.columns, edges, f"{apart} {when}, {counted(spread.count, 'rewrite')}", unit)
            for when, spread in (("after", summary.kl), ("before", summary.kl_before))
            if spread is not None
        ]
    )


def _length(shortest: int, longest: int | None) -> str:
    return f"{shortest}–{longest}" if longest is not None else f"{shortest} and more"


def _groups(title: str, what: str, rows: Sequence[tuple[Nodes, Rates]]) -> Nodes:
    """Rates of some groups, the disagreement as a bar, too."""
    if not rows:
        return None
    head = (what, "", "disagree", "before", "teacher flips", "student flips", "KL", "rewrites")
    told = [
        (
            name, bar(rates.disagree, colour=0), share(rates.disagree), share(rates.disagree_before),
            share(rates.teacher_flips), share(rates.student_flips), amount(rates.kl), f"{rates.count:,}",
        )
        for name, rates in rows
    ]  # fmt: skip
    return [element("h3", title), table(head, told, words=2)]


def _words(summary: Summary) -> Iterator[Nodes]:
    words = summary.words
    if not words.changed:
        return
    yield element("h3", "Words")
    lists = (("Replaced", "by", words.replaced), ("Inserted", "for", words.inserted))
    yield charts([_tokens(title, partner, tokens) for title, partner, tokens in lists])
    if words.doubled_words:
        doubled = ", ".join(f"{token[:_LONGEST_TOKEN]} {count:,}" for token, count in words.doubled_words[:12])
        yield element("p", "Words that follow themselves and did not before: ", said(doubled), ".")
    if words.error:
        yield aside(f"Counts of tokens may be too low by {words.error:,} at most.")
    across = [*dict.fromkeys(new for row in words.kinds.values() for new in row)]
    numbers = [[row.get(new, 0) for new in across] for row in words.kinds.values()]
    yield element("h3", "Parts of the vocabulary")
    yield element("div", matrix([*words.kinds], across, numbers, "from ↓ to →"), class_="scrolling")


def _tokens(title: str, partner: str, tokens: Sequence[Word]) -> Element:
    rows: list[tuple[Nodes, int]] = []
    for word in tokens:
        partners = ", ".join(f"{token[:_LONGEST_TOKEN]} {count:,}" for token, count in word.partners[:_PARTNERS])
        rows.append(([said(word.token, _LONGEST_TOKEN), element("small", f" {partner} ", said(partners))], word.count))
    return element("div", element("h4", f"Most {title.lower()}"), counts(rows, ("token", "times")))
