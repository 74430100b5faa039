"""The card of an export: which files there are, whether they say the same, how they are used."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cilda.distill.handover.export import FILES
from cilda.distill.handover.names import last_part, without_folders
from cilda.distill.handover.report import INT8, ONNX, PYTORCH, TEACHER, Report, SplitReport
from cilda.distill.handover.timing import ROUNDS

TITLES = {TEACHER: "teacher, PyTorch", PYTORCH: "PyTorch", ONNX: "ONNX", INT8: "ONNX, 8 bits"}

_MOST_DIFFERENT = 10


def export_card(report: Report, padding: tuple[int, str], about_model: str) -> str:
    """The text of README.md in an export's folder.

    `padding` is the tokenizer's id and token for it; `about_model` the card of the model that was exported, whose
    headings go one level down, or empty.
    """
    task = report.task
    lines = [
        "---",
        "library_name: onnx",
        "pipeline_tag: text-classification",
        "tags: [onnx, onnxruntime, knowledge-distillation, cilda]",
        "---",
        "",
        f"# {task.name}: a text encoder for onnxruntime",
        "",
        *_files(report),
        "",
        "## The same as in PyTorch?",
        "",
        *checked(report),
        "",
        "## Use",
        "",
        "```python",
        *_program(report, padding),
        "```",
    ]
    if about_model.strip():
        lines += ["", "## How the model was made", "", _below(without_folders(about_model))]
    return "\n".join(lines).rstrip() + "\n"


def checked(report: Report) -> list[str]:
    """The report in Markdown: a sentence a graph, a table a split, and how it was timed."""
    lines: list[str] = []
    for name, split in report.splits.items():
        lines += [*verdicts(report, name, split), "", *_table(report, name, split), ""]
    said = (
        "Sizes are of the file, in PyTorch of the weights. Times are for one text alone, median and 95th percentile of "
        f"{report.timed_texts} texts of all lengths, each {ROUNDS} times, the forms in turn, on {on_threads(report)}. "
        "Made with " + ", ".join(f"{library} {number}" for library, number in report.versions.items()) + "."
    )
    return [*lines, said]


def verdicts(report: Report, name: str, split: SplitReport) -> list[str]:
    """One sentence a graph: how often it says the same as PyTorch, how far it is off, what that costs."""
    found = []
    for form, one in split.sameness.items():
        words = f"`{FILES[form]}` on {split.rows:,} rows of {name}: "
        what = "amount" if report.task.regression else "label"
        if report.task.regression and form == INT8:
            words += "amounts differ as 8 bits do"
        elif one.different:
            named = ", ".join(row.id for row in split.differences[form][:_MOST_DIFFERENT])
            more = ", …" if len(one.different) > _MOST_DIFFERENT else ""
            words += f"{len(one.different):,} {what}{'s are' if len(one.different) > 1 else ' is'} not the same"
            words += f" ({named}{more})" if form == ONNX else ""
        else:
            words += f"every {what} is the same"
        words += f"; largest difference of a logit {one.largest_difference:.2g}"
        changes = report.change(name, form)
        if form == INT8 and changes:
            words += "; " + ", ".join(f"{metric} {change:+.4f}" for metric, change in changes.items())
        found.append(words + ".")
    return found


def on_threads(report: Report) -> str:
    """Where it was timed: threads and processor."""
    return f"{report.threads} thread{'s' if report.threads > 1 else ''} of {report.processor}"


def columns(split: SplitReport) -> list[str]:
    """The headings of a split's table."""
    return ["", "MB", *split.scores[PYTORCH], "same", "p50 ms", "p95 ms"]


def rows(report: Report, name: str) -> list[list[str]]:
    """A split's table: each form's size, scores, rows of which it says the same, and speed."""
    split = report.splits[name]
    found = []
    for form, facts in report.forms.items():
        one = split.sameness.get(form)
        blurred = report.task.regression and form == INT8
        same = "-" if one is None or blurred else f"{one.same:,}/{one.rows:,}"
        times = [f"{facts.latency.p50_ms:.2f}", f"{facts.latency.p95_ms:.2f}"]
        own = split.scores.get(form, {})
        scores = [f"{own[metric]:.4f}" if metric in own else "-" for metric in split.scores[PYTORCH]]
        found.append([TITLES[form], f"{facts.size_bytes / 1e6:.1f}", *scores, same, *times])
    return found


def _table(report: Report, name: str, split: SplitReport) -> list[str]:
    head = columns(split)
    return [_row(head), "|---" + "|---:" * (len(head) - 1) + "|", *(_row(cells) for cells in rows(report, name))]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _files(report: Report) -> list[str]:
    task = report.task
    kinds = {ONNX: "float32", INT8: "weights in 8 bits, activations scaled as they come"}
    names = ", ".join(task.labels) or "an amount (regression)"
    return [
        f"- **Model**: {last_part(report.model)}",
        *(f"- **{FILES[form]}**: {words}" for form, words in kinds.items() if form in report.forms),
        f"- **Input**: {', '.join(report.inputs)}; int64, texts × tokens; checked on up to {report.max_length} tokens",
        f"- **Output**: logits, float32, texts × {max(1, len(task.labels))}: {names}"
        + (", any of them at once" if task.multi_label else ""),
        f"- **Operators**: ONNX opset {report.opset}",
    ]


def _program(report: Report, padding: tuple[int, str]) -> list[str]:
    """Python that answers a text with numpy, onnxruntime and tokenizers alone."""
    task = report.task
    pad_id, pad_token = padding
    pairs = len(task.texts) > 1
    inputs = {
        "input_ids": "one.ids",
        "attention_mask": "one.attention_mask",
        "token_type_ids": "one.type_ids",
    }
    if task.multi_label:
        answer = ["print([[label for label, logit in zip(labels, row) if logit > 0] for row in logits])"]
    elif task.regression:
        answer = ["print(logits[:, 0].tolist())"]
    else:
        answer = ["print([labels[place] for place in logits.argmax(axis=1)])"]
    return [
        "import numpy as np",
        "import onnxruntime",
        "from tokenizers import Tokenizer",
        "",
        'tokenizer = Tokenizer.from_file("tokenizer.json")',
        f"tokenizer.enable_truncation({report.max_length})",
        f"tokenizer.enable_padding(pad_id={pad_id}, pad_token={pad_token!r})",
        f'session = onnxruntime.InferenceSession("{FILES[ONNX]}")',
        *([] if task.regression else [f"labels = {list(task.labels)!r}"]),
        f"texts = {[('a text', 'and its second part')] if pairs else ['a text', 'and another']!r}",
        "encoded = tokenizer.encode_batch(texts)",
        "logits = session.run(None, {",
        *(f'    "{name}": np.array([{inputs[name]} for one in encoded]),' for name in report.inputs),
        "})[0]",
        *answer,
    ]


def _below(card: str) -> str:
    """A card without its front matter, its headings one level down."""
    body = re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL)
    return re.sub(r"^(#+ )", r"##\1", body.strip(), flags=re.MULTILINE)
