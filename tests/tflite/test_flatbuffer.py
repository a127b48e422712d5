"""Reading and completing the file itself."""

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.flatbuffer import input_length, name_signature, short_name


def test_the_data_of_every_tensor_is_aligned(content):
    model = schema.Model.GetRootAs(content, 0)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    starts = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers if buffer.DataLength()]
    assert len(starts) > 20
    assert {start % 16 for start in starts} == {0}


def test_tensors_are_called_after_the_layers_that_they_are_in(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = [tensor.name.decode() for tensor in model.subgraphs[0].tensors]
    assert names[:3] == ["ids", "segment_ids", "mask"]
    assert {"layer_00/MatMul_3", "layer_01/split", "classifier/MatMul"} <= set(names)
    assert not [name for name in names if name.startswith("task") or "_1/" in name]


def test_tensors_whose_short_names_are_equal_keep_a_name_of_their_own(small_size, random_network):
    # The parts of the activations of four feed-forward networks are called the same.
    content = convert(random_network(small_size("mobilebert_no_opt")), 12, "float32")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = [tensor.name for tensor in model.subgraphs[0].tensors]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("task_1/layer_07_1/MatMul_1", "layer_07/MatMul_1"),
        ("task_1/layer_00_1/MatMul;task_1/layer_00_1/Relu_1", "layer_00/MatMul;layer_00/Relu_1"),
        ("task_1/layer_11_1/transpose", "layer_11/transpose"),
        ("probabilities", "probabilities"),
        ("arith.constant1", "arith.constant1"),
    ],
)
def test_a_name_loses_what_says_nothing(name, short):
    assert short_name(name) == short


def test_the_length_is_that_of_the_ids(content, network):
    assert [input_length(one) for one in (content, convert(network, 8, "float16"))] == [12, 8]


def test_a_custom_operation_is_counted_and_refused_by_name(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    code = model.operatorCodes[0]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = b"FlexErf"
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    changed = bytes(builder.Output())
    assert "FlexErf" in op_census(changed)
    with pytest.raises(UserError) as caught:
        name_signature(changed)
    assert caught.value.message == "An artifact has only TFLite's builtin operations. Received: FlexErf"
