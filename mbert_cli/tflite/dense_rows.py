"""What the dense maps of a float32 .tflite file read and write when examples are run."""

from collections.abc import Iterator

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.text.batch import Batch
from mbert_cli.tflite.dense_maps import DenseMap, find_dense_maps
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, SIGNATURE, keep_tensors


def dense_rows(
    content: bytes, rows: Batch, threads: int = 1, *, with_padding: bool = False
) -> Iterator[tuple[DenseMap, np.ndarray, np.ndarray]]:
    """Runs examples, and gives for each of them what each dense map reads and writes.

    Args:
        content: A float32 .tflite file with one graph.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32.
        threads: Threads of the interpreter.
        with_padding: Whether padding counts as tokens do.

    Returns:
        The map, then (tokens, inputs) and (tokens, outputs), or one row for [CLS] alone; float32.
    """
    interpreter = keep_tensors(content, threads)
    runner = interpreter.get_signature_runner(SIGNATURE)
    maps = list(find_dense_maps(schema.ModelT.InitFromPackedBuf(content, 0)))
    for row in range(len(rows["token_ids"])):
        runner(**{name: rows[key][row : row + 1].astype(np.int32) for name, key in ARTIFACT_INPUTS.items()})
        is_token = (rows["padding_mask"][row] > 0) | with_padding
        for entry in maps:
            read, written = (_values(interpreter, index, is_token) for index in (entry.read, entry.written))
            yield entry, read, written


def _values(interpreter: Interpreter, index: int, is_token: np.ndarray) -> np.ndarray:
    """The tokens of a tensor, (tokens, channels), or (1, channels)."""
    tensor = interpreter.get_tensor(index)
    rows = tensor.reshape(-1, tensor.shape[-1])
    chosen: np.ndarray = rows[is_token] if len(rows) == len(is_token) else rows
    return chosen
