"""The model card of a student: what it is, what made it, what it is worth."""

from __future__ import annotations

from cilda import __version__
from cilda.config import RunConfig
from cilda.distill.batching import Batching
from cilda.distill.models import Student
from cilda.distill.outcome import Outcome
from cilda.distill.task_data import TaskData
from cilda.distill.teacher import Teacher


def model_card(config: RunConfig, data: TaskData, teacher: Teacher, student: Student, outcome: Outcome) -> str:
    """The text of README.md in a student's folder."""
    recipe = config.recipe
    task = data.task
    batching = Batching(config.batch_size, config.tokens_per_batch)
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "tags: [knowledge-distillation, cilda]",
        "---",
        "",
        f"# {task.name}: student of {teacher.loaded.source}",
        "",
        f"Distilled with cilda {__version__} by the method `{recipe.name}` ({recipe.source}).",
        "",
        f"- **Student**: {student.description}; {outcome.student_parameters:,} parameters",
        f"- **Teacher**: {teacher.loaded.source}, {outcome.teacher_parameters:,} parameters",
        f"- **Training rows**: {len(data.train):,}, {data.train.source}",
        f"- **Labels**: {', '.join(task.labels) or 'an amount (regression)'}",
        f"- **Turns**: {outcome.turns:,} of {batching}, best at turn {outcome.best_turn:,}",
        f"- **Seed**: {config.seed}; **longest text**: {config.max_length} tokens",
        "",
        "| split | metric | teacher | student |",
        "|---|---|---|---|",
    ]
    for split, scores in outcome.student.items():
        for metric, score in scores.items():
            lines.append(f"| {split} | {metric} | {outcome.teacher[split][metric]:.4f} | {score:.4f} |")
    lines += [
        "",
        "One run with one seed: the best of its evaluations on the split shown, so a little kind to it.",
        "The exact settings are in the run's `run.json`.",
        "",
    ]
    return "\n".join(lines)
