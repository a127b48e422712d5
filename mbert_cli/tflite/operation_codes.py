"""Which builtin operation an operator of a .tflite model is, and how a model gets one that it has not had."""

from ai_edge_litert import schema_py_generated as schema


def code_of(code: schema.OperatorCodeT) -> int:
    """A value of `schema.BuiltinOperator`; old files have it in another field than new ones."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def operation_of(model: schema.ModelT, operator: schema.OperatorT) -> int:
    """The value of `schema.BuiltinOperator` of an operator."""
    return code_of(model.operatorCodes[operator.opcodeIndex])


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
