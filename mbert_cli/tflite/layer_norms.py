"""The operations of a file that make up its LayerNorms, and the sums that these standardize.

They stay float where a CPU runs a file of integers: the variance of a row whose largest feature is a hundred times the
usual one has ten thousand times the usual size, and 256 steps from 0 to it leave none for the other rows. For an NPU
they have 16 bits, and so has what the dense maps before these sums compute: that feature is mostly theirs.
"""

from collections.abc import Iterator

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.operation_codes import operation_of

_ADDED = (schema.BuiltinOperator.MUL, schema.BuiltinOperator.FULLY_CONNECTED)


def find_layer_norms(content: bytes) -> list[str]:
    """Names of what a model computes from the sum that a LayerNorm reads to what it returns, the sum among them.

    A sum with a constant, such as positions that no segments are added to, is not one of them.

    Args:
        content: The content of a .tflite file whose LayerNorms are float.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    return [name for graph in model.subgraphs for name in _Graph(model, graph).norms()]


def find_wide_parts(content: bytes) -> dict[str, bool]:
    """What has 16 bits in a file of 8-bit integers, by name: LayerNorms, the sums that they read, and what these add.

    Args:
        content: As in `find_layer_norms`.

    Returns:
        For each whether it stays inside: what a norm returns is read by dense maps, which have 8 bits.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graphs = [_Graph(model, graph) for graph in model.subgraphs]
    return {name: is_inner for graph in graphs for name, is_inner in graph.wide_parts()}


def multiply_squares(content: bytes) -> bytes:
    """Computes the squares of LayerNorms as products of what is centered, which have a kernel of 16 bits.

    Args:
        content: As in `find_layer_norms`.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    changed = [_Graph(model, graph).multiply_squares() for graph in model.subgraphs]
    return pack_model(model, len(content)) if any(changed) else content


class _Graph:
    """A graph of a model, with what computes and what reads each tensor."""

    def __init__(self, model: schema.ModelT, graph: schema.SubGraphT) -> None:
        self.model, self.graph = model, graph
        self.writers = {index: operator for operator in graph.operators for index in operator.outputs}
        self.readers: dict[int, list[schema.OperatorT]] = {}
        for operator in graph.operators:
            for index in operator.inputs:
                self.readers.setdefault(index, []).append(operator)

    def norms(self) -> Iterator[str]:
        """Names of what their operations compute."""
        for squares in self._all(schema.BuiltinOperator.SQUARED_DIFFERENCE):
            for part in self._norm(squares):
                yield self._name(part)

    def wide_parts(self) -> Iterator[tuple[str, bool]]:
        """Names of what has 16 bits, and whether it stays inside."""
        for squares in self._all(schema.BuiltinOperator.SQUARED_DIFFERENCE):
            parts = self._norm(squares)
            for part in parts:
                yield self._name(part), self._kind(part) != schema.BuiltinOperator.MUL
            for part in self._added(parts[0]):
                yield self._name(part), True

    def _added(self, total: schema.OperatorT) -> Iterator[schema.OperatorT]:
        """What a sum adds: residuals that are products with a vector, and dense maps."""
        for writer in (self.writers.get(index) for index in total.inputs):
            if writer is not None and self._kind(writer) in _ADDED:
                yield writer

    def multiply_squares(self) -> bool:
        """Changes the squares, and says whether there are any."""
        found = self._all(schema.BuiltinOperator.SQUARED_DIFFERENCE)
        centered = {tuple(one.inputs): one.outputs[0] for one in self._all(schema.BuiltinOperator.SUB)}
        products = self._all(schema.BuiltinOperator.MUL)
        for squares in found:
            rows = centered[tuple(squares.inputs)]
            squares.inputs, squares.opcodeIndex = [rows, rows], products[0].opcodeIndex
            squares.builtinOptionsType = schema.BuiltinOptions.MulOptions
            squares.builtinOptions = schema.MulOptionsT()
        return bool(found)

    def _norm(self, squares: schema.OperatorT) -> list[schema.OperatorT]:
        """The operations of a LayerNorm around the squares of what it has centered."""
        rows, mean = squares.inputs
        parts = [self.writers[mean], squares]
        if self._is_sum(rows):
            parts.insert(0, self.writers[rows])
        # variance, with epsilon, its inverse root, and the product with what is centered
        while self._kind(parts[-1]) != schema.BuiltinOperator.MUL:
            parts.append(self.readers[parts[-1].outputs[0]][0])
        centered = (self.writers.get(index) for index in parts[-1].inputs)
        return [*parts, *(part for part in centered if part is not None and part not in parts)]

    def _is_sum(self, rows: int) -> bool:
        """Whether rows are the sum of two tensors that are computed."""
        writer = self.writers.get(rows)
        if writer is None or self._kind(writer) != schema.BuiltinOperator.ADD:
            return False
        return all(index in self.writers for index in writer.inputs)

    def _name(self, operator: schema.OperatorT) -> str:
        """What an operation computes."""
        return str(self.graph.tensors[operator.outputs[0]].name.decode())

    def _kind(self, operator: schema.OperatorT) -> int:
        return operation_of(self.model, operator)

    def _all(self, kind: int) -> list[schema.OperatorT]:
        """Every operator of a kind."""
        return [operator for operator in self.graph.operators if self._kind(operator) == kind]
