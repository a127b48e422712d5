"""The inference graph computes what the Keras network computes, for every size."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.evaluate.outputs import OUTPUT_ACTIVATIONS
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.graph import build_inference
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.weights.variables import read_variables


def graph_probabilities(network, size, batch) -> np.ndarray:
    infer = build_inference(*fold(read_variables(network), size))
    rows = [
        infer(
            ids=batch["token_ids"][row : row + 1],
            mask=batch["padding_mask"][row : row + 1],
            segment_ids=batch["segment_ids"][row : row + 1],
        )[0]
        for row in range(len(batch["token_ids"]))
    ]
    return np.concatenate(rows)


@pytest.mark.parametrize("name", SIZES)
def test_the_inference_graph_equals_the_keras_network(
    name, small_size, random_network, keras_probabilities, batch
):
    size = small_size(name)
    network = random_network(size)
    expected = keras_probabilities(network, batch)
    assert expected.max(axis=0).min() > 0.02  # the rows differ, so the comparison says something
    np.testing.assert_allclose(graph_probabilities(network, size, batch), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
def test_every_constant_of_the_graph_fits_into_float16(name, small_size, random_network):
    size = small_size(name)
    infer = tf.function(build_inference(*fold(read_variables(random_network(size)), size)))
    graph = infer.get_concrete_function(*[tf.TensorSpec((1, 16), tf.int32)] * 3).graph
    constants = [
        tf.make_ndarray(node.get_attr("value")) for node in graph.get_operations() if node.type == "Const"
    ]
    largest = max(np.abs(array).max() for array in constants if array.dtype == np.float32 and array.size)
    assert 10_000 <= largest <= np.finfo(np.float16).max


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bert_base", {"norm_epsilon": 0.1}),
        ("mobilebert_no_opt", {"norm_epsilon": 0.1, "edge_norm_epsilon": 0.5}),
        ("bert_base", {"num_segments": 1}),
        ("mobilebert", {"num_segments": 1}),
    ],
)
def test_an_epsilon_and_a_single_row_of_segments_are_those_of_the_keras_network(
    name, changes, small_size, random_network, keras_probabilities, batch
):
    size = Architecture(**(small_size(name).model_dump() | changes))
    network = random_network(size)
    expected = keras_probabilities(network, batch)
    np.testing.assert_allclose(graph_probabilities(network, size, batch), expected, atol=1e-5)


@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize("name", ["mobilebert", "mobilebert_tiny", "bert_base"])
def test_no_norm_is_folded_exactly_whatever_its_gammas(
    name, spread, small_size, random_network, keras_probabilities, batch
):
    size = Architecture(**(small_size(name).model_dump() | {"normalization": "no_norm"}))
    network = random_network(size, spread)
    expected = keras_probabilities(network, batch)
    np.testing.assert_allclose(graph_probabilities(network, size, batch), expected, atol=2e-5)


@pytest.mark.parametrize("name", ["mobilebert", "mobilebert_tiny", "bert_base"])
@pytest.mark.parametrize(("kind", "num_labels"), [("question_answering", 2), ("token_classification", 3)])
def test_what_looks_at_every_token_equals_the_keras_network(
    name, kind, num_labels, small_size, random_network, batch, tmp_path
):
    size, head = small_size(name), KINDS[kind].head
    network = random_network(size, head=head, num_outputs=num_labels)
    inputs = {name: batch[name] for name in network.input}
    expected = OUTPUT_ACTIVATIONS[head.activation](keras.ops.convert_to_numpy(network(inputs)["logits"]))
    path = tmp_path / "model.tflite"
    path.write_bytes(convert(network, 12, "float32", head))
    found = Artifact(path, known_outputs=[head.artifact_outputs]).predict(batch)
    assert found.shape == expected.shape == (6, 12, num_labels)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "num_labels"), [("multi_label", 3), ("multi_label", 1), ("regression", 1), ("regression", 3)]
)
def test_other_outputs_of_whole_texts_equal_those_of_the_keras_network(
    kind, num_labels, small_size, random_network, batch, tmp_path
):
    head = KINDS[kind].head
    network = random_network(small_size("mobilebert"), head=head, num_outputs=num_labels)
    inputs = {name: batch[name] for name in network.input}
    expected = OUTPUT_ACTIVATIONS[head.activation](keras.ops.convert_to_numpy(network(inputs)["logits"]))
    path = tmp_path / "model.tflite"
    path.write_bytes(convert(network, 12, "float32", head))
    np.testing.assert_allclose(Artifact(path).predict(batch), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
@pytest.mark.parametrize(("pooling", "activation"), [("mean", "unit_length"), ("cls", "linear")])
def test_vectors_equal_those_of_the_keras_network(
    name, pooling, activation, small_size, random_network, batch, tmp_path
):
    head = dataclasses.replace(KINDS["embedding"].head, pooling=pooling, activation=activation)
    network = random_network(small_size(name), head=head)
    inputs = {name: batch[name] for name in network.input}
    expected = OUTPUT_ACTIVATIONS[activation](keras.ops.convert_to_numpy(network(inputs)["logits"]))
    content = convert(network, 12, "float32", head)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    found = Artifact(path, known_outputs=[("embedding",)]).predict(batch)
    assert found.shape == (6, 48)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert "L2_NORMALIZATION" not in op_census(content)
