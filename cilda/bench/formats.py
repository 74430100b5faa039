"""A bench's table as rows of cells, as Markdown and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cilda.bench.table import Line, Table
from cilda.runs.words import duration

SIGNIFICANT = 0.05
_PLACES = 4


def score_columns(table: Table) -> tuple[str, ...]:
    """The head of `score_rows`: a column a task, and the average of several."""
    tasks = [f"{task} ({_metric(table, task)})" for task in table.tasks]
    return ("method", *tasks, *(["average"] if len(tasks) > 1 else []))


def score_rows(table: Table) -> list[tuple[str, ...]]:
    """The teacher and each method with mean ± standard deviation on each task; * where the test finds a difference."""
    rows: list[tuple[str, ...]] = []
    means = [table.teachers[task][0] if task in table.teachers else None for task in table.tasks]
    if any(mean is not None for mean in means):
        known = [mean for mean in means if mean is not None]
        average = [_number(sum(known) / len(known)) if len(known) == len(means) else "-"] if len(means) > 1 else []
        rows.append(("teacher", *map(_number, means), *average))
    for label in table.labels:
        cells = [_score(table.line(task, label)) for task in table.tasks]
        rows.append((label, *cells, *([_number(table.average(label))] if len(table.tasks) > 1 else [])))
    return rows


TEST_COLUMNS = ("on", "seeds", "difference", "95 %", "p", "p (Holm)")


def test_rows(table: Table) -> list[tuple[str, ...]]:
    """Line by line: how much better than the reference, and how sure that is."""
    return [
        (
            f"{line.task} {line.label}",
            f"{len(line.scores)}" + ("" if len(line.scores) == line.planned else f" of {line.planned}"),
            *_test(line, table.reference),
        )
        for line in table.lines
    ]


COST_COLUMNS = ("on", "turns", "trained", "energy")


def cost_rows(table: Table) -> list[tuple[str, ...]]:
    """Line by line: student turns, and what they took with the generator's, mean over seeds."""
    return [
        (
            f"{line.task} {line.label}",
            " to ".join(f"{turns:,}" for turns in sorted({min(line.turns), max(line.turns)})) if line.turns else "-",
            "-" if line.seconds is None else duration(line.seconds),
            "-" if line.joules is None else f"{line.joules / 3600:,.1f} Wh",
        )
        for line in table.lines
    ]


SIZE_COLUMNS = ("task", "model", "parameters", "one text, median")


def size_rows(table: Table) -> list[tuple[str, ...]]:
    """Size and speed of teacher and student on each task."""
    rows: list[tuple[str, ...]] = []
    for task in table.tasks:
        latencies = table.latencies_ms.get(task, {})
        sizes = {
            "teacher": table.teachers[task][1] if task in table.teachers else None,
            "student": next((line.parameters for line in table.lines if line.task == task and line.parameters), None),
        }
        for model, size in sizes.items():
            spoken = f"{latencies[model]:.1f} ms" if model in latencies else "-"
            rows.append((task, model, "-" if size is None else f"{size:,}", spoken))
    return rows


def notes(table: Table) -> list[str]:
    """What must be said beside the table."""
    test = (
        f"Differences are to {table.reference}: a paired bootstrap over the validation rows and the seeds at once; "
        f"* where p < {SIGNIFICANT} after Holm's correction over the whole table."
    )
    said = [f"{_sentence(table.budget)} Mean ± standard deviation over seeds.", test]
    if table.missing:
        said.append(f"{table.missing:,} {'run has' if table.missing == 1 else 'runs have'} not ended yet.")
    said += [f"without a student: {failed}" for failed in table.failed]
    return said


def markdown(table: Table) -> str:
    """The whole as Markdown."""
    parts = [
        _markdown(score_columns(table), score_rows(table)),
        _markdown(TEST_COLUMNS, test_rows(table)),
        _markdown(COST_COLUMNS, cost_rows(table)),
        _markdown(SIZE_COLUMNS, size_rows(table)),
        "\n".join(f"- {_safe_markdown(note)}" for note in notes(table)),
    ]
    return "\n\n".join(parts) + "\n"


def latex(table: Table) -> str:
    """The scores as a LaTeX table for the booktabs package, the notes as its caption."""
    columns, rows = score_columns(table), score_rows(table)
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\begin{{tabular}}{{l{'c' * (len(columns) - 1)}}}",
        r"\toprule",
        " & ".join(map(_safe_latex, columns)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_safe_latex, row)) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{' '.join(_safe_latex(_sentence(note)) for note in notes(table))}}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith(".") else f"{whole}."


def _metric(table: Table, task: str) -> str:
    return next((line.metric for line in table.lines if line.task == task and line.metric), "-").replace("_", " ")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.{_PLACES}f}"


def _score(line: Line | None) -> str:
    if line is None or line.mean is None:
        return "-"
    spread = "" if line.spread is None else f" ± {line.spread:.{_PLACES}f}"
    if len(line.scores) < line.planned:
        spread += f" ({len(line.scores)} of {line.planned})"
    star = "*" if line.p_holm is not None and line.p_holm < SIGNIFICANT else ""
    return f"{line.mean:.{_PLACES}f}{spread}{star}"


def _test(line: Line, reference: str) -> tuple[str, str, str, str]:
    found = line.paired
    if line.label == reference:
        return ("reference", "", "", "")
    if found is None or line.p_holm is None:
        return ("-", "-", "-", "-")
    return (
        f"{found.difference:+.{_PLACES}f}",
        f"{found.low:+.{_PLACES}f} to {found.high:+.{_PLACES}f}",
        f"{found.p:.4f}",
        f"{line.p_holm:.4f}",
    )


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = [_row(columns), "|" + "---|" * len(columns)]
    return "\n".join([*head, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_safe_markdown, cells)) + " |"


def _safe_markdown(text: str) -> str:
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", " ".join(text.split()))


def _safe_latex(text: str) -> str:
    escaped = re.sub(r"([&%$#_{}])", r"\\\1", " ".join(text.split()).replace("\\", "/"))
    escaped = re.sub(r"(?<![\w.])-(?=\d)", r"$-$", escaped)
    for sign in "<>":
        escaped = escaped.replace(sign, f"${sign}$")
    return escaped.replace("±", r"$\pm$").replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
