"""The dense maps of a .tflite file, with their kernels."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.operation_codes import operators


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
    for graph, operator, code in operators(model):
        if code == schema.BuiltinOperator.FULLY_CONNECTED:
            read, kernel, *_ = operator.inputs
            (written,) = operator.outputs
            name = graph.tensors[written].name.decode()
            yield DenseMap(name, read, written, graph.tensors[kernel])


def kernel_values(model: schema.ModelT, entry: DenseMap) -> np.ndarray:
    """The kernel of a dense map of a float32 file, (outputs, inputs)."""
    data = bytes(model.buffers[entry.kernel.buffer].data)
    return np.frombuffer(data, np.float32).reshape(entry.kernel.shape)
