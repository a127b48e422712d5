"""Which operation an operator is."""

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.operation_codes import add_operation, code_of, operation_of

ADD, MUL = schema.BuiltinOperator.ADD, schema.BuiltinOperator.MUL


def test_files_of_any_age_say_which_operation_an_operator_is():
    assert code_of(schema.OperatorCodeT(builtinCode=0, deprecatedBuiltinCode=MUL)) == MUL
    assert code_of(schema.OperatorCodeT(builtinCode=MUL, deprecatedBuiltinCode=MUL)) == MUL
    assert code_of(schema.OperatorCodeT(builtinCode=150, deprecatedBuiltinCode=127)) == 150


def test_an_operation_that_is_added_is_that_of_its_operators():
    model = schema.ModelT(operatorCodes=[schema.OperatorCodeT(builtinCode=ADD, deprecatedBuiltinCode=ADD)])
    place = add_operation(model, MUL, version=4)
    assert place == 1
    assert operation_of(model, schema.OperatorT(opcodeIndex=place)) == MUL
    assert model.operatorCodes[place].version == 4
