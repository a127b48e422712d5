"""Attention by hand: logits, mask, value, residual."""

import keras
import numpy as np

from mbert_cli.model.attention import MASKED, AttentionBias, SelfAttention
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.options import Architecture

SIZE = Architecture(
    num_layers=1, hidden_dim=4, num_heads=2, intermediate_dim=2, embedding_dim=2, normalization="no_norm"
)


def build() -> SelfAttention:
    """The output's map is the identity."""
    attention = SelfAttention(LayerWithParts(name="owner"), SIZE)
    attention.output.kernel.assign(np.eye(4))
    return attention


def attend(rows: np.ndarray, mask: list[list[int]], residual: float = 0.0):
    bias = AttentionBias()(keras.ops.array(mask, "int32"))
    rows = keras.ops.cast(rows, "float32")
    updated, logits = build()(2 * rows, rows, rows, rows * residual, bias, training=False)
    return np.array(updated), np.array(logits)


def test_the_bias_is_zero_for_tokens_and_beyond_all_logits_for_padding():
    bias = AttentionBias()(keras.ops.array([[1, 1, 0]], "int32"))
    assert np.array(bias).tolist() == [[[[0, 0, np.float32(-1e30)]]]]


def test_logits_are_products_of_query_and_key_per_head():
    rows = np.array([[1.0, 0, 3, 4], [0, 2, 5, 6]])
    _, logits = attend(rows, [[1, 1]])
    heads = [rows[:, :2], rows[:, 2:]]
    expected = [[2 * head @ head.T for head in heads]]
    np.testing.assert_allclose(logits, expected, rtol=1e-6)


def test_logits_carry_the_mask():
    _, logits = attend(np.zeros((3, 4)), [[1, 1, 0]])
    assert logits[0].tolist() == [[[0, 0, np.float32(MASKED)]] * 3] * 2


def test_equal_logits_average_the_values_of_tokens_and_leave_padding_out():
    rows = np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [9, 9, 9, 9]])
    values = keras.ops.cast(np.add(rows, [[1.0], [3.0], [100.0]]), "float32")
    bias = AttentionBias()(keras.ops.array([[1, 1, 0]], "int32"))
    zeros = keras.ops.zeros_like(values)
    updated, _ = build()(zeros, values, values, zeros, bias, training=False)
    assert np.array(updated).tolist() == [[2.0] * 4] * 3


def test_the_residual_is_added():
    rows = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    updated, _ = attend(rows, [[1, 0]], residual=10.0)
    assert updated.tolist() == [[11, 22, 33, 44], [51, 62, 73, 84]]


def test_the_first_position_alone_can_ask():
    rows = keras.ops.cast(np.random.default_rng(0).standard_normal((6, 4)), "float32")  # 2 texts of 3 tokens
    bias = AttentionBias()(keras.ops.array([[1, 1, 1], [1, 1, 0]], "int32"))
    attention, first = build(), build()
    first.first_only = True
    updated, logits = attention(rows, rows, rows, rows, bias, training=False)
    updated_first, logits_first = first(rows[::3], rows, rows, rows[::3], bias, training=False)
    np.testing.assert_allclose(updated_first, updated[::3], rtol=1e-6)
    np.testing.assert_allclose(logits_first, logits[:, :, :1], rtol=1e-6)
