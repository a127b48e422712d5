"""The numbers that integers stand for, as litert-quantizer and LiteRT's kernels choose them, with their gradients.

An integer stands for `scale * (integer - zero_point)`. Rounding has no gradient of use: a value inside
the range passes its gradient on as if nothing had been rounded, and one outside passes none, because no small change of
it changes anything (the straight-through estimator; Jacob et al., "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference", 2018).
"""

from typing import NamedTuple

from keras import ops

from mbert_cli.backend import Tensor

SMALLEST_RANGE = 1e-9
"""What an empty range counts as, so that no scale is 0."""

SMALLEST_BLOCK_SCALE = 2.0**-24
"""The smallest float16 above 0, the type of the scales of blocks."""

OCTAV_ITERATIONS = 10


class Grid(NamedTuple):
    """Integers and what they stand for.

    Attributes:
        scale: float32, a scalar or of a shape that the values' is broadcast with.
        zero_point: The integer that stands for 0, as a float.
        lowest: The smallest integer.
        highest: The largest one.
    """

    scale: Tensor
    zero_point: Tensor
    lowest: int
    highest: int

    def round(self, values: Tensor) -> Tensor:
        """Values -> the nearest numbers of the grid, with the gradient described above; float32."""
        steps = ops.round(values / self.scale) + self.zero_point
        steps = ops.clip(steps, self.lowest, self.highest)
        rounded = ops.stop_gradient((steps - self.zero_point) * self.scale)
        return rounded + ops.where(self._holds(values), values - ops.stop_gradient(values), 0.0)

    def _holds(self, values: Tensor) -> Tensor:
        """Which values lie between the ends of the grid."""
        first = (self.lowest - self.zero_point) * self.scale
        last = (self.highest - self.zero_point) * self.scale
        return ops.logical_and(values >= first, values <= last)


def grid_of_range(low: Tensor, high: Tensor, num_bits: int, *, symmetric: bool) -> Grid:
    """The grid of activations between two values.

    Args:
        low, high: Smallest and largest value; 0 is always on the grid.
        num_bits: Bits of an integer.
        symmetric: Whether the integer 0 stands for 0.
    """
    lowest, highest = -(2 ** (num_bits - 1)), 2 ** (num_bits - 1) - 1
    if symmetric:
        bound = ops.maximum(ops.maximum(ops.abs(low), ops.abs(high)), SMALLEST_RANGE)
        return Grid(bound / highest, ops.zeros_like(bound), lowest, highest)
    low, high = ops.minimum(low, 0.0), ops.maximum(high, 0.0)
    scale = ops.maximum(high - low, SMALLEST_RANGE) / (highest - lowest)
    return Grid(scale, ops.round(lowest - low / scale), lowest, highest)


def grid_of_probabilities(num_bits: int) -> Grid:
    """The grid of a softmax, which LiteRT's kernels fix: it ends one step below 1."""
    highest = 2 ** (num_bits - 1) - 1
    if num_bits == 8:
        return Grid(1 / 256, -128.0, -128, highest)
    return Grid(1 / 2 ** (num_bits - 1), 0.0, -highest - 1, highest)


def grid_of_tanh(num_bits: int) -> Grid:
    """The grid of a tanh, which LiteRT's kernels fix."""
    return Grid(1 / 2 ** (num_bits - 1), 0.0, -(2 ** (num_bits - 1)), 2 ** (num_bits - 1) - 1)


def round_kernel(
    kernel: Tensor, num_bits: int, *, block_size: int | None = None, clips: bool = False
) -> Tensor:
    """Rounds the kernel of a dense map, each output channel by a symmetric grid of its own.

    A kernel passes its whole gradient on: what is clipped today has to find its way back.

    Args:
        kernel: (input_dim, output_dim).
        num_bits: Bits of an integer.
        block_size: Input channels that share a scale for each output channel, which is a float16 of the precision of
            bfloat16; None for all.
        clips: Whether the largest weights may be clipped for the sake of the others (OCTAV).
    """
    input_dim, output_dim = kernel.shape
    weights = ops.reshape(ops.stop_gradient(kernel), (-1, block_size or input_dim, output_dim))
    bound = ops.maximum(ops.max(ops.abs(weights), axis=1, keepdims=True), SMALLEST_RANGE)
    if clips:
        bound = ops.minimum(bound, octav_bound(weights, num_bits))
    highest = 2 ** (num_bits - 1) - 1
    scale = bound / highest
    if block_size:
        scale = ops.cast(ops.cast(ops.cast(scale, "bfloat16"), "float16"), "float32")
        scale = ops.maximum(scale, SMALLEST_BLOCK_SCALE)
    # Kernels of eight bits never meet -128; of fewer they may meet the lowest integer.
    lowest = -highest if num_bits >= 8 else -highest - 1
    rounded = ops.clip(ops.round(weights / scale), lowest, highest) * scale
    return ops.reshape(rounded, (input_dim, output_dim)) + (kernel - ops.stop_gradient(kernel))


def round_rows_of_words(rows: Tensor, num_bits: int) -> Tensor:
    """Rounds rows of the word table, each by a symmetric grid of its own, which OCTAV chooses.

    Args:
        rows: (..., dim) float32; they pass their whole gradient on.
        num_bits: Bits of an integer.
    """
    values = ops.stop_gradient(rows)
    grid = grid_of_words(values, num_bits)
    return ops.clip(ops.round(values / grid.scale), grid.lowest, grid.highest) * grid.scale + (rows - values)


def grid_of_words(rows: Tensor, num_bits: int) -> Grid:
    """The symmetric grids of rows of the word table, one for each, which OCTAV chooses.

    Args:
        rows: (..., dim) float32.
        num_bits: Bits of an integer.

    Returns:
        With scales of the shape (..., 1).
    """
    bound = ops.maximum(ops.max(ops.abs(rows), axis=-1, keepdims=True), SMALLEST_RANGE)
    bound = ops.maximum(ops.minimum(bound, octav_bound(rows, num_bits, axis=-1)), SMALLEST_RANGE)
    highest = 2 ** (num_bits - 1) - 1
    return Grid(bound / highest, 0.0, -highest - 1, highest)


def octav_bound(weights: Tensor, num_bits: int, axis: int = 1) -> Tensor:
    """Where to clip so that rounding and clipping together do the least harm.

    Newton's method on the mean squared error, as litert-quantizer runs it.

    Args:
        weights: (blocks, input channels of a block, output channels), or any other where the axis is another.
        num_bits: Bits of an integer.
        axis: The axis of those that share a scale.

    Returns:
        The same with 1 on that axis.

    Source: Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation for Improved Quantization-aware
    Training", 2022, equation 6.
    """
    magnitudes, share = ops.abs(weights), 4.0**-num_bits / 3.0
    bound = ops.ones_like(ops.max(magnitudes, axis=axis, keepdims=True))
    for _ in range(OCTAV_ITERATIONS):
        clipped = ops.cast(magnitudes >= bound, "float32")
        count = ops.sum(clipped, axis=axis, keepdims=True)
        total = ops.sum(magnitudes * clipped, axis=axis, keepdims=True)
        bound = total / (count * (1.0 - share) + share * weights.shape[axis])
    return bound
