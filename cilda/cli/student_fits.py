"""Whether a teacher has room for the student that was asked for, by its config.json alone: no torch, no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cilda.bench.concerns import concerns
from cilda.distill.student_spec import Shape, parse_size, refuse_impossible
from cilda.families import SHORT_NAMES
from cilda.methods.layer_maps import layer_pairs
from cilda.runs.atomic import read_json

if TYPE_CHECKING:
    from cilda.config import RunConfig

# DistilBERT and ModernBERT have names of their own.
_LAYERS, _WIDTH, _HEADS = ("num_hidden_layers", "n_layers"), ("hidden_size", "dim"), ("num_attention_heads", "n_heads")


def refuse_impossible_student(config: RunConfig) -> None:
    """Refuses letters of a student, or a layer map, that the teacher, lying here or known by name, has no room for.

    Of models that must be fetched first nothing is known yet, and nothing is said.

    Raises:
        UsageError: letters that say nothing, more layers than the teacher has, heads that do not divide a width; or a
            pair of layers that there is not.
    """
    size = parse_size(config.student)
    shape = _shape(config.teacher)
    if size is not None and shape is not None:
        refuse_impossible(size, shape)
    known = _shape(config.student) if size is None else size
    if shape is not None and known is not None and concerns(config.recipe, "layer_map"):
        layer_pairs(config.layer_map, known.layers, shape.layers)


def _shape(name: str) -> Shape | None:
    if name in SHORT_NAMES:
        short = SHORT_NAMES[name]
        return _of_config(short.repository) or Shape("", short.layers, short.width, None)
    return _of_config(name)


def _of_config(name: str) -> Shape | None:
    """What a model's config.json says, if there is one on this machine that can be read."""
    folder = Path(name).expanduser()
    content = read_json(folder / "config.json" if folder.is_dir() else _cached(name))
    layers, width, heads = (
        next((value for key in keys if type(value := content.get(key)) is int and value > 0), None)
        for keys in (_LAYERS, _WIDTH, _HEADS)
    )
    return None if layers is None or width is None else Shape(str(content.get("model_type")), layers, width, heads)


def _cached(name: str) -> Path:
    """Where the hub's cache has a model's config.json; a path to nothing where it has none."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        found = None
    return Path(found) if isinstance(found, str) else Path("no-such-folder", "config.json")
