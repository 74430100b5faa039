"""Why there is nothing to see: a run that rewrites no texts, or a filter that none of its rewrites fits."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NoReturn

from cilda.cli.chosen import named
from cilda.errors import CildaError
from cilda.runs.field import mapping, name
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.rewrites.query import Query
    from cilda.runs.layout import RunFolder


def refuse_without_rewrites(folder: RunFolder) -> NoReturn:
    """Says why a run has no rewrites, and what to do.

    Raises:
        CildaError: always.
    """
    from cilda.rewrites.rewriting import rewrites_texts
    from cilda.runs.status import status_of
    from cilda.runs.store import open_run

    record = open_run(folder)
    config = mapping(record.run.get("config"))
    method = name(mapping(record.run.get("method")).get("name")) or name(config.get("method"))
    status = status_of(record)
    if record.run.get("job") == "finetune":
        raise CildaError(f"run {folder.id} trains a teacher alone: no generator rewrites texts in it", _others())
    if rewrites_texts(record.run) is False:
        raise CildaError(
            f"run {folder.id} rewrites no texts: its method {one_line(method)} has no generator", _others()
        )
    if config.get("multi_label") is True:
        raise CildaError(
            f"run {folder.id} records no rewrites: what is kept of them is made for one label a text", _others()
        )
    if config.get("record_texts") == 0:
        raise CildaError(
            f"run {folder.id} records no rewrites: its record_texts is 0",
            f"begin one that does: cilda distill --from {named(folder)} --set record_texts=4",
        )
    if not status.ended:
        raise CildaError(
            f"run {folder.id} has recorded no rewrites yet: it is {status.shown}",
            f"try again when it has done some turns; what it does now: cilda watch {named(folder)}",
        )
    raise CildaError(
        f"run {folder.id} recorded no rewrites before it ended: {status.shown}",
        f"what it printed: cilda logs {named(folder)}",
    )


def may_still_come(folder: RunFolder) -> bool:
    """Whether a run without rewrites goes on and records some: its method has a generator, and it is told to."""
    from cilda.rewrites.rewriting import rewrites_texts
    from cilda.runs.status import status_of
    from cilda.runs.store import open_run

    record = open_run(folder)
    records = mapping(record.run.get("config")).get("record_texts") != 0
    return records and rewrites_texts(record.run) is not False and not status_of(record).ended


def nothing_fits(query: Query, count: int) -> str:
    """That none fits; of a word that nearly names a flag it says so, for it was looked for in the texts."""
    from cilda.rewrites.columns import COLUMNS
    from cilda.rewrites.query_terms import Phrase, simple_terms

    flags = [column.name for column in COLUMNS.values() if column.kind == "flag"]
    for term in simple_terms(query.term):
        near = difflib.get_close_matches(term.phrase, flags, n=1, cutoff=0.7) if isinstance(term, Phrase) else []
        if near:
            return f"none of {count:,} rewrites fits: {term} was looked for in the texts; did you mean {near[0]}?"
    return f"none of {count:,} rewrites fits {query.text}"


def _others() -> str:
    from cilda.methods import METHODS

    names = ", ".join(method.name for method in METHODS.values() if method.needs_generator)
    return f"name a run of a method that has one: {names}; which is which: cilda ps"
