"""A graph as accelerators of phones read it: every tensor begins with the batch.

TFLite's own kernels look at the number of values, and TensorFlow's converter drops each reshape that only adds or takes
away an axis: in what it writes most tensors are (length, dim). LiteRT's GPU accelerator takes the first axis of
whatever is computed for the batch, and the first of a constant (length, dim) for a place in the row. So adding a table
of positions to rows (length, dim) gives nonsense there, though the accelerator calls the file fully accelerated, and a
dense map from (1, length, dim) to (length, dim) with 8-bit weights is refused. It also refuses indices with a batch
axis and slices that take an axis away. Times on a CPU stay what they were.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.operation_codes import add_operation, code_of, operation_of

_Operation = schema.BuiltinOperator

_PLACE_BY_PLACE = {
    _Operation.ADD, _Operation.SUB, _Operation.MUL, _Operation.DIV, _Operation.SQUARED_DIFFERENCE, _Operation.RSQRT,
    _Operation.SQRT, _Operation.RELU, _Operation.RELU6, _Operation.GELU, _Operation.TANH, _Operation.LOGISTIC,
    _Operation.SOFTMAX, _Operation.CAST, _Operation.DEQUANTIZE, _Operation.QUANTIZE,
}  # fmt: skip
"""Operations that compute each place, or each row, alone, and so the same with one more axis in front."""


def keep_batch_axis(model: schema.ModelT) -> None:
    """Makes (1, length, dim) of every tensor (length, dim) that a model computes, in all of its graphs.

    Args:
        model: A model whose first input is (1, length); changed in place.
    """
    for subgraph in model.subgraphs:
        _Graph(model, subgraph).rewrite()


class _Graph:
    """A graph on its way.

    Attributes:
        names: Those of all tensors.
        rows: Tensors (length, dim) that get a batch axis.
        operators: Those that were rewritten.
    """

    def __init__(self, model: schema.ModelT, subgraph: schema.SubGraphT) -> None:
        self.model, self.subgraph = model, subgraph
        self.names = {tensor.name for tensor in subgraph.tensors}
        length = self.shape(subgraph.inputs[0])[1]
        shapes = {index: self.shape(index) for index in self._computed()}
        self.rows = {index for index, shape in shapes.items() if len(shape) == 2 and shape[0] == length}
        self.operators: list[schema.OperatorT] = []
        self._rules: dict[int, Callable[[schema.OperatorT], None]] = {
            _Operation.FULLY_CONNECTED: self._keep_dense,
            _Operation.SPLIT: self._keep_split,
            _Operation.MEAN: self._keep_mean,
            _Operation.RESHAPE: self._keep_reshape,
            **dict.fromkeys(_PLACE_BY_PLACE, self.operators.append),
        }

    def _computed(self) -> Iterator[int]:
        """Tensors that depend on an input: a kernel of float16, which an operator unpacks, is as long as it is."""
        varying = set(self.subgraph.inputs)
        for operator in self.subgraph.operators:
            if not varying.isdisjoint(operator.inputs):
                varying.update(operator.outputs)
                yield from operator.outputs

    def rewrite(self) -> None:
        for operator in self.subgraph.operators:
            code = self._code(operator)
            if code == _Operation.GATHER and len(self.shape(operator.inputs[1])) > 1:
                self._flatten_indices(operator)
            elif code == _Operation.STRIDED_SLICE and operator.builtinOptions.shrinkAxisMask:
                self._slice_without_shrinking(operator)
            elif self.rows.isdisjoint([*operator.inputs, *operator.outputs]):
                self.operators.append(operator)
            else:
                self._rules.get(code, self._reshape_around)(operator)
        for index in self.rows:
            self.subgraph.tensors[index].shape = self._lifted(index)
        self.subgraph.operators = self._without_idle_reshapes()

    def shape(self, index: int) -> list[int]:
        """The shape of a tensor as it was before."""
        return [int(size) for size in self.subgraph.tensors[index].shape]

    def _lifted(self, index: int) -> list[int]:
        """The shape of a tensor as it will be."""
        shape = self.shape(index)
        return [1, *shape] if index in self.rows and len(shape) == 2 else shape

    def _code(self, operator: schema.OperatorT) -> int:
        return operation_of(self.model, operator)

    def _keep_dense(self, operator: schema.OperatorT) -> None:
        """A dense map from (1, length, input_dim); where it reads another form of that, it is reshaped before."""
        rows, kernel = operator.inputs[0], operator.inputs[1]
        (output,) = operator.outputs
        if output in self.rows:
            wanted = [*self._lifted(output)[:-1], self.shape(kernel)[1]]
            if self._lifted(rows) != wanted:
                operator.inputs = [self._reshaped(rows, wanted), *operator.inputs[1:]]
            operator.builtinOptions.keepNumDims = True
        self.operators.append(operator)

    def _keep_split(self, operator: schema.OperatorT) -> None:
        axis, rows = operator.inputs
        operator.inputs = [self._moved_axes(axis), rows]
        self.operators.append(operator)

    def _keep_mean(self, operator: schema.OperatorT) -> None:
        rows, axes = operator.inputs
        operator.inputs = [rows, self._moved_axes(axes)]
        self.operators.append(operator)

    def _moved_axes(self, index: int) -> int:
        """Axes of (length, dim) -> those of (1, length, dim)."""
        axes = self._values(index)
        return self._constant(np.where(axes < 0, axes, axes + 1), self.shape(index))

    def _keep_reshape(self, operator: schema.OperatorT) -> None:
        (output,) = operator.outputs
        self._reshape_into(operator.inputs[0], output)

    def _reshape_around(self, operator: schema.OperatorT) -> None:
        """An operation that takes its tensors as they are: (length, dim)."""
        operator.inputs = [
            self._reshaped(index, self.shape(index)) if index in self.rows else index
            for index in operator.inputs
        ]
        outputs = list(operator.outputs)
        operator.outputs = [
            self._twin(index, self.shape(index)) if index in self.rows else index for index in outputs
        ]
        self.operators.append(operator)
        for flat, index in zip(operator.outputs, outputs, strict=True):
            if flat != index:
                self._reshape_into(flat, index)

    def _flatten_indices(self, operator: schema.OperatorT) -> None:
        """A gather by (1, length) becomes one by (length,)."""
        table, ids = operator.inputs
        (output,) = operator.outputs
        count = int(np.prod(self.shape(ids)))
        operator.inputs = [table, self._reshaped(ids, [count])]
        flat = self._twin(output, [count, self.shape(output)[-1]])
        operator.outputs = [flat]
        self.operators.append(operator)
        self._reshape_into(flat, output)

    def _slice_without_shrinking(self, operator: schema.OperatorT) -> None:
        """A slice that takes an axis away becomes one that leaves it 1 wide."""
        (output,) = operator.outputs
        mask, sliced = operator.builtinOptions.shrinkAxisMask, iter(self.shape(output))
        axes = range(len(self.shape(operator.inputs[0])))
        wide = self._twin(output, [1 if mask >> axis & 1 else next(sliced) for axis in axes])
        operator.builtinOptions.shrinkAxisMask = 0
        operator.outputs = [wide]
        self.operators.append(operator)
        self._reshape_into(wide, output)

    def _reshaped(self, index: int, shape: Sequence[int]) -> int:
        """A tensor in another shape."""
        twin = self._twin(index, shape)
        self._reshape_into(index, twin)
        return twin

    def _reshape_into(self, source: int, target: int) -> None:
        shape = self._lifted(target)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._reshape_code()
        operator.inputs = [source, self._constant(np.array(shape), [len(shape)])]
        operator.outputs = [target]
        operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
        operator.builtinOptions = schema.ReshapeOptionsT()
        operator.builtinOptions.newShape = shape
        self.operators.append(operator)

    def _reshape_code(self) -> int:
        for place, code in enumerate(self.model.operatorCodes):
            if code_of(code) == _Operation.RESHAPE:
                return place
        return add_operation(self.model, _Operation.RESHAPE)

    def _twin(self, index: int, shape: Sequence[int]) -> int:
        """A new tensor like another one, of another shape."""
        like, tensor = self.subgraph.tensors[index], schema.TensorT()
        tensor.type, tensor.quantization, tensor.hasRank = like.type, like.quantization, True
        return self._add(tensor, shape, like.name + b"_reshaped")

    def _constant(self, values: np.ndarray, shape: Sequence[int]) -> int:
        buffer, tensor = schema.BufferT(), schema.TensorT()
        buffer.data = np.frombuffer(values.astype("<i4").tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor.type, tensor.buffer, tensor.hasRank = (
            schema.TensorType.INT32,
            len(self.model.buffers) - 1,
            True,
        )
        return self._add(tensor, shape, b"batch_axis_constant")

    def _add(self, tensor: schema.TensorT, shape: Sequence[int], name: bytes) -> int:
        """Adds a tensor under a name that no other has: calibration tells tensors apart by their names."""
        tensor.shape = list(shape)
        tensor.name = name if name not in self.names else name + b"_%d" % len(self.subgraph.tensors)
        self.names.add(tensor.name)
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def _values(self, index: int) -> np.ndarray:
        data = self.model.buffers[self.subgraph.tensors[index].buffer].data
        return np.frombuffer(bytes(bytearray(data)), "<i4")

    def _without_idle_reshapes(self) -> list[schema.OperatorT]:
        """The operators without reshapes that change nothing."""
        stands_for: dict[int, int] = {}
        kept = []
        for operator in self.operators:
            operator.inputs = [stands_for.get(index, index) for index in operator.inputs]
            source, target = operator.inputs[0], operator.outputs[0]
            is_idle = self._code(operator) == _Operation.RESHAPE and self.shape(source) == self.shape(target)
            if is_idle and target not in self.subgraph.outputs:
                stands_for[target] = source
            else:
                kept.append(operator)
        return kept
