"""The word table of a file in 4 bits, with a scale for each row.

LiteRT looks rows of 4 bits up where the operation is EMBEDDING_LOOKUP, which gives floats. litert-quantizer makes no
such table of a GATHER, which is what TensorFlow's converter writes.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.operation_codes import add_operation, operators

_VERSION = 4
"""Of EMBEDDING_LOOKUP, the first that reads 4 bits."""


def store_words_in_four_bits(content: bytes) -> bytes:
    """Turns the largest table that a file gathers rows from into one of 4 bits.

    Args:
        content: A float32 .tflite file.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    found = [
        (len(model.buffers[graph.tensors[operator.inputs[0]].buffer].data), graph, operator)
        for graph, operator, code in operators(model)
        if code == schema.BuiltinOperator.GATHER and _is_table(model, graph.tensors[operator.inputs[0]])
    ]
    if not found:
        return content
    _, graph, operator = max(found, key=lambda entry: entry[0])
    table, ids = operator.inputs
    tensor = graph.tensors[table]
    data = bytes(model.buffers[tensor.buffer].data)
    integers, scales = round_rows(np.frombuffer(data, np.float32).reshape(tensor.shape))
    model.buffers[tensor.buffer].data = pack_four_bits(integers)
    tensor.type = schema.TensorType.INT4
    tensor.quantization = schema.QuantizationParametersT(
        scale=scales, zeroPoint=np.zeros(len(scales), np.int64), quantizedDimension=0
    )
    operator.opcodeIndex = add_operation(model, schema.BuiltinOperator.EMBEDDING_LOOKUP, _VERSION)
    operator.inputs = [ids, table]
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.NONE, None
    return pack_model(model, len(content))


def round_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds each row by the scale that a network learns with, whose clipping and rounding together do the least harm.

    Args:
        table: (rows, dim) float32.

    Returns:
        Integers from -8 to 7, (rows, dim) int8, and what they are multiplied by, (rows,) float32.
    """
    from keras import ops

    from mbert_cli.tflite.grids import grid_of_words

    grid = grid_of_words(table, 4)
    scales: np.ndarray = ops.convert_to_numpy(grid.scale)
    integers = np.clip(np.round(table / scales), grid.lowest, grid.highest)
    return integers.astype(np.int8), scales[:, 0]


def pack_four_bits(integers: np.ndarray) -> np.ndarray:
    """Two numbers of 4 bits in each byte, the first in its lower half; an odd last one alone.

    Args:
        integers: int8 of any shape, from -8 to 7.

    Returns:
        (ceil(numbers / 2),) uint8.
    """
    halves = integers.reshape(-1).view(np.uint8) & 0x0F
    if halves.size % 2:
        halves = np.append(halves, np.uint8(0))
    packed: np.ndarray = halves[0::2] | halves[1::2] << 4
    return packed


def _is_table(model: schema.ModelT, tensor: schema.TensorT) -> bool:
    """Whether a tensor is constant and float32."""
    return tensor.type == schema.TensorType.FLOAT32 and model.buffers[tensor.buffer].data is not None
