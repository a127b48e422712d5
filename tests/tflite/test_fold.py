"""Folding changes no output and leaves no NoNorm behind."""

import numpy as np
import pytest

from mbert_cli.tflite.fold import MAX_SCALE, Dense, fold
from mbert_cli.weights.variables import read_variables


def joins_of(folded) -> list:
    return [
        join
        for block in folded.blocks
        for join in (
            block.attention_output, *(output for _, output in block.feed_forwards), block.bottleneck_output,
        )
    ]  # fmt: skip


def test_a_dense_map_after_a_scale_and_before_a_norm_is_one_dense_map():
    dense = Dense(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0]))
    folded = dense.after(np.array([2.0, 1.0])).then(np.array([1.0, 0.5]), np.array([0.0, 1.0]))
    np.testing.assert_array_equal(folded.kernel, [[2.0, 2.0], [3.0, 2.0]])
    np.testing.assert_array_equal(folded.bias, [10.0, 11.0])


def test_moderate_gammas_leave_no_norm_and_no_multiplication(network, small_size):
    folded = fold(read_variables(network), small_size("mobilebert"))
    assert folded.embeddings.norm is None
    assert all(join.norm is None and join.residual_scale is None for join in joins_of(folded))


def test_a_residual_is_multiplied_where_the_scale_would_leave_its_range(random_network, small_size):
    size = small_size("mobilebert")
    weights = read_variables(random_network(size))
    gamma = weights["encoder/layer_00/feed_forward_1/norm/gamma"]
    gamma[0] = 2 * MAX_SCALE * MAX_SCALE
    scales = [join.residual_scale is not None for join in joins_of(fold(weights, size))]
    assert scales == [False, False, True, False, False, False] + [False] * 6


def test_layer_norms_stay(random_network, small_size):
    size = small_size("mobilebert_no_opt")
    weights = read_variables(random_network(size))
    folded = fold(weights, size)
    np.testing.assert_array_equal(folded.embeddings.norm.gamma, weights["encoder/embeddings/norm/gamma"])
    assert all(join.norm is not None and join.residual_scale is None for join in joins_of(folded))


def test_the_query_carries_the_attention_scale(random_network, small_size):
    size = small_size("bert_base")
    weights = read_variables(random_network(size))
    query = fold(weights, size).blocks[0].query
    expected = weights["encoder/layer_00/attention/query/kernel"] / np.sqrt(24)
    np.testing.assert_allclose(query.kernel, expected, rtol=1e-6)


@pytest.mark.parametrize("spread", [0.0, 0.2, 1.5])
def test_folded_weights_are_float32_and_finite(random_network, small_size, spread):
    size = small_size("mobilebert")
    folded = fold(read_variables(random_network(size, spread)), size)
    for join in joins_of(folded):
        assert join.dense.kernel.dtype == join.dense.bias.dtype == np.float32
        assert np.isfinite(join.dense.kernel).all()
