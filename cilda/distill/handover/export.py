"""A model's folder for onnxruntime: graphs, tokenizer and labels, checked row by row against PyTorch."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from cilda import __version__
from cilda.distill.data import TokenizedRows, texts_to_time, tokenize
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import Array, gold_of, logits, predicted
from cilda.distill.handover.graph import graph_inputs, refuse_too_large, write_graph
from cilda.distill.handover.int8 import write_int8
from cilda.distill.handover.names import without_folders
from cilda.distill.handover.onnx_model import OnnxModel
from cilda.distill.handover.report import INT8, ONNX, PYTORCH, TEACHER, Difference, Form, Report, SplitReport
from cilda.distill.handover.sameness import sameness
from cilda.distill.handover.timing import timed
from cilda.distill.metrics import score
from cilda.distill.model_record import RECORD
from cilda.distill.models import Loaded
from cilda.tasks.rows import Rows
from cilda.tasks.task import Task

FILES = {ONNX: "model.onnx", INT8: "model-int8.onnx"}

_BATCH_SIZE = 64
_LIBRARIES = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Asked:
    """What is exported, and on what it is checked."""

    name: str
    """What the report calls the model."""
    task: Task
    splits: Mapping[str, Rows]
    max_length: int
    int8: bool
    threads: int


def export(
    folder: Path, model: Loaded, asked: Asked, *, teacher: Loaded | None, tell: Callable[[str], object]
) -> Report:
    """Fills an empty folder with the model's graph, its 8-bit form if asked for, config, tokenizer and record.

    Model and teacher are in eval mode, their heads in the task's order. Every row goes through every form of the
    model but its teacher, which is only timed. Without a teacher there is nothing of it in the report.

    Raises:
        CildaError: the model is too large, or the exporter cannot do it.
        OSError: the disk refused.
    """
    task = asked.task
    refuse_too_large(model.model, model.source)
    rows = {name: _tokens(one, model, asked) for name, one in asked.splits.items()}
    inputs = graph_inputs(model.model, model.tokenizer)
    with _threads(asked.threads):
        tell("writing the graph")
        opset = write_graph(model.model, inputs, folder / FILES[ONNX])
        if asked.int8:
            tell("writing it with 8-bit weights")
            write_int8(folder / FILES[ONNX], folder / FILES[INT8])
        graphs = {
            form: OnnxModel(folder / FILES[form], asked.threads) for form in (ONNX, *((INT8,) if asked.int8 else ()))
        }
        encoder = Encoder(model.model).eval()
        splits = {}
        for name, tokens in rows.items():
            tell(f"PyTorch: {len(tokens):,} rows of {name}")
            said = {PYTORCH: logits(encoder, tokens, _BATCH_SIZE)}
            for form, graph in graphs.items():
                tell(f"{form}: {len(tokens):,} rows of {name}")
                said[form] = graph.logits(tokens, _BATCH_SIZE)
            splits[name] = _held_together(task, tokens, said)
        tell("timing")
        name, first = next(iter(rows.items()))
        beside = None if teacher is None else _tokens(asked.splits[name], teacher, asked)
        forms, texts = _measured(folder, encoder, first, graphs, teacher, beside)
    _write_rest(folder, model, asked)
    return Report(
        task=task,
        model=asked.name,
        weights_hash=model.weights_hash,
        inputs=inputs,
        opset=opset,
        max_length=asked.max_length,
        threads=asked.threads,
        processor=processor(),
        timed_texts=texts,
        forms=forms,
        splits=splits,
        versions={"cilda": __version__, **{name: version(name) for name in _LIBRARIES}},
    )


def processor(listed: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, or its kind where the system does not tell."""
    try:
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next((name for name in names if name), platform.processor() or platform.machine())


def _tokens(rows: Rows, model: Loaded, asked: Asked) -> TokenizedRows:
    return tokenize(rows, model.tokenizer, asked.max_length, regression=asked.task.regression)


def _held_together(task: Task, tokens: TokenizedRows, said: dict[str, Array]) -> SplitReport:
    """What all forms say of one split, scored and held against PyTorch."""
    gold = None if tokens.rows.labels is None else gold_of(tokens)
    scores = {
        form: {} if gold is None else score(task.metrics, predicted(task, one_NC), gold)
        for form, one_NC in said.items()
    }
    held = {form: sameness(task, said[PYTORCH], one_NC) for form, one_NC in said.items() if form != PYTORCH}
    differences = {}
    for form, one in held.items():
        told = () if task.regression and form == INT8 else one.different
        differences[form] = tuple(
            Difference(tokens.rows.ids[row], _in_words(task, said[PYTORCH], row), _in_words(task, said[form], row))
            for row in told
        )
    return SplitReport(len(tokens), tokens.rows.source, scores, held, differences)


def _in_words(task: Task, logits_NC: Array, row: int) -> Any:
    """What logits say of a row: a label's name, several, or an amount."""
    value = predicted(task, logits_NC[row : row + 1])[0]
    if task.multi_label:
        return [label for label, given in zip(task.labels, value, strict=True) if given]
    return float(value) if task.regression else task.labels[int(value)]


@torch.no_grad()
def _measured(
    folder: Path,
    encoder: Encoder,
    rows: TokenizedRows,
    graphs: Mapping[str, OnnxModel],
    teacher: Loaded | None,
    teacher_rows: TokenizedRows | None,
) -> tuple[dict[str, Form], int]:
    """Sizes and latencies of all forms on the same texts, tokens at hand; and how many texts that were."""
    chosen = texts_to_time(rows.lengths)
    calls: dict[str, list[Callable[[], object]]] = {}
    sizes: dict[str, int] = {}
    if teacher is not None and teacher_rows is not None:
        old = Encoder(teacher.model).eval()
        calls[TEACHER] = [partial(old, teacher_rows.batch([row])) for row in chosen]
        sizes[TEACHER] = _weight_bytes(old)
    calls[PYTORCH] = [partial(encoder, rows.batch([row])) for row in chosen]
    sizes[PYTORCH] = _weight_bytes(encoder)
    for form, graph in graphs.items():
        calls[form] = [partial(graph.run, graph.feed(rows.batch([row]))) for row in chosen]
        sizes[form] = (folder / FILES[form]).stat().st_size
    latencies = timed(calls)
    return {form: Form(sizes[form], latencies[form]) for form in calls}, len(chosen)


def _weight_bytes(encoder: Encoder) -> int:
    return sum(weight.numel() * weight.element_size() for weight in encoder.parameters())


def _write_rest(folder: Path, model: Loaded, asked: Asked) -> None:
    """Config, tokenizer, and a record of the task without the names of this machine's folders."""
    if asked.task.multi_label:
        model.model.config.problem_type = "multi_label_classification"
    model.model.config.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    task = replace(asked.task, title=without_folders(asked.task.title))
    record = {"task": task.to_json(), "max_length": asked.max_length}
    (folder / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """While open, torch computes with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
