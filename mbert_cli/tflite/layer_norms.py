"""The operations of a file that make up its LayerNorms, and the sums that these standardize.

They stay float where a CPU runs a file of integers: the variance of a row whose largest feature is a hundred times the
usual one has ten thousand times the usual size, and 256 steps from 0 to it leave none for the other rows.
"""

from collections.abc import Iterator

from ai_edge_litert import schema_py_generated as schema


def find_layer_norms(content: bytes) -> list[str]:
    """Names of what a model computes from the sum that a LayerNorm reads to what it returns, the sum among them.

    A sum with a constant, such as positions that no segments are added to, is not one of them.

    Args:
        content: The content of a .tflite file whose LayerNorms are float.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    return [name for graph in model.subgraphs for name in _Graph(model, graph).norms()]


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
        for operator in self.graph.operators:
            if self._kind(operator) == schema.BuiltinOperator.SQUARED_DIFFERENCE:
                for part in self._norm(operator):
                    yield self.graph.tensors[part.outputs[0]].name.decode()

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

    def _kind(self, operator: schema.OperatorT) -> int:
        code = self.model.operatorCodes[operator.opcodeIndex]
        return int(max(code.builtinCode, code.deprecatedBuiltinCode))
