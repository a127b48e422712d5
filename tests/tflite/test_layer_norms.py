"""The operations of LayerNorms, and what an artifact for a CPU leaves in float."""

import numpy as np
import pytest

from mbert_cli.errors import RunError
from mbert_cli.tflite.calibration import measure_ranges
from mbert_cli.tflite.census import float_census, operations, require_mode
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import opened_content
from mbert_cli.tflite.layer_norms import find_layer_norms, find_wide_parts, multiply_squares
from mbert_cli.tflite.quantizer import quantize

NORMS = 5
"""One behind the embeddings, and two in each of two blocks."""


@pytest.fixture(scope="module")
def layer_normed(random_network, small_size) -> bytes:
    """The float32 file of a BERT."""
    return convert(random_network(small_size("bert_base")), 12, "int8_full")


def test_a_model_without_layer_norms_has_none(content):
    assert find_layer_norms(content) == []


def test_a_layer_norm_reaches_from_the_sum_that_it_reads_to_its_product(layer_normed):
    kinds = {operation.name: operation.kind for operation in operations(layer_normed)}
    found = [kinds[name] for name in find_layer_norms(layer_normed)]
    assert len(found) == 8 * NORMS
    assert found[:8] == ["ADD", "MEAN", "SQUARED_DIFFERENCE", "MEAN", "ADD", "RSQRT", "MUL", "SUB"]


def test_layer_norms_are_float_on_a_cpu_and_integer_on_an_npu(layer_normed, batch):
    ranges = measure_ranges(layer_normed, batch)
    on_cpu = quantize(layer_normed, "int8_full", ranges)
    expected = {"SUB": NORMS, "SQUARED_DIFFERENCE": NORMS, "RSQRT": NORMS, "MEAN": 2 * NORMS, "MUL": NORMS}
    floats = float_census(on_cpu)
    assert {kind: floats[kind] for kind in expected} == expected
    assert floats["ADD"] == 2 * NORMS + 2  # sums, epsilons, and masks of attention
    on_npu = quantize(layer_normed, "int8_full", ranges, target="npu")
    assert float_census(on_npu) == {}
    require_mode(on_npu, "int8_full", wide=find_wide_parts(layer_normed))


def test_layer_norms_their_sums_and_what_these_add_have_16_bits_on_an_npu(layer_normed, batch):
    on_npu = quantize(layer_normed, "int8_full", measure_ranges(layer_normed, batch), target="npu")
    computed = {one.kind for one in operations(on_npu) if one.output == "int16"}
    assert computed == {"ADD", "MEAN", "RSQRT", "MUL", "SUB", "QUANTIZE", "FULLY_CONNECTED"}
    kinds = [one.kind for one in operations(on_npu) if one.name in find_wide_parts(layer_normed)]
    assert len(kinds) == 8 * NORMS + 2 * (NORMS - 1)  # a residual and a dense map for each sum of a block
    maps = {one.name: one.output for one in operations(on_npu) if one.kind == "FULLY_CONNECTED"}
    wide = {name for name, output in maps.items() if output == "int16"}
    assert len(wide) == NORMS - 1
    assert wide == set(maps) & set(find_wide_parts(layer_normed))
    with pytest.raises(RunError, match="FULLY_CONNECTED"):
        require_mode(on_npu, "int8_full")


def test_dense_maps_read_only_what_a_norm_returns(layer_normed):
    wide = find_wide_parts(layer_normed)
    assert sum(not is_inner for is_inner in wide.values()) == NORMS
    assert set(find_layer_norms(layer_normed)) < set(wide)


def test_squares_are_products_of_what_is_centered(layer_normed, content, batch):
    multiplied = multiply_squares(layer_normed)
    assert "SQUARED_DIFFERENCE" not in {one.kind for one in operations(multiplied)}
    with opened_content(layer_normed) as before, opened_content(multiplied) as after:
        np.testing.assert_allclose(after.predict(batch), before.predict(batch), atol=1e-6)
    assert multiply_squares(content) is content
