"""Every mode converts to builtin ops only, keeps its parity, and stores what its name says."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.convert import convert, convert_graph, inference_graph
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, Artifact

LENGTH = 12
TOLERANCES = {"float32": 1e-5, "float16": 5e-3, "dynamic_int8": 0.1}


@pytest.fixture(scope="module")
def contents(network, content) -> dict[str, bytes]:
    others = [mode for mode in TOLERANCES if mode != "float32"]
    return {"float32": content} | {mode: convert(network, LENGTH, mode) for mode in others}


@pytest.mark.parametrize("mode", TOLERANCES)
def test_a_mode_keeps_the_probabilities_of_the_keras_network(
    mode, contents, network, batch, keras_probabilities, tmp_path
):
    path = tmp_path / "model.tflite"
    path.write_bytes(contents[mode])
    probabilities = Artifact(path).predict(batch)
    np.testing.assert_allclose(probabilities, keras_probabilities(network, batch), atol=TOLERANCES[mode])


@pytest.mark.parametrize("mode", TOLERANCES)
def test_inputs_and_output_are_static_and_named(mode, contents):
    interpreter = Interpreter(model_content=contents[mode])
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["ids", "mask", "segment_ids"], "outputs": ["probabilities"]}
    }
    inputs, (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert [entry["name"] for entry in inputs] == ["ids", "segment_ids", "mask"]
    for entry in inputs:
        assert entry["dtype"] is np.int32
        assert entry["shape"].tolist() == entry["shape_signature"].tolist() == [1, LENGTH]
    assert (output["name"], output["dtype"], output["shape"].tolist()) == (
        "probabilities",
        np.float32,
        [1, 3],
    )


def test_the_graph_has_no_norm_no_dynamic_shape_and_only_dense_maps(contents):
    census = op_census(contents["float32"])
    # A block has 12 dense maps: one of the input's three, one of query and key, and ten others.
    assert census["FULLY_CONNECTED"] == 1 + 2 * 12 + 1
    assert census["BATCH_MATMUL"] == 2 * 2
    assert census["MUL"] == 1  # of the mask
    assert not {"SHAPE", "PACK", "RSQRT", "MEAN"} & set(census)


def test_dynamic_int8_stores_tables_and_kernels_in_int8(contents):
    interpreter = Interpreter(model_content=contents["dynamic_int8"])
    tensors = interpreter.get_tensor_details()
    types = {tuple(tensor["shape"]): tensor["dtype"] for tensor in tensors if len(tensor["shape"]) == 2}
    assert types[(200, 16)] is np.int8  # the word table
    assert types[(48, 48)] is np.int8  # the projection of the trigram
    assert types[(96, 48)] is np.int8  # bottlenecks and value, side by side
    assert types[(40, 32)] is types[(32, 40)] is np.int8  # feed-forward networks


def test_float16_halves_the_weights_and_dynamic_int8_quarters_them():
    # Names and the graph itself outweigh the weights of the other networks here.
    size = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 1})
    network = build_task_network(size, vocab_size=20_000, num_outputs=2)
    sizes = {mode: len(convert(network, 8, mode)) for mode in TOLERANCES}
    assert sizes["float16"] < 0.52 * sizes["float32"]
    assert sizes["dynamic_int8"] < 0.28 * sizes["float32"]


def test_a_mode_that_is_quantized_afterwards_begins_as_float32_with_its_own_mask(network, content):
    assert convert(network, LENGTH, "int4") == content
    assert convert(network, LENGTH, "int8_full") != content
    assert op_census(convert(network, LENGTH, "int8_full")) == op_census(content)


def test_a_sequence_longer_than_the_position_table_is_refused(network):
    with pytest.raises(UserError) as caught:
        convert(network, 17, "float32")
    assert caught.value.message == (
        "An artifact is at most as long as the position table, 16 tokens. Received: 17"
    )
    assert caught.value.hint == "Take 16 tokens or less: `mbert export-tflite --length 16`."


def test_an_op_that_needs_flex_is_refused_by_name():
    graph = inference_graph(
        lambda **inputs: [tf.math.bincount(sum(inputs.values()), axis=-1, minlength=4)],
        tuple(ARTIFACT_INPUTS),
        4,
    )
    with pytest.raises(UserError) as caught:
        convert_graph(graph, "float32")
    assert caught.value.message == "An artifact has only TFLite's builtin operations. Received: DenseBincount"
    assert caught.value.hint == (
        "Express it in other operations in mbert_cli/model; "
        "a phone without the Flex delegate refuses the file."
    )


def test_a_network_of_jax_is_converted_too(tmp_path):
    script = (
        "import sys, numpy as np, keras\n"
        "from mbert_cli.model.heads import build_task_network\n"
        "from mbert_cli.model.options import SIZES\n"
        "from mbert_cli.tflite.convert import convert\n"
        "from mbert_cli.tflite.interpreter import Artifact\n"
        "size = SIZES['mobilebert_laptop'].model_copy(update={'num_layers': 1})\n"
        "network = build_task_network(size, num_outputs=3, vocab_size=20)\n"
        "open(sys.argv[1], 'wb').write(convert(network, 6, 'float32'))\n"
        "ids = np.array([[2, 7, 8, 9, 3, 0]], 'int32')\n"
        "batch = {'token_ids': ids, 'segment_ids': ids * 0, 'padding_mask': (ids > 0).astype('int32')}\n"
        "expected = keras.ops.softmax(network(batch)['logits'])\n"
        "from pathlib import Path\n"
        "print(keras.backend.backend(), np.abs(Artifact(Path(sys.argv[1])).predict(batch) - expected).max())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.tflite")],
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    backend, difference = done.stdout.split()
    assert backend == "jax"
    assert float(difference) < 1e-5
