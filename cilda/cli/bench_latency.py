"""How long a model takes for one text alone, on the rows of a bench's task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cilda.config import RunConfig


def median_ms(name: str, config: RunConfig) -> float:
    """Milliseconds, the median over texts of all lengths of the split that judges.

    Raises:
        CildaError: the model or the rows are gone.
    """
    from cilda.distill.appraisal import median_latency_ms
    from cilda.distill.data import tokenize
    from cilda.distill.hardware import choose_device
    from cilda.distill.models import load_classifier
    from cilda.distill.task_data import load_task_data

    data = load_task_data(config)
    loaded = load_classifier(name, data.task.labels, allow_pickle=config.allow_pickle, seed=config.seed)
    rows = next(iter(data.validation.values()))
    tokens = tokenize(rows, loaded.tokenizer, config.max_length, regression=data.task.regression)
    return median_latency_ms(loaded.model, tokens, choose_device(config.device))
