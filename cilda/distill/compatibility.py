"""Whether the models of a run fit each other and the task: labels, vocabulary, lengths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from cilda.distill.loading import label_names, last_linear, set_labels
from cilda.errors import CildaError

SPECIAL_TOKENS = ("pad", "cls", "sep", "mask", "unk")
NAMELESS = re.compile(r"label_\d+")


def check_labels(
    config: PreTrainedConfig,
    task_labels: Sequence[str],
    *,
    reorder: bool = False,
    name: str = "the teacher",
    multi_label: bool = False,
) -> tuple[int, ...]:
    """For each of the task's labels, in order, the row of the model's head that stands for it.

    Names are compared without regard to case and punctuation; a head that has only LABEL_0, LABEL_1, … is taken to be
    in the task's order. No labels means regression: one row.

    Raises:
        CildaError: another number of labels, other names, or the same names in another order without `reorder`.
    """
    own = label_names(config)
    rows = len(own)
    if config.problem_type == "multi_label_classification" and not multi_label:
        todo = "learn from your own rows of several labels, with --set multi_label=true, or name another model"
        raise CildaError(f"{name} gives several labels to a text at once", todo)
    if not task_labels or rows == 1:
        if rows == max(len(task_labels), 1):
            return (0,)
        theirs = "one amount (regression)" if rows == 1 else f"{rows} labels ({', '.join(own)})"
        ours = "an amount (regression)" if not task_labels else f"{len(task_labels)} labels ({', '.join(task_labels)})"
        raise CildaError(
            f"{name} gives {theirs}, the task asks for {ours}",
            "name a model fine-tuned for this task, or a plain encoder",
        )
    if rows != len(task_labels):
        raise CildaError(
            f"{name} has {rows} labels ({', '.join(own)}), the task {len(task_labels)} ({', '.join(task_labels)})",
            "name a model fine-tuned for this task, or a plain encoder",
        )
    plain_own, plain_task = [_plain(label) for label in own], [_plain(label) for label in task_labels]
    straight = tuple(range(rows))
    if plain_own == plain_task or all(
        re.fullmatch(rf"label_{index}|{index}", own[index].lower()) for index in straight
    ):
        return straight
    if len(set(plain_task)) != rows or sorted(plain_own) != sorted(plain_task):
        raise CildaError(
            f"{name} has the labels {', '.join(own)}, the task {', '.join(task_labels)}",
            "if they mean the same, write the task's names into id2label of the model's config.json",
        )
    if not reorder:
        raise CildaError(
            f"{name} has the labels in the order {', '.join(own)}, the task {', '.join(task_labels)}",
            "--set reorder_teacher_labels=true brings the teacher's into the task's order",
        )
    return tuple(plain_own.index(label) for label in plain_task)


def reorder_head(model: PreTrainedModel, rows: Sequence[int], task_labels: tuple[str, ...]) -> None:
    """Permute the rows of a head, so that label i is what row `rows[i]` was, and name the labels as the task does."""
    linear = last_linear(model)
    order = torch.tensor(rows)
    with torch.no_grad():
        linear.weight.copy_(linear.weight[order].clone())
        if linear.bias is not None:
            linear.bias.copy_(linear.bias[order].clone())
    set_labels(model.config, task_labels)


def fit_labels(
    model: PreTrainedModel,
    task_labels: tuple[str, ...],
    *,
    reorder: bool = False,
    name: str = "the teacher",
    multi_label: bool = False,
) -> str:
    """Check a trained head against the task, bring it into the task's order and names; a sentence says what was done.

    Raises:
        CildaError: as `check_labels`.
    """
    own = label_names(model.config)
    rows = check_labels(model.config, task_labels, reorder=reorder, name=name, multi_label=multi_label)
    reorder_head(model, rows, task_labels)
    if rows != tuple(range(len(rows))):
        return f"the labels of {name} ({', '.join(own)}) were brought into the task's order ({', '.join(task_labels)})"
    if task_labels and NAMELESS.fullmatch(own[0].lower()):
        return f"the labels of {name} have no names: taken as {', '.join(task_labels)}, in this order"
    return ""


def check_vocabulary(tokenizers: Mapping[str, PreTrainedTokenizerFast]) -> None:
    """Refuse models whose tokenizers give different ids to the same tokens; the first is what the others are held to.

    The keys are words for the user ("teacher bert-base"). Only tokenizers are compared: embedding tables may be padded
    beyond them.

    Raises:
        CildaError: which two differ, in how many tokens, the first of them, or in which special token.
    """
    (first_name, first), *others = tokenizers.items()
    vocabulary = first.get_vocab()
    for name, other in others:
        theirs = other.get_vocab()
        if theirs != vocabulary:
            differing = sorted(
                (token for token in vocabulary.keys() | theirs.keys() if vocabulary.get(token) != theirs.get(token)),
                key=lambda token: (min(vocabulary.get(token, len(vocabulary)), theirs.get(token, len(theirs))), token),
            )
            shown = "; ".join(
                f"{token!r} is {_id(vocabulary.get(token))} and {_id(theirs.get(token))}" for token in differing[:3]
            )
            raise CildaError(
                f"{first_name} and {name} have different vocabularies ({len(vocabulary)} and {len(theirs)} tokens): "
                f"{len(differing)} tokens differ, {shown}",
                "rewritten texts need one vocabulary: name models of one family, or a method without a generator",
            )
        for kind in SPECIAL_TOKENS:
            mine, its = getattr(first, f"{kind}_token_id"), getattr(other, f"{kind}_token_id")
            if None not in (mine, its) and mine != its:
                raise CildaError(
                    f"{first_name} and {name} use different {kind} tokens: "
                    f"{first.convert_ids_to_tokens(mine)!r} ({mine}) and {other.convert_ids_to_tokens(its)!r} ({its})",
                    "rewritten texts need the same special tokens in all models",
                )


def longest_text(model: PreTrainedModel) -> int | None:
    """The most tokens a model has positions for; None where positions are relative only.

    RoBERTa counts positions from its padding id: 514 of them hold 512 tokens. Rotary models name the length they were
    trained for, which counts as their limit.
    """
    config = model.config
    if config.model_type == "deberta-v2" and not getattr(config, "position_biased_input", True):
        return None
    positions = int(config.max_position_embeddings)
    if config.model_type == "roberta":
        return positions - int(config.pad_token_id) - 1
    return positions


def check_max_length(model: PreTrainedModel, max_length: int, *, name: str = "the model") -> None:
    """Refuse a maximum length for which a model has no positions.

    Raises:
        CildaError: with both lengths.
    """
    limit = longest_text(model)
    if limit is not None and max_length > limit:
        raise CildaError(
            f"a maximum length of {max_length} tokens is more than {name} takes: {limit}",
            f"give --max-length {limit} or less",
        )


def count_parameters(model: PreTrainedModel) -> int:
    """Weights of a model, shared ones once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _plain(label: str) -> str:
    """A label's letters and digits, so that NOT_ENTAILMENT is not-entailment."""
    return re.sub(r"[\W_]+", "", label).casefold() or label


def _id(token_id: int | None) -> str:
    """An id, or that there is none."""
    return "unknown" if token_id is None else str(token_id)
