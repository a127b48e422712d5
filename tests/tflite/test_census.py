"""What is read out of a file about the types it computes with, and what is refused."""

import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import RunError
from mbert_cli.tflite.calibration import measure_ranges
from mbert_cli.tflite.census import (
    dense_census,
    dense_maps,
    float_census,
    op_census,
    operations,
    require_mode,
    stored_mode,
)
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.quantizer import quantize


@pytest.fixture(scope="module")
def contents(network, content, batch) -> dict[str, bytes]:
    ranges = measure_ranges(content, batch)
    found = {"float32": content}
    for mode in ("float16", "dynamic_int8"):
        found[mode] = convert(network, 12, mode)
    for mode in ("int8", "int8_full", "int16x8", "int4"):
        found[mode] = quantize(content, mode, ranges)
    return found


def test_every_operation_is_seen(content):
    model = schema.Model.GetRootAs(content, 0)
    assert (
        len(operations(content)) == model.Subgraphs(0).OperatorsLength() == sum(op_census(content).values())
    )


def test_dense_maps_are_named_in_the_order_in_which_they_run(content):
    names = dense_maps(content)
    assert len(names) == len(set(names)) == 26
    assert (names[0], names[-1]) == (
        "embeddings/MatMul;embeddings/BiasAdd",
        "classifier/MatMul;classifier/BiasAdd",
    )


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        ("float32", {"float32 x float32": 26}),
        ("float16", {"float16 x float32": 26}),
        ("int8", {"int8 x int8": 26}),
        ("int8_full", {"int8 x int8": 26}),
        ("int16x8", {"int8 x int16": 26}),
        ("int4", {"int4 x float32": 26}),
    ],
)
def test_dense_maps_are_counted_by_the_types_of_kernel_and_rows(mode, counts, contents):
    assert dense_census(contents[mode]) == counts


def test_tensorflow_leaves_small_kernels_in_float(contents):
    assert set(dense_census(contents["dynamic_int8"])) == {"int8 x float32", "float32 x float32"}


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_known_by_what_it_computes_with(mode, contents):
    assert stored_mode(contents[mode]) == mode
    require_mode(contents[mode], mode, has_float_parts=mode == "int8_full")


def test_what_computes_in_float_is_counted(contents):
    assert float_census(contents["int16x8"]) == {}
    assert float_census(contents["int8_full"]) == {"BATCH_MATMUL": 4, "SOFTMAX": 3, "ADD": 2}
    assert float_census(contents["float32"])["FULLY_CONNECTED"] == 26


@pytest.mark.parametrize(
    ("mode", "promised"),
    [
        ("float32", "int8"),
        ("dynamic_int8", "int4"),
        ("int8", "int8_full"),
        ("int8", "int16x8"),
        ("float32", "dynamic_int8"),
    ],
)
def test_a_file_that_is_not_what_its_mode_promises_is_refused(mode, promised, contents):
    with pytest.raises(RunError, match=f"is of the types of its mode, {promised}. Received: "):
        require_mode(contents[mode], promised)


def test_float_attention_is_refused_where_everything_is_to_be_integer(contents):
    with pytest.raises(RunError, match="Received: BATCH_MATMUL layer_00/MatMul_"):
        require_mode(contents["int8_full"], "int8_full")


def test_a_dense_map_that_was_left_out_is_named(content, batch):
    ranges, left_out = measure_ranges(content, batch), dense_maps(content)[3]
    quantized = quantize(content, "int8", ranges, [left_out])
    with pytest.raises(RunError) as caught:
        require_mode(quantized, "int8")
    assert f"FULLY_CONNECTED {left_out} (float32, int8, float32)" in caught.value.message
