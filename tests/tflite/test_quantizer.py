"""Each mode's types, what is kept in higher precision, and that a network still answers as it did."""

import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer.quantizer import Quantizer

from mbert_cli.errors import RunError
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tflite.calibration import measure_ranges
from mbert_cli.tflite.census import dense_census, dense_maps, operations
from mbert_cli.tflite.convert import convert, convert_folded
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.metadata import ArtifactMetadata, write_metadata
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.quantizer import mode_rules, quantize
from mbert_cli.weights.variables import read_variables

MODES_AFTER = [name for name, mode in MODES.items() if mode.is_quantized_after]
TOLERANCES = {"int8": 0.05, "int8_full": 0.15, "int16x8": 0.05, "int4": 0.15}


@pytest.fixture(scope="module")
def ranges(content, batch):
    return measure_ranges(content, batch)


def probabilities(content: bytes, batch, tmp_path) -> np.ndarray:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    return Artifact(path).predict(batch)


@pytest.mark.parametrize("mode", MODES_AFTER)
def test_a_mode_keeps_the_probabilities_of_the_keras_network(
    mode, content, ranges, network, batch, keras_probabilities, tmp_path
):
    found = probabilities(quantize(content, mode, ranges), batch, tmp_path)
    np.testing.assert_allclose(found, keras_probabilities(network, batch), atol=TOLERANCES[mode])


@pytest.mark.parametrize(
    ("name", "kind", "num_outputs"),
    [
        ("bert_base", "token_classification", 3),
        ("mobilebert", "question_answering", 2),
        pytest.param("tinybert_4", "multi_label", 3, marks=pytest.mark.slow),
        pytest.param("mobilebert_no_opt", "regression", 1, marks=pytest.mark.slow),
        pytest.param("mobilebert_tiny", "embedding", None, marks=pytest.mark.slow),
    ],
)
def test_every_head_and_every_norm_is_quantized(
    name, kind, num_outputs, small_size, random_network, batch, tmp_path
):
    head = KINDS[kind].head
    network = random_network(small_size(name), head=head, num_outputs=num_outputs)
    converted = convert(network, 12, "int8_full", head)
    limits = measure_ranges(converted, batch)
    expected = probabilities(converted, batch, tmp_path)
    for mode, tolerance in (("int8_full", 0.15), ("int4", 0.45)):
        found = probabilities(quantize(converted, mode, limits), batch, tmp_path)
        assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()


def test_what_the_library_announces_stays_away_from_the_terminal(content, ranges, monkeypatch, capfd):
    made = Quantizer.quantize

    def announce(*arguments, **named):
        os.write(2, b"INFO: Created a delegate.")
        return made(*arguments, **named)

    monkeypatch.setattr(Quantizer, "quantize", announce)
    quantize(content, "int4", ranges)
    assert capfd.readouterr() == ("", "")


def test_dense_maps_alone_are_integer_in_int8(content, ranges):
    kinds = {
        operation.kind
        for operation in operations(quantize(content, "int8", ranges))
        if operation.output == "int8"
    }
    assert kinds == {"FULLY_CONNECTED", "GATHER", "QUANTIZE"}


def test_everything_between_mask_and_outputs_is_integer_on_an_npu(content, ranges):
    found = operations(quantize(content, "int8_full", ranges, target="npu"))
    assert [one.kind for one in found if one.output == "float32"] == ["CAST", "DEQUANTIZE"]


def test_products_of_attention_stay_float_on_a_cpu(content, ranges):
    found = operations(quantize(content, "int8_full", ranges))
    kinds = Counter(one.kind for one in found if one.output == "float32")
    assert {kind: kinds[kind] for kind in ("BATCH_MATMUL", "ADD", "SOFTMAX")} == {
        "BATCH_MATMUL": 4, "ADD": 2, "SOFTMAX": 3,
    }  # fmt: skip
    assert set(kinds) == {"BATCH_MATMUL", "ADD", "SOFTMAX", "CAST", "DEQUANTIZE"}


def test_outputs_stay_integers_where_that_is_wanted(content, ranges):
    integer = quantize(content, "int8_full", ranges, target="npu", has_integer_outputs=True)
    interpreter = Interpreter(model_content=integer)
    (output,) = interpreter.get_output_details()
    assert output["dtype"] is np.int8
    assert output["quantization"] == (pytest.approx(2 / 255, rel=0.01), 0)


def test_integer_outputs_are_read_as_the_numbers_that_they_stand_for(content, ranges, batch, tmp_path):
    integer = quantize(content, "int8_full", ranges, target="npu", has_integer_outputs=True)
    float_outputs = quantize(content, "int8_full", ranges, target="npu")
    np.testing.assert_allclose(
        probabilities(integer, batch, tmp_path), probabilities(float_outputs, batch, tmp_path), atol=1 / 255
    )


def test_an_npu_gets_ranges_that_are_the_same_on_both_sides_of_0(content, ranges):
    interpreter = Interpreter(model_content=quantize(content, "int8_full", ranges, target="npu"))
    zeros = {
        tensor["quantization"][1] for tensor in interpreter.get_tensor_details() if tensor["dtype"] is np.int8
    }
    assert zeros == {0, -128}  # that of a softmax is part of what TFLite computes


def test_kept_dense_maps_have_eight_bits_on_a_cpu_and_are_float_on_an_npu(content, ranges):
    kept = dense_maps(content)[2:5]
    assert dense_census(quantize(content, "int4", kept=kept)) == {"int4 x float32": 23, "int8 x float32": 3}
    assert dense_census(quantize(content, "int8", ranges, kept)) == {"int8 x int8": 23, "int8 x float32": 3}
    on_npu = quantize(content, "int8_full", ranges, kept, target="npu")
    assert dense_census(on_npu) == {"int8 x int8": 23, "float32 x float32": 3}


def test_a_name_is_kept_alone_where_it_begins_like_another_one():
    *_, rule = mode_rules(MODES["int8"], ["layer_0/MatMul_1;layer_0/BiasAdd"])
    assert rule.names == r"^layer_0/MatMul_1;layer_0/BiasAdd;$"


def test_blocks_of_weights_have_their_own_scale_where_they_divide_the_inputs(content):
    blocks = quantize(content, "int4", block_size=32)
    maps = [one for one in operations(blocks) if one.kind == "FULLY_CONNECTED"]
    assert {one.inputs[1] for one in maps} == {"int4"}
    assert {one.shapes[1][-1] for one in maps} == {32, 40, 48}
    assert blocks.count(b"_scales") == sum(one.shapes[1][-1] == 32 for one in maps)
    assert b"_scales" not in quantize(content, "int4")


def test_blocks_are_for_four_bits_alone(content, ranges):
    assert quantize(content, "int8", ranges, block_size=32) == quantize(content, "int8", ranges)


def test_the_word_table_has_four_bits_and_on_a_gpu_eight(content):
    def stored(target):
        found = operations(quantize(content, "int4", target=target))
        return [
            (one.kind, kind)
            for one in found
            for kind in one.inputs
            if one.kind in ("GATHER", "EMBEDDING_LOOKUP") and kind.startswith("int") and kind != "int32"
        ]

    assert ("EMBEDDING_LOOKUP", "int4") in stored("cpu")
    assert {kind for _, kind in stored("gpu")} == {"int8"}


def test_a_network_whose_only_table_is_that_of_the_words_has_four_bits_too(
    small_size, random_network, keras_probabilities, batch, tmp_path
):
    network = random_network(small_size("distilbert_6"))  # which knows no segments
    found = probabilities(quantize(convert(network, 12, "int4"), "int4"), batch, tmp_path)
    np.testing.assert_allclose(found, keras_probabilities(network, batch), atol=TOLERANCES["int4"])


def test_a_tensor_without_a_range_is_named(content, ranges):
    name, *_ = dense_maps(content)
    with pytest.raises(RunError, match=f"Received: none of {name}$"):
        quantize(content, "int8", {other: limits for other, limits in ranges.items() if other != name})
    with pytest.raises(RunError, match=f"Received: none of {name} and of 25 more$"):
        quantize(content, "int8")


def test_the_data_of_every_tensor_lies_inside_where_metadata_are_added(content, ranges, batch, tmp_path):
    quantized = quantize(content, "int8", ranges)
    metadata = ArtifactMetadata(name="toy", files={"vocab.txt": b"a"}, vocabulary_file="vocab.txt")
    described = write_metadata(quantized, metadata)
    np.testing.assert_array_equal(
        probabilities(described, batch, tmp_path), probabilities(quantized, batch, tmp_path)
    )


def test_nothing_is_shown(content, ranges, capfd):
    quantize(content, "int8", ranges)
    assert capfd.readouterr() == ("", "")


def test_the_library_is_imported_only_to_quantize():
    script = (
        "import sys, mbert_cli.tflite.quantizer\n"
        "print([name for name in sys.modules if 'litert_quantizer' in name or name.startswith('tensorflow')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_zero_points_of_channels_are_written_once(content):
    graph = schema.Model.GetRootAs(quantize(content, "int4"), 0).Subgraphs(0)
    found = [graph.Tensors(index).Quantization() for index in range(graph.TensorsLength())]
    points = [one.ZeroPointAsNumpy() for one in found if one is not None and one.ZeroPointLength() > 1]
    places = {one.__array_interface__["data"][0] for one in points}
    assert len(points) == 27  # those of the word table too
    assert len(places) == len({len(one) for one in points})


def test_a_channel_of_zeros_has_a_scale_that_the_runtime_takes(network, small_size, batch, tmp_path):
    weights, size = fold(read_variables(network), small_size("mobilebert"))
    weights["encoder/layer_01/feed_forward_0/intermediate/kernel"][:, 3] = 0.0
    content = convert_folded(weights, size, 12, "int4", CLASSIFIER)
    found = probabilities(quantize(content, "int4"), batch, tmp_path)
    np.testing.assert_allclose(found, probabilities(content, batch, tmp_path), atol=TOLERANCES["int4"])
    rule = mode_rules(MODES["int4"], block_size=32, with_zeros=dense_maps(content)[:1])[-1]
    assert (rule.weight_bits, rule.finds_scale, rule.block_size) == (4, False, None)
