"""The top of a page: what was distilled into what, how it went, when, where, by which command."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence

from cilda.runs.field import mapping, name, text
from cilda.runs.summary import Summary, summary_of
from cilda.runs.words import duration
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import Element, Nodes, element, said
from cilda_tui.report.parts import facts, level
from cilda_tui.report.words import counted, score, share, stamp
from cilda_tui.stage_curves import LEARNER, Evaluation
from cilda_tui.view import RunView

_LONGEST = 300
_LONGEST_COMMAND = 3000
_MOST_ARGUMENTS = 500
_MOST_VERSIONS = 30
_SYMBOLS = {"finished": "✓", "running": "●", "failed": "✕", "killed": "✕", "crashed": "✕"}
_LEVELS = {"finished": "good", "running": "good", "failed": "error", "killed": "error", "crashed": "error"}


def head(found: Gathered) -> Nodes:
    """What a reader wants to know first, and what the rest of the page cannot tell."""
    view = found.view
    row = summary_of(view.record, found.now)
    word = view.status.word
    badge = element(
        "span", f"{_SYMBOLS.get(word, '○')} {view.status.shown}", class_=f"badge {_LEVELS.get(word, 'warning')}"
    )
    return element(
        "header",
        element("h1", said(view.folder.id, _LONGEST)),
        element("p", badge, " ", _sentence(row), class_="lead"),
        _figures(found),
        facts(_rows(found, row)),
        _missing(found.missing),
    )


def best_of(view: RunView) -> Evaluation | None:
    """The best evaluation of the newest stage that has one."""
    for stage in reversed(view.stages.values()):
        for evaluation in reversed(stage.evaluations):
            if evaluation.best:
                return evaluation
    return None


def teacher_score(found: Gathered, split: str, metric: str) -> float | None:
    """The teacher's score on a split, as far as it was ever told."""
    outcome = found.view.outcome
    known = found.facts.teacher_scores.get(split, {}).get(metric)
    if known is None and outcome is not None:
        known = outcome.teacher.get(split, {}).get(metric)
    return known


def _sentence(row: Summary) -> Nodes:
    task: Nodes = [" on ", said(row.task, _LONGEST)] if row.task else None
    if row.job == "finetune":
        return ["A teacher, ", said(row.teacher, _LONGEST), ", trained", task, "."]
    if not (row.teacher or row.student):
        return "Nobody has said what was distilled."
    method: Nodes = [", by ", said(row.method, _LONGEST)] if row.method else None
    student = said(row.student or "?", _LONGEST)
    return [student, " distilled from ", said(row.teacher or "?", _LONGEST), task, method, "."]


def _figures(found: Gathered) -> Element | None:
    """The few numbers that say how it went."""
    view, best = found.view, best_of(found.view)
    tiles: list[tuple[str, str, Nodes]] = []
    if best is not None and best.score is not None:
        tiles.append((score(best.score), "", ["best ", said(best.metric, 60), f", turn {best.turn:,}"]))
        of_teacher = teacher_score(found, best.split, best.metric)
        trained = view.stage is not None and view.stage.name != LEARNER
        if of_teacher is not None and not trained:
            reached = share(best.score / of_teacher) if of_teacher > 0 else ""
            tiles.append((score(of_teacher), reached and f"{reached} reached", "the teacher's"))
    outcome = view.outcome
    if outcome is not None and outcome.student_parameters and outcome.teacher_parameters:
        part = share(outcome.student_parameters / outcome.teacher_parameters)
        tiles.append((_millions(outcome.student_parameters), f"{part} of the teacher's", "parameters"))
    took = view.took
    if took is not None:
        tiles.append((duration(took), "", "took" if view.status.ended else "so far"))
    if not tiles:
        return None
    return element(
        "div",
        [
            element("div", element("span", what, class_="what"), element("strong", number), element("span", more))
            for number, more, what in tiles
        ],
        class_="tiles",
    )


def _rows(found: Gathered, row: Summary) -> Iterator[tuple[str, Nodes]]:
    view, run = found.view, found.view.record.run
    why = view.status.why
    yield "state", [view.status.shown, ": " if why else "", said(why, _LONGEST) if why else ""]
    yield "to do", said(todo, _LONGEST) if (todo := _todo(view)) else None
    method = mapping(run.get("method"))
    source = text(method.get("source"), _LONGEST)
    if row.job != "finetune":
        called = said(row.method, _LONGEST) if row.method else None
        yield "method", [called, " (", said(source), ")"] if called and source else called
    yield "teacher", _player(row.teacher, view.outcome.teacher_parameters if view.outcome else None)
    if row.job != "finetune":
        yield "student", _player(row.student, view.outcome.student_parameters if view.outcome else None)
        yield "student's layers", _layers(found)
    yield "task", said(row.task, _LONGEST) if row.task else None
    yield "how far", _progress(view)
    yield "created", stamp(row.created) if row.created else None
    yield "began", stamp(view.began) if view.began is not None else None
    yield "ended", stamp(view.ended) if view.ended is not None else None
    host = view.host or row.host
    yield "machine", [said(host), ", " if view.device else "", said(view.device)] if host or view.device else None
    yield "processes", f"{found.facts.attempts:,}, one after the other" if found.facts.attempts > 1 else None
    yield "versions", said(words, _LONGEST) if (words := _versions(run.get("versions"))) else None
    yield "command line", element("code", said(words, _LONGEST_COMMAND)) if (words := _command(run)) else None
    yield "report", f"made {stamp(found.now)}"


def _player(called: str, parameters: int | None) -> Nodes:
    if not called:
        return None
    return [said(called, _LONGEST), f", {counted(parameters, 'parameter')}" if parameters else ""]


def _layers(found: Gathered) -> Nodes:
    words = found.facts.layers_described
    pairs = ", ".join(f"{mine} ← {theirs}" for mine, theirs in found.facts.layers)
    known = [part for part in (words, f"({pairs})" if pairs else "") if part]
    return said(" ".join(known), 1000) if known else None


def _progress(view: RunView) -> Nodes:
    stage = view.stage
    if stage is None:
        return None
    turn, total = stage.progress.turn, stage.total_turns
    of_all = f" of {total:,}" if total else ""
    epoch = stage.progress.epoch
    passes = f", {epoch:.2f} passes over the rows" if epoch is not None and math.isfinite(epoch) else ""
    return ["stage ", said(stage.name), f": turn {turn:,}{of_all}{passes}"]


def _todo(view: RunView) -> str:
    """What to do, as the worst of what stands says."""
    return next((alert.todo for alert in view.alerts if alert.level == "error" and alert.todo), "")


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:,.1f} M" if parameters >= 1_000_000 else f"{parameters:,}"


def _versions(value: object) -> str:
    known = list(mapping(value).items())[:_MOST_VERSIONS]
    return ", ".join(f"{name(package)} {name(version)}" for package, version in known if isinstance(version, str))


def _command(run: dict[str, object]) -> str:
    words = run.get("argv")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ""
    return shlex.join(text(word, _LONGEST_COMMAND) for word in words[:_MOST_ARGUMENTS])


def _missing(sentences: Sequence[str]) -> Element | None:
    if not sentences:
        return None
    return element(
        "div",
        element("p", level("warning"), " What this page cannot tell:"),
        element("ul", [element("li", said(sentence)) for sentence in sentences]),
        class_="missing",
    )
