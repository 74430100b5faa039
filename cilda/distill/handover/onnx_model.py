"""An ONNX file that is run by onnxruntime, fed with our batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cilda.distill.batch import Batch
from cilda.distill.data import TokenizedRows, by_length, places_in
from cilda.distill.evaluate import Array
from cilda.distill.handover.graph import OUTPUT

Feed = dict[str, NDArray[np.int64]]


class OnnxModel:
    """A graph on the processor, with so many threads."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = tuple(str(one.name) for one in self._session.get_inputs())

    def feed(self, batch: Batch) -> Feed:
        """What the graph asks for of a batch; segment ids are 0 where the rows have none."""
        types_BT = batch.types_BT if batch.types_BT is not None else batch.ids_BT.new_zeros(batch.ids_BT.shape)
        given = {"input_ids": batch.ids_BT, "attention_mask": batch.attention_BT, "token_type_ids": types_BT}
        return {name: given[name].numpy().astype(np.int64, copy=False) for name in self.inputs}

    def run(self, feed: Feed) -> Array:
        """Logits (B, C), float32."""
        (logits_BC,) = self._session.run([OUTPUT], feed)
        assert isinstance(logits_BC, np.ndarray)
        return logits_BC

    def logits(self, rows: TokenizedRows, batch_size: int, *, tick: Callable[[], object] | None = None) -> Array:
        """Logits (N, C) in the order of the rows, from the same batches as `cilda.distill.evaluate.logits`."""
        order = by_length(rows.lengths, batch_size)
        parts = []
        for positions in order:
            parts.append(self.run(self.feed(rows.batch(positions))))
            if tick is not None:
                tick()
        logits_NC: Array = np.concatenate(parts)[places_in(order)]
        return logits_NC
