"""Grids have the numbers of the libraries that make and run artifacts, and gradients pass where a value may move."""

import keras
import numpy as np
import pytest
from keras import ops
from litert_quantizer import qtyping
from litert_quantizer.algorithms.uniform_quantize import octav, uniform_quantize_tensor

from mbert_cli.tflite.grids import (
    Grid,
    grid_of_probabilities,
    grid_of_range,
    grid_of_tanh,
    octav_bound,
    round_kernel,
)

HALVES = Grid(0.5, 1.0, -2, 3)  # stands for -1.5, -1, -0.5, 0, 0.5, 1


def numbers(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def gradient(function, values: np.ndarray) -> np.ndarray:
    """Of the sum of what a function of an array returns."""
    import tensorflow as tf

    variable = tf.Variable(np.asarray(values, "float32"))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(function(tf.convert_to_tensor(variable)))
    return tape.gradient(total, variable).numpy()


def test_values_become_the_nearest_numbers_of_the_grid():
    values = np.array([-9.0, -1.4, -0.2, 0.0, 0.3, 0.9, 1.2, 9.0], "float32")
    np.testing.assert_array_equal(numbers(HALVES.round(values)), [-1.5, -1.5, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0])


def test_gradients_pass_inside_of_the_range_alone():
    values = np.array([-9.0, -1.5, -0.2, 0.9, 1.0, 1.1])
    np.testing.assert_array_equal(gradient(HALVES.round, values), [0.0, 1.0, 1.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.5, 2.0), (-3.0, -1.0), (-40.0, 6.5), (0.0, 0.0)])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("num_bits", [8, 16])
def test_scale_and_zero_point_are_those_of_the_quantizer(low, high, symmetric, num_bits):
    zero_point, scale = uniform_quantize_tensor.tensor_zp_scale_from_min_max(
        np.float32(low), np.float32(high), num_bits, symmetric, qtyping.QuantGranularity.TENSORWISE
    )
    grid = grid_of_range(
        ops.convert_to_tensor(low), ops.convert_to_tensor(high), num_bits, symmetric=symmetric
    )
    assert float(numbers(grid.scale)) == pytest.approx(float(scale), rel=1e-6)
    assert float(numbers(grid.zero_point)) == float(zero_point)


def test_grids_that_kernels_fix_are_theirs():
    assert grid_of_probabilities(8) == Grid(1 / 256, -128.0, -128, 127)
    assert grid_of_probabilities(16) == Grid(1 / 32768, 0.0, -32768, 32767)
    assert grid_of_tanh(8) == Grid(1 / 128, 0.0, -128, 127)


def quantized(kernel: np.ndarray, num_bits: int, granularity, bound: np.ndarray | None = None) -> np.ndarray:
    """What the quantizer makes of a kernel (input_dim, output_dim), as numbers."""
    weights = np.ascontiguousarray(kernel.T)  # TFLite's order
    is_block = granularity != qtyping.QuantGranularity.CHANNELWISE
    view = weights.reshape(len(weights), -1, 32) if is_block else weights
    low, high = (end(view, axis=-1, keepdims=not is_block) for end in (np.min, np.max))
    zero_point, scale = uniform_quantize_tensor.tensor_zp_scale_from_min_max(
        low, high, num_bits, True, granularity, bound
    )
    parameters = qtyping.UniformQuantParams(
        num_bits, 1 if is_block else 0, scale, zero_point, True, block_size=32 if is_block else 0
    )
    integers = uniform_quantize_tensor.uniform_quantize(weights, parameters, is_block)
    return uniform_quantize_tensor.uniform_dequantize(integers, parameters).T


@pytest.mark.parametrize(("num_bits", "block_size"), [(8, None), (4, None), (4, 32)])
def test_kernels_are_those_of_the_quantizer(num_bits, block_size):
    kernel = np.random.default_rng(num_bits).normal(0, 0.1, (64, 5)).astype("float32")
    kernel[:, 2] *= block_size is not None  # an empty block has a scale of 0 there
    names = qtyping.QuantGranularity
    expected = quantized(kernel, num_bits, names.BLOCKWISE_32 if block_size else names.CHANNELWISE)
    found = numbers(round_kernel(ops.convert_to_tensor(kernel), num_bits, block_size=block_size))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)


def test_where_octav_clips_is_where_the_quantizer_clips():
    kernel = np.random.default_rng(3).standard_t(3, (64, 5)).astype("float32") * 0.05
    expected = octav._guess_clipping_with_octav(kernel.T, 4, 1, 10, 3.0, early_stop=False)
    bound = octav_bound(ops.convert_to_tensor(kernel)[None], 4)
    np.testing.assert_allclose(numbers(bound)[0].T, expected, rtol=1e-5)
    rounded = numbers(round_kernel(ops.convert_to_tensor(kernel), 4, clips=True))
    np.testing.assert_allclose(
        rounded, quantized(kernel, 4, qtyping.QuantGranularity.CHANNELWISE, expected), rtol=1e-4, atol=1e-7
    )
    assert np.abs(rounded).max() < np.abs(kernel).max()


def test_a_kernel_passes_its_whole_gradient_on():
    kernel = np.array([[1.0, -3.0], [0.2, 0.1]])
    np.testing.assert_array_equal(gradient(lambda k: round_kernel(k, 4, clips=True), kernel), np.ones((2, 2)))
