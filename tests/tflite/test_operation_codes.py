"""Which operation an operator is."""

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.operation_codes import add_operation, code_of, operation_of, operators

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


def test_operators_come_graph_by_graph_with_their_operation():
    codes = [schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=code) for code in (ADD, MUL)]
    graphs = [
        schema.SubGraphT(operators=[schema.OperatorT(opcodeIndex=place) for place in places])
        for places in ((1, 0), (1,))
    ]
    found = list(operators(schema.ModelT(operatorCodes=codes, subgraphs=graphs)))
    assert [code for _, _, code in found] == [MUL, ADD, MUL]
    assert [graph for graph, _, _ in found] == [graphs[0], graphs[0], graphs[1]]
    assert [operator for _, operator, _ in found] == [*graphs[0].operators, *graphs[1].operators]
