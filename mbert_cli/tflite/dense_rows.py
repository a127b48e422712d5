"""What the dense maps of a float32 .tflite file read and write when examples are run."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.text.batch import Batch
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, SIGNATURE, keep_tensors
from mbert_cli.tflite.operation_codes import operation_of


class DenseMap(NamedTuple):
    """A dense map of a file.

    Attributes:
        name: Name of the tensor that it writes.
        read: Index of the tensor that it reads.
        written: Index of the tensor that it writes.
        kernel: Its kernel, (outputs, inputs).
    """

    name: str
    read: int
    written: int
    kernel: schema.TensorT


def find_dense_maps(model: schema.ModelT) -> Iterator[DenseMap]:
    """The dense maps of a model, in the order in which they run."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            if operation_of(model, operator) == schema.BuiltinOperator.FULLY_CONNECTED:
                read, kernel, *_ = operator.inputs
                (written,) = operator.outputs
                name = graph.tensors[written].name.decode()
                yield DenseMap(name, read, written, graph.tensors[kernel])


def kernel_values(model: schema.ModelT, entry: DenseMap) -> np.ndarray:
    """The kernel of a dense map of a float32 file, (outputs, inputs)."""
    data = bytes(model.buffers[entry.kernel.buffer].data)
    return np.frombuffer(data, np.float32).reshape(entry.kernel.shape)


def dense_rows(
    content: bytes, rows: Batch, threads: int = 1
) -> Iterator[tuple[DenseMap, np.ndarray, np.ndarray]]:
    """Runs examples, and gives for each of them what each dense map reads and writes.

    Args:
        content: A float32 .tflite file with one graph.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32.
        threads: Threads of the interpreter.

    Returns:
        The map, then (tokens, inputs) and (tokens, outputs) without padding, or one row for [CLS] alone; float32.
    """
    interpreter = keep_tensors(content, threads)
    runner = interpreter.get_signature_runner(SIGNATURE)
    maps = list(find_dense_maps(schema.ModelT.InitFromPackedBuf(content, 0)))
    for row in range(len(rows["token_ids"])):
        runner(**{name: rows[key][row : row + 1].astype(np.int32) for name, key in ARTIFACT_INPUTS.items()})
        is_token = rows["padding_mask"][row] > 0
        for entry in maps:
            read, written = (_values(interpreter, index, is_token) for index in (entry.read, entry.written))
            yield entry, read, written


def _values(interpreter: Interpreter, index: int, is_token: np.ndarray) -> np.ndarray:
    """A tensor as (tokens, channels) without padding, or (1, channels)."""
    tensor = interpreter.get_tensor(index)
    rows = tensor.reshape(-1, tensor.shape[-1])
    chosen: np.ndarray = rows[is_token] if len(rows) == len(is_token) else rows
    return chosen
