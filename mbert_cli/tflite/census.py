"""What an artifact computes with, read out of the file, and whether that is what its mode promises.

A quantizer may leave out what it cannot do without a word, so each file is looked at before it is used.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from math import prod

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import RunError
from mbert_cli.tflite.layer_norms import find_layer_norms
from mbert_cli.tflite.modes import MODES, Mode
from mbert_cli.tflite.operation_codes import operation_name
from mbert_cli.word_lists import listed

DENSE = "FULLY_CONNECTED"
"""What the schema calls a dense map."""

SMALL_KERNEL = 1024
"""TensorFlow's converter leaves smaller ones, in numbers, in float32."""

MASKED_LOGITS = "attention_bias/"
"""In the names of what the mask was added to, which come from the layer `attention_bias` of the encoder."""

_TYPES = {code: name.lower() for name, code in vars(schema.TensorType).items() if not name.startswith("_")}
_INTEGER_OPERATIONS = {"ADD", "RESHAPE", "SPLIT"}
_CONVERSIONS = {"CAST", "DEQUANTIZE", "QUANTIZE"}
_ATTENTION = {"BATCH_MATMUL", "SOFTMAX"}


@dataclass(frozen=True)
class Operation:
    """An operation of a model.

    Attributes:
        kind: Its name in the schema; a custom operation has its own.
        name: The name of what it computes first.
        inputs: Types of what it reads, by place; those of constants as they are stored, "" where there is none.
        output: Type of what it computes first.
        shapes: Those of the inputs; () where there is none.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    output: str
    shapes: tuple[tuple[int, ...], ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """How many numbers each input has."""
        return tuple(prod(shape) for shape in self.shapes)


def operations(content: bytes) -> list[Operation]:
    """All operations of a model, in the order in which they run.

    Args:
        content: The content of a .tflite file.
    """
    model = schema.Model.GetRootAs(content, 0)
    graphs = (model.Subgraphs(index) for index in range(model.SubgraphsLength()))
    return [operation for graph in graphs for operation in _operations(model, graph)]


def op_census(content: bytes) -> dict[str, int]:
    """Counts the operations of a model by kind, most frequent first; arguments as for `operations`."""
    return dict(Counter(operation.kind for operation in operations(content)).most_common())


def _operations(model: schema.Model, graph: schema.SubGraph) -> Iterator[Operation]:
    stored: dict[int, str] = {}  # types behind operations that only unpack a constant
    for operator in (graph.Operators(place) for place in range(graph.OperatorsLength())):
        kind, output = operation_name(model.OperatorCodes(operator.OpcodeIndex())), operator.Outputs(0)
        places = [operator.Inputs(place) for place in range(operator.InputsLength())]
        tensors = [None if place < 0 else graph.Tensors(place) for place in places]
        types = tuple(
            "" if tensor is None else stored.get(place, _TYPES[tensor.Type()])
            for place, tensor in zip(places, tensors, strict=True)
        )
        if (
            kind == "DEQUANTIZE"
            and tensors[0] is not None
            and model.Buffers(tensors[0].Buffer()).DataLength()
        ):
            stored[output] = types[0]
        shapes = tuple(() if tensor is None else _shape(tensor) for tensor in tensors)
        computed = graph.Tensors(output)
        yield Operation(kind, computed.Name().decode(), types, _TYPES[computed.Type()], shapes)


def _shape(tensor: schema.Tensor) -> tuple[int, ...]:
    return tuple(tensor.Shape(axis) for axis in range(tensor.ShapeLength()))


def dense_maps(content: bytes) -> list[str]:
    """Names of what the dense maps of a model compute, in the order in which they run."""
    return [operation.name for operation in operations(content) if operation.kind == DENSE]


def dense_census(content: bytes) -> dict[str, int]:
    """Counts dense maps by the types of kernel and rows, such as `int8 x float32`; most frequent first."""
    counts = Counter(
        f"{operation.inputs[1]} x {operation.inputs[0]}"
        for operation in operations(content)
        if operation.kind == DENSE
    )
    return dict(counts.most_common())


def stored_mode(content: bytes) -> str:
    """The one of `MODES` that most of the dense maps of a model are computed in; arguments as for `operations`."""
    found = operations(content)
    counts: Counter[tuple[str, str]] = Counter()
    for operation in found:
        if operation.kind == DENSE:
            counts[operation.inputs[1], _rows_type(operation)] += operation.numbers[1]
    is_integer = any(operation.kind in ("ADD", "SPLIT") and _is_integer(operation) for operation in found)
    return max(
        MODES,
        key=lambda name: (
            counts[MODES[name].weights, MODES[name].activations],
            (MODES[name].quantized_operations == "all") == is_integer,
        ),
    )


def _rows_type(operation: Operation) -> str:
    """What a dense map computes with, as in `Mode.activations`."""
    rows, kernel = operation.inputs[:2]
    return "dynamic_int8" if rows == "float32" and kernel.startswith("int") else rows


def _is_integer(operation: Operation) -> bool:
    return operation.output.startswith("int")


def float_census(content: bytes) -> dict[str, int]:
    """Counts the operations of a model that compute in float, by kind; most frequent first.

    Operations that only change what numbers are stored as, and those that only a type is asked of, compute nothing.
    """
    counts = Counter(
        operation.kind
        for operation in operations(content)
        if operation.output == "float32" and operation.kind not in _CONVERSIONS
    )
    return dict(counts.most_common())


def require_mode(
    content: bytes,
    mode: str,
    kept: Collection[str] = (),
    has_float_parts: bool = False,
    wide: Collection[str] = (),
) -> None:
    """Checks that a file is what its mode promises.

    Args:
        content: The content of a .tflite file.
        mode: A key of `MODES`.
        kept: Names of what dense maps compute that were left in higher precision.
        has_float_parts: Whether products of attention, and LayerNorms with the sums that they read, may be float where
            all else is integer, as on a CPU.
        wide: Names of what has 16 bits where all else has 8.

    Raises:
        RunError: With the operations that are not.
    """
    row, found = MODES[mode], operations(content)
    norms = find_layer_norms(content) if has_float_parts else ()
    wide_row = replace(row, activations="int16")
    wrong = [
        operation
        for operation in found
        if not _fits(operation, wide_row if operation.name in wide else row, kept, has_float_parts, norms)
    ]
    if wrong:
        named = listed([f"{one.kind} {one.name} ({', '.join(one.inputs)})" for one in wrong])
        raise RunError(
            f"Every operation of an artifact is of the types of its mode, {mode}. Received: {named}",
            "Export it in another mode, such as --quantize dynamic_int8, and report what you received.",
        )


def _fits(
    operation: Operation, mode: Mode, kept: Collection[str], has_float_parts: bool, norms: Collection[str]
) -> bool:
    if operation.kind == DENSE and operation.name not in kept:
        is_left_out = not mode.is_quantized_after and operation.numbers[1] < SMALL_KERNEL
        kernel = operation.inputs[1]
        return (kernel, _rows_type(operation)) == (mode.weights, mode.activations) or (
            is_left_out and kernel == "float32"
        )
    if operation.kind == "GATHER" and operation.numbers[0] >= SMALL_KERNEL:
        # where the word table has 4 bits it is looked up by another operation, and only what is left is gathered
        return operation.inputs[0] == ("int8" if mode.has_4_bit_words else mode.table)
    if operation.kind == "EMBEDDING_LOOKUP":
        return operation.inputs[1] == mode.table
    if mode.quantized_operations != "all" or not operation.output or operation.name in norms:
        return True
    is_attention = operation.kind in _ATTENTION or MASKED_LOGITS in operation.name
    if is_attention:
        return has_float_parts or operation.kind not in _ATTENTION or _is_integer(operation)
    return operation.kind not in _INTEGER_OPERATIONS or _is_integer(operation)
