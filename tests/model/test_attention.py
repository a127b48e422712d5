"""Attention by hand: logits, mask, value, residual."""

import keras
import numpy as np
import pytest

from mbert_cli.model.attention import MASKED, AttentionBias, SelfAttention
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.options import Architecture

SIZE = Architecture(
    num_layers=1, hidden_dim=4, num_heads=2, intermediate_dim=2, embedding_dim=2, normalization="no_norm"
)


def build() -> SelfAttention:
    """Maps are identities, except that the query is doubled."""
    attention = SelfAttention(LayerWithParts(name="owner"), SIZE, query_dim=4, value_dim=4)
    for dense, factor in (("query", 2), ("key", 1), ("value", 1), ("output", 1)):
        getattr(attention, dense).kernel.assign(factor * np.eye(4))
    return attention


def attend(rows: np.ndarray, mask: list[list[int]], residual: float = 0.0):
    bias = AttentionBias()(keras.ops.array(mask, "int32"))
    rows = keras.ops.cast(rows, "float32")
    updated, logits = build()(rows, rows, rows * residual, bias, training=False)
    return np.array(updated), np.array(logits)


def test_the_bias_is_zero_for_tokens_and_minus_ten_thousand_for_padding():
    bias = AttentionBias()(keras.ops.array([[1, 1, 0]], "int32"))
    assert np.array(bias).tolist() == [[[[0, 0, -10_000]]]]


def test_logits_are_scaled_products_of_query_and_key_per_head():
    rows = np.array([[1.0, 0, 3, 4], [0, 2, 5, 6]])
    _, logits = attend(rows, [[1, 1]])
    heads = [rows[:, :2], rows[:, 2:]]
    expected = [[2 * head @ head.T / np.sqrt(2) for head in heads]]
    np.testing.assert_allclose(logits, expected, rtol=1e-6)


def test_logits_carry_the_mask():
    _, logits = attend(np.zeros((3, 4)), [[1, 1, 0]])
    assert logits[0].tolist() == [[[0, 0, MASKED]] * 3] * 2


def test_equal_logits_average_the_values_of_tokens_and_leave_padding_out():
    rows = np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [9, 9, 9, 9]])
    attention = build()
    attention.query.kernel.assign(np.zeros((4, 4)))
    values = keras.ops.cast(np.add(rows, [[1.0], [3.0], [100.0]]), "float32")
    bias = AttentionBias()(keras.ops.array([[1, 1, 0]], "int32"))
    updated, _ = attention(values, values, keras.ops.zeros_like(values), bias, training=False)
    assert np.array(updated).tolist() == [[2.0] * 4] * 3


def test_the_residual_is_added():
    rows = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    updated, _ = attend(rows, [[1, 0]], residual=10.0)
    assert updated.tolist() == [[11, 22, 33, 44], [51, 62, 73, 84]]


@pytest.mark.parametrize(("query_dim", "value_dim"), [(3, 5), (4, 6)])
def test_query_and_value_may_read_other_widths(query_dim, value_dim):
    attention = SelfAttention(LayerWithParts(name="owner"), SIZE, query_dim, value_dim)
    bias = AttentionBias()(keras.ops.ones((2, 3), "int32"))
    rows = [keras.ops.ones((6, width)) for width in (query_dim, value_dim, 4)]
    updated, logits = attention(*rows, bias, training=False)
    assert updated.shape == (6, 4)
    assert logits.shape == (2, 2, 3, 3)
