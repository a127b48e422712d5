"""Blocks in one function compute what blocks by themselves do."""

import contextlib
import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.backend import own_graph
from mbert_cli.model import shared_trace
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture

SIZES = {
    "plain": Architecture(num_layers=3, hidden_dim=16, num_heads=2, intermediate_dim=24, embedding_dim=16),
    "bottleneck": Architecture(
        num_layers=3, hidden_dim=16, num_heads=2, intermediate_dim=24, embedding_dim=8, intra_dim=8,
        trigram_input=True, num_feedforward_networks=2, key_query_shared_bottleneck=True,
        normalization="no_norm", activation="relu",
    ),
}  # fmt: skip
SIZES["folded"] = SIZES["bottleneck"].model_copy(
    update={
        "normalization": "folded",
        "merged_projections": True,
        "multiplied_residuals": ("layer_01/attention",),
    }
)
IDS = np.random.default_rng(0).integers(5, 40, (4, 6)).astype("int32")
INPUTS = {"token_ids": IDS, "segment_ids": IDS * 0, "padding_mask": np.ones_like(IDS)}


def two_steps(size: Architecture, dtype: str = "float32") -> tuple[list[np.ndarray], int]:
    """Logits and gradients of two steps with dropout, and the operations of their graph outside of functions."""
    network = build_task_network(size, num_outputs=2, vocab_size=40, dtype=dtype)

    @tf.function
    @own_graph()
    def step(inputs):
        with tf.GradientTape() as tape:
            logits = network(inputs, training=True)["logits"]
            loss = tf.reduce_sum(tf.square(logits))
        return logits, tape.gradient(loss, [weight.value for weight in network.trainable_weights])

    results = [step(INPUTS) for _ in range(2)]
    return [tf.convert_to_tensor(x).numpy().astype("float32") for x in tf.nest.flatten(results)], len(
        step.get_concrete_function(INPUTS).graph.get_operations()
    )


@pytest.fixture
def by_themselves(monkeypatch):
    def switch():
        monkeypatch.setattr(shared_trace, "traces_own_tensorflow_graph", lambda: False)

    return switch


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 1e-2)])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_one_function_for_all_blocks_computes_what_blocks_by_themselves_do(
    size, dtype, tolerance, by_themselves
):
    shared, few = two_steps(size, dtype)
    by_themselves()
    alone, many = two_steps(size, dtype)
    for one, other in zip(shared, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * max(1, np.abs(other).max()))
    assert few < 0.6 * many


@pytest.mark.parametrize("name", ["plain", "bottleneck"])
def test_a_converter_keeps_the_weights_of_each_block(name, tmp_path):
    network = build_task_network(SIZES[name], num_outputs=2, vocab_size=40)
    inputs = {name: values[:1] for name, values in INPUTS.items()}
    network.export(tmp_path, verbose=False, input_signature=[
        {name: tf.TensorSpec(values.shape, tf.int32, name=name) for name, values in inputs.items()}
    ])  # fmt: skip
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert()
    run = Interpreter(model_content=content).get_signature_runner()
    (logits,) = run(**inputs).values()
    np.testing.assert_allclose(logits, network(inputs)["logits"], atol=1e-5)


def test_dropout_differs_from_step_to_step_and_from_block_to_block():
    encoder = build_encoder(SIZES["plain"], vocab_size=40)
    states = [
        weight for weight in encoder.non_trainable_variables if weight.path.endswith("seed_generator_state")
    ]
    before = [state.numpy().tolist() for state in states]
    outputs = tf.function(own_graph()(lambda inputs: encoder(inputs, training=True)["hidden_states"][-1]))
    first, second = outputs(INPUTS), outputs(INPUTS)
    assert np.abs(np.asarray(first) - np.asarray(second)).max() > 0.01
    assert len({tuple(state) for state in before}) == len(before)
    assert all(state.numpy().tolist() != old for state, old in zip(states, before, strict=True))


def test_gradients_flow_through_the_attention_logits_where_they_are_learnt_from():
    def has_gradient(learns_attention: bool) -> bool:
        encoder = build_encoder(SIZES["plain"], vocab_size=40, learns_attention=learns_attention)
        kernel = next(w for w in encoder.weights if w.path == "encoder/layer_00/attention/query/kernel")

        @tf.function
        @own_graph()
        def gradient(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.square(encoder(inputs)["attention_logits"][0]))
            return tape.gradient(loss, kernel.value, unconnected_gradients="zero")

        return bool(np.any(gradient(INPUTS)))

    assert has_gradient(True)
    assert not has_gradient(False)


def test_a_network_that_is_let_go_leaves_nothing_behind():
    def trace_and_drop() -> weakref.ref:
        encoder = build_encoder(SIZES["plain"], vocab_size=40)
        tf.function(own_graph()(lambda inputs: encoder(inputs)["hidden_states"][-1]))(INPUTS)
        return weakref.ref(encoder.get_layer("embeddings").word_embeddings)

    table = trace_and_drop()
    keras.backend.clear_session()
    gc.collect()
    assert table() is None


def test_weights_are_rounded_once_for_all_parts_of_a_batch():
    network = build_task_network(SIZES["bottleneck"], num_outputs=2, vocab_size=40, dtype="mixed_bfloat16")

    def roundings(reads_once: bool) -> int:
        @tf.function
        @own_graph()
        def both(inputs):
            with shared_trace.reading_weights_once() if reads_once else contextlib.nullcontext():
                return [network(inputs)["logits"] for _ in range(2)]

        operations = both.get_concrete_function(INPUTS).graph.get_operations()
        return sum(operation.type == "Cast" for operation in operations)

    kernels = [w for w in network.weights if "/layer_" in w.path and w.path.endswith("kernel")]
    assert roundings(False) - roundings(True) == len(kernels)
