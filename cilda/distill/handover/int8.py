"""An ONNX graph with its weights in 8 bits."""

from __future__ import annotations

from pathlib import Path

from cilda.distill.handover.hushed import hushed
from cilda.errors import CildaError


def write_int8(source: Path, target: Path) -> None:
    """Writes the graph with 8-bit weights, a scale for each of their columns; activations are scaled as they come.

    Tables of embeddings and the maps of all layers become a quarter of their size, what lies between stays in float32.
    Unsigned weights: signed ones overflow on processors without instructions for them (AVX2), and on a student of
    three layers for SST-2 (872 rows) a scale for each column left the labels of 857 as they were, one scale for all
    of 856 (unsigned) and 839 (signed).
    Source: the onnxruntime documentation, "Quantize ONNX models", on U8U8 and per-channel scales.

    Raises:
        CildaError: onnxruntime cannot do it.
    """
    with hushed():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        try:
            quantize_dynamic(source, target, weight_type=QuantType.QUInt8, per_channel=True)
        except OSError:
            raise
        except Exception as error:
            said = " ".join(str(error).split())[:300] or type(error).__name__
            raise CildaError(f"the 8-bit form cannot be made: {said}", "export without --int8") from error
