"""Initial weights, the same on every backend and for every model that contains them."""

from collections.abc import Iterable
from zlib import crc32

import keras
import numpy as np


def truncated_normal(path: str, shape: tuple[int, ...], seed: int, deviation: float = 0.02) -> np.ndarray:
    """Draws one weight as a function of its path, shape and the seed.

    Returns:
        float32 array, cut off at two standard deviations as in BERT.
    """
    generator = np.random.Generator(np.random.Philox(key=(seed, crc32(path.encode()))))
    values = generator.standard_normal(shape, dtype=np.float32)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        redrawn = generator.standard_normal(outside.size, dtype=np.float32)
        values.flat[outside] = redrawn
        outside = outside[np.abs(redrawn) > 2]
    values *= deviation
    return values


def draw_weights(weights: Iterable[keras.Variable], seed: int | None, deviation: float) -> None:
    """Draws the kernels and tables among some weights; biases and norms keep their zeros and ones.

    Args:
        weights: The weights of built layers.
        seed: None draws nothing: the weights will come from a file.
        deviation: The size's `initializer_range`.
    """
    if seed is None:
        return
    for weight in weights:
        if len(weight.shape) > 1:
            weight.assign(truncated_normal(weight.path, tuple(weight.shape), seed, deviation))
