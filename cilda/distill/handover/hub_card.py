"""The card of a student on the hub: what it is, what it is worth with which seeds, how it learned, where it ends."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cilda.distill.handover.names import last_part, without_folders
from cilda.runs.other_seeds import Seed
from cilda.tasks.task import Task

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
# Said elsewhere on the card, or of no interest to others.
_TOLD = {
    "task", "data_dir", "teacher", "student", "generator", "method", "weights", "seed", "name", "runs_dir", "cache_dir",
    "threads", "device", "keep_checkpoints", "checkpoint_every", "train_file", "validation_file", "unlabeled_file",
    "allow_pickle", "max_length",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What is known of a model that goes to the hub."""

    repository: str
    task: Task
    max_length: int
    own_card: str
    """The card in its folder; empty where there is none."""
    run: dict[str, Any] = field(default_factory=dict)
    """What run.json says; empty where no run is known."""
    learning_rate: float | None = None
    """The highest, of the student's turns."""
    seed: int | None = None
    seeds: Sequence[Seed] = ()
    """Of this run and others like it."""
    origin: str | None = None
    """The model that its teacher was fine-tuned from."""
    onnx: str = ""
    """What was found of its ONNX form, in Markdown."""


def hub_card(facts: Facts) -> str:
    """The text of README.md in the repository."""
    sections = [
        ("", _body(facts)),
        ("Scores by seed", _by_seed(facts)),
        ("How it learned", _how(facts)),
        ("ONNX", _onnx(facts)),
        ("Use", _use(facts)),
        ("Limits", _limits(facts)),
    ]
    text = "\n\n".join(f"## {title}\n\n{lines}" if title else lines for title, lines in sections if lines)
    return f"{_front_matter(facts)}\n\n{without_folders(text, *_known_paths(facts.run))}\n"


def _known_paths(run: dict[str, Any]) -> list[str]:
    return [value for value in run.get("config", {}).values() if isinstance(value, str) and value.startswith("/")]


def _front_matter(facts: Facts) -> str:
    """What the hub reads: kind, base model, data, and the scores of this seed."""
    from huggingface_hub import EvalResult, ModelCardData

    task = facts.task
    dataset, configuration = task.hub or (task.name, None)
    own = next((one for one in facts.seeds if one.seed == facts.seed), None)
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type=dataset,
            dataset_name=task.name,
            dataset_config=configuration,
            dataset_split=split,
            metric_type=metric,
            metric_value=value,
        )
        for split, scores in (own.scores if own is not None else {}).items()
        for metric, value in scores.items()
    ]
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag="text-classification",
        tags=["knowledge-distillation", "cilda", *(["onnx"] if facts.onnx else [])],
        base_model=facts.origin if facts.origin is not None and _HUB_ID.fullmatch(facts.origin) else None,
        datasets=[dataset] if task.hub is not None else None,
        metrics=list(task.metrics),
        model_name=facts.repository.rpartition("/")[2] if results else None,
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml().strip()}\n---"


def _body(facts: Facts) -> str:
    """The folder's own card, without what the hub reads."""
    body = re.sub(r"\A---\n.*?\n---\n", "", facts.own_card, flags=re.DOTALL).strip()
    if body:
        # That file does not go along.
        return body.replace("\nThe exact settings are in the run's `run.json`.", "")
    labels = ", ".join(facts.task.labels) or "an amount (regression)"
    return f"# {facts.task.name}: a text encoder\n\n- **Labels**: {labels}"


def _by_seed(facts: Facts) -> str:
    """Scores of each seed, their mean and their spread."""
    if not facts.seeds:
        return ""
    splits = facts.seeds[0].scores
    names = [(split, metric) for split, scores in splits.items() for metric in scores]
    lines = [
        f"| seed | {' | '.join(f'{split} {metric}' for split, metric in names)} |",
        f"|---|{'---:|' * len(names)}",
    ]
    columns = []
    for split, metric in names:
        columns.append([one.scores.get(split, {}).get(metric, float("nan")) for one in facts.seeds])
    for place, one in enumerate(facts.seeds):
        mark = " (this one)" if one.seed == facts.seed else ""
        lines.append(f"| {one.seed}{mark} | {' | '.join(f'{column[place]:.4f}' for column in columns)} |")
    if len(facts.seeds) > 1:
        means = (f"{statistics.mean(column):.4f} ± {statistics.stdev(column):.4f}" for column in columns)
        lines.append(f"| mean ± standard deviation | {' | '.join(means)} |")
    return "\n".join(lines)


def _how(facts: Facts) -> str:
    """Method, terms and settings of the run."""
    run = facts.run
    config = run.get("config", {})
    if not config:
        return ""
    method = run.get("method", {})
    lines = [f"- **Method**: {method.get('name')} ({method.get('source')})"]
    for player, terms in run.get("terms", {}).items():
        if terms:
            said = " + ".join(f"{float(term.get('weight', 0)):.3g} · {term.get('key')}" for term in terms)
            lines.append(f"- **The {player} learns by**: {said}")
    if run.get("terms", {}).get("generator"):
        lines.append(f"- **Generator**: {last_part(str(config.get('generator') or 'of the teacher'))}")
    if facts.origin is not None:
        lines.append(f"- **Its teacher was fine-tuned from**: {last_part(facts.origin)}")
    if facts.learning_rate is not None:
        tokens = config.get("tokens_per_batch")
        batch = (
            f"texts in a turn: {config['batch_size']}" if tokens is None else f"tokens in a turn: {tokens:,} at most"
        )
        lines.append(f"- **Learning rate**: {facts.learning_rate:.3g} at most; {batch}")
    told = _TOLD | ({"learning_rate"} if facts.learning_rate is not None else set())
    chosen = {key: config[key] for key in run.get("origins", {}) if key in config and key not in told}
    if chosen:
        lines.append(f"- **Settings that are not the defaults**: {', '.join(f'{k} = {v}' for k, v in chosen.items())}")
    versions = run.get("versions", {})
    if versions:
        lines.append(f"- **Made with**: {', '.join(f'{name} {number}' for name, number in versions.items())}")
    return "\n".join(lines)


def _onnx(facts: Facts) -> str:
    if not facts.onnx:
        return ""
    return f"The folder `onnx` holds the same model for onnxruntime; the tokenizer is this one.\n\n{facts.onnx}"


def _use(facts: Facts) -> str:
    task = facts.task
    options = ", top_k=None" if task.multi_label else ', function_to_apply="none"' if task.regression else ""
    given = '{"text": "a text", "text_pair": "and its second part"}' if len(task.texts) > 1 else '"a text"'
    return "\n".join(
        (
            "```python",
            "from transformers import pipeline",
            "",
            f'classify = pipeline("text-classification", model="{facts.repository}"{options})',
            f"print(classify({given}))",
            "```",
        )
    )


def _limits(facts: Facts) -> str:
    lines = [f"- It was made for texts of up to {facts.max_length} tokens; what is longer loses its end."]
    if facts.seeds:
        several = len(facts.seeds) > 1
        lines.append(
            "- The scores are of the validation rows by which the best turn was chosen, so a little kind to it"
            + ("." if several else "; one seed, so that nothing is known of the spread between seeds.")
        )
    lines += [
        "- Nothing is known of other domains and languages than those of its data, nor of who is treated worse by it.",
        "- It has learned its teacher's mistakes with the rest.",
        "- No licence is named here: those of the teacher, of the model it was made from, and of the data hold.",
    ]
    return "\n".join(lines)
