"""A student from a few letters: layers cut from the teacher, a narrower fresh model, or one with a name."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from transformers import AutoModelForSequenceClassification, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from cilda.distill.compatibility import check_labels, fit_labels
from cilda.distill.loading import Loaded, load_classifier, quiet, seeded, set_labels
from cilda.distill.student_spec import (
    SPEC_FORMS,
    Shape,
    Size,
    is_cut,
    parse_size,
    refuse_impossible,
    refuse_more_layers,
)
from cilda.errors import CildaError, UsageError
from cilda.families import FAMILIES


@dataclass(frozen=True)
class Student:
    """A student before it learns."""

    model: PreTrainedModel
    """On the CPU, float32, its config naming the task's labels."""
    tokenizer: PreTrainedTokenizerFast
    source: str
    """Hub id, folder, or the letters."""
    layer_map: tuple[tuple[int, int], ...]
    """(student layer, teacher layer) for every layer that was copied, counted from 1; empty where none was."""
    description: str


def make_student(
    spec: str,
    teacher: Loaded,
    task_labels: tuple[str, ...],
    *,
    allow_pickle: bool = False,
    seed: int,
    attention: str | None = None,
) -> Student:
    """The student that `spec` asks for: "6L", "6L-384H", "6L-384H-12A", or any name of a model.

    "6L" copies layers cut evenly from the teacher, and everything outside the layers: embeddings, pooler, head,
    relative positions, norms. A width equal to the teacher's means the same. Another width makes fresh weights of the
    teacher's family with its vocabulary. The teacher's head must already be in the task's order; a named student whose
    trained head fits the task keeps it, brought into the task's order, any other gets a fresh one.

    Raises:
        UsageError: letters that say nothing, or more layers than the teacher has.
        CildaError: a named model that cannot be loaded.
    """
    size = parse_size(spec)
    if size is None:
        return _named(spec, task_labels, allow_pickle, seed, attention)
    check_labels(teacher.model.config, task_labels)
    config = teacher.model.config
    shape = Shape(config.model_type, config.num_hidden_layers, config.hidden_size, config.num_attention_heads)
    refuse_impossible(size, shape)
    if is_cut(size, shape):
        return _cut(spec, size.layers, teacher, task_labels, seed)
    return _fresh(spec, size, teacher, task_labels, seed)


def even_layers(student_layers: int, teacher_layers: int) -> tuple[int, ...]:
    """The teacher layer, counted from 1, for each student layer: evenly spread, first and last included.

    12 to 6 gives 1, 3, 5, 8, 10, 12; 6 to 3 gives 1, 3, 6. One layer alone is the teacher's first: it is the one that
    was trained to read embeddings (DistilBERT, too, begins with it).

    Raises:
        UsageError: more layers than the teacher has.
    """
    refuse_more_layers(student_layers, teacher_layers)
    if student_layers == 1:
        return (1,)
    step = (teacher_layers - 1) / (student_layers - 1)
    return tuple(round(layer * step) + 1 for layer in range(student_layers))


def _cut(spec: str, layers: int, teacher: Loaded, task_labels: tuple[str, ...], seed: int) -> Student:
    """The teacher with some of its layers; everything outside the layers is copied as it is."""
    config = copy.deepcopy(teacher.model.config)
    taken = even_layers(layers, config.num_hidden_layers)
    if getattr(config, "layer_types", None) is not None:
        config.layer_types = [config.layer_types[layer - 1] for layer in taken]
    config.num_hidden_layers = layers
    set_labels(config, task_labels)
    model = _new(config, seed)
    prefix = f"{model.base_model_prefix}.{FAMILIES[config.model_type].layers}."
    places = {f"{prefix}{layer - 1}.": f"{prefix}{place}." for place, layer in enumerate(taken)}
    weights = {}
    for key, tensor in teacher.model.state_dict().items():
        if not key.startswith(prefix):
            weights[key] = tensor
        elif (old := prefix + key.removeprefix(prefix).partition(".")[0] + ".") in places:
            weights[places[old] + key.removeprefix(old)] = tensor
    model.load_state_dict(weights, strict=True)
    copied = "embeddings, pooler" if any(".pooler." in f".{key}" for key in weights) else "embeddings"
    listed = ", ".join(str(layer) for layer in taken)
    description = (
        f"layer{'s' if layers > 1 else ''} {listed} of the teacher's {teacher.model.config.num_hidden_layers}; "
        f"{copied} and head copied"
    )
    return Student(model, teacher.tokenizer, spec, tuple(enumerate(taken, start=1)), description)


def _fresh(spec: str, size: Size, teacher: Loaded, task_labels: tuple[str, ...], seed: int) -> Student:
    """A model of the teacher's family and vocabulary in another width, its weights drawn from the seed."""
    config = copy.deepcopy(teacher.model.config)
    assert size.width is not None
    width, old_width = size.width, int(config.hidden_size)
    heads = size.heads if size.heads is not None else fitting_heads(width, even=config.model_type == "modernbert")
    if getattr(config, "layer_types", None) is not None:
        kinds = config.layer_types
        config.layer_types = [kinds[layer % len(kinds)] for layer in range(size.layers)]
    inner = "hidden_dim" if hasattr(config, "hidden_dim") else "intermediate_size"
    setattr(config, inner, max(1, round(getattr(config, inner) * width / old_width)))
    for name in ("embedding_size", "pooler_hidden_size"):
        if hasattr(config, name):
            setattr(config, name, width if getattr(config, name) == old_width else min(getattr(config, name), width))
    if hasattr(config, "attention_head_size"):
        config.attention_head_size = width // heads
    config.num_hidden_layers, config.hidden_size, config.num_attention_heads = size.layers, width, heads
    set_labels(config, task_labels)
    model = _new(config, seed)
    description = f"{size.layers} layers of width {width} with {heads} attention heads, fresh weights"
    return Student(model, teacher.tokenizer, spec, (), description)


def fitting_heads(width: int, *, even: bool = False) -> int:
    """Attention heads for a width: 64 wide each where that fits, else the divisor of the width nearest to that.

    Of two equally near the fewer. `even` asks for heads of even width, where one is possible.
    """
    divisors = [heads for heads in range(1, width + 1) if width % heads == 0]
    if even:
        divisors = [heads for heads in divisors if (width // heads) % 2 == 0] or [1]
    return min(divisors, key=lambda heads: abs(heads - width / 64))


def _named(spec: str, task_labels: tuple[str, ...], allow_pickle: bool, seed: int, attention: str | None) -> Student:
    """A model by its name, with its own head where that fits the task, in the task's order."""
    try:
        loaded = load_classifier(spec, task_labels, allow_pickle=allow_pickle, seed=seed, attention=attention)
    except UsageError as error:
        raise UsageError(error.what, f"{error.todo}; or {SPEC_FORMS}") from error
    head = "fresh head"
    if loaded.has_head:
        try:
            said = fit_labels(loaded.model, task_labels, reorder=True, name="the student")
            head = "its own head" + (f": {said}" if said else "")
        except CildaError as misfit:
            loaded = load_classifier(
                spec, task_labels, allow_pickle=allow_pickle, seed=seed, attention=attention, keep_head=False
            )
            head = f"fresh head, as {misfit.what}"
    layers = loaded.model.config.num_hidden_layers
    return Student(loaded.model, loaded.tokenizer, loaded.source, (), f"{loaded.source}, {layers} layers, {head}")


def _new(config: PreTrainedConfig, seed: int) -> PreTrainedModel:
    """A model with weights drawn from the seed, in float32, with the attention that its config has."""
    attention = config._attn_implementation  # noqa: SLF001 - transformers has no public name to read it by
    with quiet(), seeded(seed):
        model = AutoModelForSequenceClassification.from_config(
            config, attn_implementation=attention, dtype=torch.float32, trust_remote_code=False
        )
    assert isinstance(model, PreTrainedModel)
    model.train(False)
    return model
