"""A classifier as an ONNX graph: token ids in, logits out, for any number of texts of any length."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.distill.handover.hushed import hushed
from cilda.distill.models import count_parameters
from cilda.errors import CildaError

OUTPUT = "logits"

# A file of the format (protobuf) holds 2 GiB; the graph itself takes a few megabytes.
_MOST_BYTES = 2**31 - 2**25
_FLOAT32_BYTES = 4


class Logits(nn.Module):
    """A model that gives its logits and nothing else."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """Logits (B, C) of ids (B, T), int64."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, **types).logits
        return logits


def graph_inputs(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> tuple[str, ...]:
    """What the graph asks for: ids and mask, and segment ids where the model has them and its tokenizer gives them."""
    has_types = getattr(model.config, "type_vocab_size", 0) > 1 and "token_type_ids" in tokenizer.model_input_names
    return ("input_ids", "attention_mask", *(("token_type_ids",) if has_types else ()))


def refuse_too_large(model: PreTrainedModel, name: str) -> None:
    """Refuses a model that does not fit into one file of the format.

    Raises:
        CildaError: with its size.
    """
    size_bytes = count_parameters(model) * _FLOAT32_BYTES
    if size_bytes > _MOST_BYTES:
        raise CildaError(
            f"{name} has {size_bytes / 1e9:.1f} GB of weights, an ONNX file holds 2 GB at most",
            "export a smaller student",
        )


def write_graph(model: PreTrainedModel, inputs: tuple[str, ...], path: Path) -> int:
    """Writes the model as ONNX in float32, with its weights in the same file; the version of the operators.

    The attention is written out ("eager"), which every family has and which makes the smaller graph; the model itself
    keeps its own. Nothing of this machine goes into the file: the places in source files that the exporter notes at
    every node are left out.

    Raises:
        CildaError: the exporter cannot do it.
    """
    texts, tokens = torch.export.Dim("batch"), torch.export.Dim("length")
    # Two different sizes that are neither 0 nor 1, which the exporter would take for constants.
    ids_BT = torch.full((2, 7), 0 if model.config.pad_token_id else 1)
    mask_BT = torch.ones_like(ids_BT)
    mask_BT[1, 5:] = 0
    examples = {"input_ids": ids_BT, "attention_mask": mask_BT, "token_type_ids": torch.zeros_like(ids_BT)}
    attention = model.config._attn_implementation  # noqa: SLF001 - transformers has no public name to read it by
    model.eval()
    try:
        with hushed(), torch.no_grad():
            model.set_attn_implementation("eager")
            program = torch.onnx.export(
                Logits(model),
                kwargs={name: examples[name] for name in inputs},
                dynamo=True,
                dynamic_shapes={name: {0: texts, 1: tokens} for name in inputs},
                input_names=list(inputs),
                output_names=[OUTPUT],
                verbose=False,
            )
            assert program is not None
            for node in program.model.graph.all_nodes():
                node.metadata_props.clear()
            program.save(path, external_data=False)
    except OSError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise CildaError(
            f"the {model.config.model_type} model cannot be exported: {said}",
            "export with the versions of torch and onnxscript in constraints.txt; --debug shows where it failed",
        ) from error
    finally:
        model.set_attn_implementation(attention)
    return int(program.model.graph.opset_imports[""])
