"""Operations for bfloat16 rows compute what the plain ones do, and the gradients of those in float32."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.backend import own_graph
from mbert_cli.model import bfloat16
from mbert_cli.model.gelu import EXACT, TANH
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.processor import multiplies_bfloat16

SIZE = Architecture(
    num_layers=2, hidden_dim=32, num_heads=2, intermediate_dim=64, embedding_dim=16, intra_dim=16,
    trigram_input=True, num_feedforward_networks=2, key_query_shared_bottleneck=True,
    normalization="no_norm", activation="relu", attention_dropout_rate=0.0, hidden_dropout_rate=0.0,
)  # fmt: skip


def drawn(*shape: int, seed: int = 0) -> tf.Tensor:
    """Numbers that bfloat16 holds exactly."""
    return tf.cast(tf.cast(np.random.default_rng(seed).normal(size=shape), "bfloat16"), "float32")


def outputs_and_gradients(function, inputs: list[tf.Tensor], halved: int) -> list[np.ndarray]:
    """Of a function whose first `halved` inputs are bfloat16, for a fixed gradient of its output."""

    @tf.function
    @own_graph()
    def compute(*given):
        given = [tf.cast(x, "bfloat16") if i < halved else x for i, x in enumerate(given)]
        with tf.GradientTape() as tape:
            tape.watch(given)
            output = function(*given)
        factors = tf.cast(tf.reshape(tf.linspace(-1.0, 1.0, tf.size(output)), tf.shape(output)), output.dtype)
        return [output, *tape.gradient(output, given, factors)]

    return [tf.cast(x, "float32").numpy() for x in compute(*inputs)]


def exact(function, inputs: list[tf.Tensor]) -> list[np.ndarray]:
    return outputs_and_gradients(function, inputs, halved=0)


def assert_close(rounded: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(rounded) == len(expected)
    for ours, theirs in zip(rounded, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= 0.012 * np.abs(theirs).max()  # a few roundings to 8 bits


@pytest.mark.parametrize("with_relu", [False, True])
def test_a_dense_map(with_relu):
    inputs = [drawn(24, 8), drawn(8, 12, seed=1), drawn(12, seed=2)]
    assert_close(
        outputs_and_gradients(lambda *x: bfloat16.dense(*x, with_relu=with_relu), inputs, halved=2),
        exact(
            lambda rows, kernel, bias: tf.maximum(rows @ kernel + bias, 0.0 if with_relu else -1e9), inputs
        ),
    )


@pytest.mark.skipif(
    not multiplies_bfloat16(), reason="oneDNN adds GELU to products of processors that know bfloat16"
)
@pytest.mark.parametrize("gelu", [EXACT, TANH], ids=["exact", "tanh"])
def test_a_dense_map_with_gelu(gelu):
    inputs = [drawn(24, 8), drawn(8, 12, seed=1), drawn(12, seed=2)]
    assert_close(
        outputs_and_gradients(lambda *x: bfloat16.dense_with_gelu(*x, gelu), inputs, halved=2),
        exact(lambda rows, kernel, bias: gelu(rows @ kernel + bias), inputs),
    )


@pytest.mark.parametrize("with_residual", [False, True])
def test_a_dense_map_with_its_norm(with_residual):
    rows, kernel, residual = drawn(24, 8), drawn(8, 12, seed=1), drawn(24, 12, seed=5)
    vectors = [drawn(12, seed=seed) for seed in (2, 3, 4)]

    def plain(rows, kernel, *others):
        *residuals, bias, scale, shift = others
        return sum(residuals, rows @ kernel + bias) * scale + shift

    def ours(rows, kernel, *others):
        *residuals, bias, scale, shift = others
        return bfloat16.normed_dense(rows, kernel, bias, scale, shift, *residuals)

    inputs = [rows, kernel, *[residual] * with_residual, *vectors]
    assert_close(outputs_and_gradients(ours, inputs, halved=2 + with_residual), exact(plain, inputs))


def test_maps_side_by_side_are_the_maps_one_by_one():
    vectors = [drawn(12, seed=seed) for seed in range(2, 8)]
    inputs = [drawn(24, 8), drawn(8, 12, seed=1), drawn(8, 12, seed=8), *vectors]

    def maps(kernels, vectors):
        return list(zip(kernels, vectors[:2], vectors[2:4], vectors[4:], strict=True))

    def plain(rows, one, other, *vectors):
        return tf.stack(
            [(rows @ k + bias) * scale + shift for k, bias, scale, shift in maps((one, other), vectors)]
        )

    def ours(rows, one, other, *vectors):
        return tf.stack(bfloat16.side_by_side(rows, maps((one, other), vectors)))

    assert_close(outputs_and_gradients(ours, inputs, halved=3), exact(plain, inputs))


def test_maps_side_by_side_are_one_product():
    kernels, vector = [drawn(8, 4), drawn(8, 4, seed=1)], drawn(4)

    @tf.function
    @own_graph()
    def compute(rows):
        return bfloat16.side_by_side(
            tf.cast(rows, "bfloat16"), [(tf.cast(k, "bfloat16"), *[vector] * 3) for k in kernels]
        )

    operations = compute.get_concrete_function(drawn(6, 8)).graph.get_operations()
    assert [operation.type for operation in operations].count("MatMul") == 1


@pytest.mark.parametrize("is_dropped", [False, True])
def test_attention(is_dropped):
    logits, value = drawn(2, 3, 5, 5), drawn(2, 3, 5, 4, seed=1)
    is_kept = np.random.default_rng(2).random((2, 3, 5, 5)) > 0.3
    mask = tf.cast(is_kept, "float32") * 1.25 if is_dropped else 1.0

    def ours(value, logits):
        return bfloat16.attend(logits, value, is_kept if is_dropped else None, 1.25 if is_dropped else 1.0)

    def plain(value, logits):
        return (tf.nn.softmax(logits) * mask) @ value

    assert_close(outputs_and_gradients(ours, [value, logits], halved=1), exact(plain, [value, logits]))


def test_the_gradient_of_a_bias_is_added_up_in_float32():
    @tf.function
    @own_graph()
    def of_bias(rows, kernel, bias):
        with tf.GradientTape() as tape:
            tape.watch(bias)
            total = bfloat16.dense(rows, kernel, bias)
        return tape.gradient(total, bias)

    rows, kernel = tf.ones((2048, 1), "bfloat16"), tf.ones((1, 1), "bfloat16")
    assert of_bias(rows, kernel, tf.zeros((1,))).numpy().tolist() == [2048]  # a sum in bfloat16 stops at 256


def gradients_of(dtype: str, *, by_xla: bool = False, size: Architecture = SIZE) -> list[np.ndarray]:
    """Of a network's weights, for one batch."""
    network = build_task_network(size, num_outputs=2, vocab_size=40, dtype=dtype, dropout_rate=0.0)
    ids = np.random.default_rng(0).integers(5, 40, (4, 6)).astype("int32")
    batch = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": np.ones_like(ids)}

    @tf.function
    def step(batch):
        with own_graph(is_compiled=by_xla), tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(network(batch, training=True)["logits"]))
        return [loss, *tape.gradient(loss, [weight.value for weight in network.trainable_weights])]

    return [tf.convert_to_tensor(x).numpy().astype("float32") for x in step(batch)]


def test_a_network_trains_by_them_as_in_float32(monkeypatch):
    monkeypatch.setattr(bfloat16, "multiplies_bfloat16", lambda: True)
    calls = []
    normed = bfloat16.normed_dense
    monkeypatch.setattr(bfloat16, "normed_dense", lambda *x: calls.append(1) or normed(*x))
    rounded = gradients_of("mixed_bfloat16")
    assert calls
    for ours, theirs in zip(rounded, gradients_of("float32"), strict=True):
        assert np.linalg.norm(ours - theirs) <= 0.05 * np.linalg.norm(theirs) + 1e-6


def test_another_norm_of_a_bottleneck_looks_at_what_its_map_makes(monkeypatch):
    monkeypatch.setattr(bfloat16, "multiplies_bfloat16", lambda: True)
    size = SIZE.model_copy(update={"num_layers": 1, "normalization": "layer_norm"})
    for ours, theirs in zip(
        gradients_of("mixed_bfloat16", size=size), gradients_of("float32", size=size), strict=True
    ):
        assert np.linalg.norm(ours - theirs) <= 0.05 * np.linalg.norm(theirs) + 1e-6


def test_other_processors_operations_and_compiled_steps_are_left_alone(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(bfloat16, "normed_dense", refuse)
    monkeypatch.setattr(bfloat16, "multiplies_bfloat16", lambda: True)
    gradients_of("mixed_bfloat16", by_xla=True)
    with monkeypatch.context() as patch:
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
        gradients_of("mixed_bfloat16")
    monkeypatch.setattr(bfloat16, "multiplies_bfloat16", lambda: False)
    gradients_of("mixed_bfloat16")
    assert not bfloat16.suits(keras.ops.ones((2, 2), "bfloat16"))  # outside of a graph
