"""Which builtin operation an operator of a .tflite model is, and how a model gets one that it has not had."""

from collections.abc import Iterator

from ai_edge_litert import schema_py_generated as schema

OPERATION_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}
"""What the schema calls each of its builtin operations."""


def code_of(code: schema.OperatorCodeT) -> int:
    """A value of `schema.BuiltinOperator`; old files have it in another field than new ones."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def operation_of(model: schema.ModelT, operator: schema.OperatorT) -> int:
    """The value of `schema.BuiltinOperator` of an operator."""
    return code_of(model.operatorCodes[operator.opcodeIndex])


def operators(model: schema.ModelT) -> Iterator[tuple[schema.SubGraphT, schema.OperatorT, int]]:
    """Every operator of a model in the order in which they run, with its graph and its `operation_of`."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            yield graph, operator, operation_of(model, operator)


def operation_name(code: schema.OperatorCode) -> str:
    """What the schema calls an operation of a file that is read in place; a custom one has its own name."""
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    if builtin == schema.BuiltinOperator.CUSTOM:
        return str(code.CustomCode(), "utf-8")
    return str(OPERATION_NAMES[builtin])


def add_operation(model: schema.ModelT, operation: int, version: int = 1) -> int:
    """Gives a model an operation.

    Args:
        model: The model.
        operation: A value of `schema.BuiltinOperator`, below 127: readers of old files know no other.
        version: Of the operation.

    Returns:
        The `opcodeIndex` of its operators.
    """
    model.operatorCodes.append(
        schema.OperatorCodeT(builtinCode=operation, deprecatedBuiltinCode=operation, version=version)
    )
    return len(model.operatorCodes) - 1
