"""A folded model -> the same model whose channels suit the few steps of 8 bits better.

A tensor of activations has one range for all of its channels, so the largest channel decides how coarse the steps of
all others are. A factor for each channel that changes no output (`channels.py`) brings them closer together, at the
price of kernels whose rows lie further apart, which have one range for each column. The factor of a channel is the
square root of its largest activation over its largest weight (Xiao et al. 2022, "SmoothQuant", equation 4 with strength
0.5, there through LayerNorm; Nagel et al. 2019, "Data-free quantization", equation 11, through ReLU). Channels that are
not expected to win much by it stay as they are.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from mbert_cli.model.options import Architecture
from mbert_cli.tflite.channels import Channels, Part, free_channels
from mbert_cli.tflite.dense_layers import ChannelRanges
from mbert_cli.tflite.fold import Weights

WORTH = 0.5
"""Channels get factors where at most this share of the expected squared error is left; less is within the error of the
expectation."""

MAX_FACTOR = 1024.0
"""Largest factor of a channel, against the mean of those beside it, and its inverse the smallest."""

WEIGHT_STEPS = 127
"""Largest integer that a kernel of 8 bits is stored as."""

FLOOR = 1e-3
"""A channel counts as at least this share of the largest beside it, so that one that is always 0 has a factor too."""


def equalize(
    weights: Weights, architecture: Architecture, ranges: ChannelRanges
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Equalizes a folded model.

    Args:
        weights: Arrays by canonical name, from `fold`.
        architecture: The one that `fold` returned.
        ranges: Of its dense maps, from `measure_channels`.

    Returns:
        float32 arrays of the same names and shapes, of a model that gives the same outputs; and the paths of the dense
        maps that read what was changed.
    """
    arrays = {name: np.array(array, np.float64) for name, array in weights.items()}
    changed = []
    for channels in free_channels(weights, architecture):
        factors = _factors(channels, weights, ranges)
        if factors is None:
            continue
        for part in channels.written:
            part.multiply(arrays, 1.0 / factors)
        for part in channels.read:
            part.multiply(arrays, factors)
        changed += [path for path, _ in _maps(channels.read, "kernel")]
    return {name: array.astype(np.float32) for name, array in arrays.items()}, list(dict.fromkeys(changed))


def _factors(channels: Channels, weights: Weights, ranges: ChannelRanges) -> np.ndarray | None:
    """What channels are divided by where they are written; None if they are best left alone."""
    written = _written(channels.written, ranges)
    if channels.opposed:
        return _opposed(written, _written(channels.read, ranges))
    readers = list(_maps(channels.read, "kernel"))
    peaks = _floored(np.max([_cut(ranges[path].read_peaks, part) for path, part in readers], axis=0))
    shares = _floored(np.max([_row_shares(weights, part) for _, part in readers], axis=0))
    factors = _moderate(np.sqrt(peaks / shares))

    def error(factors: np.ndarray) -> float:
        return sum(
            _expected_error(part.of(weights), peaks, _cut(ranges[path].read_power, part), factors)
            for path, part in readers
        )

    if error(factors) > WORTH * error(np.ones_like(factors)):
        return None
    largest = np.maximum(written, peaks)
    return np.asarray(factors * (largest / factors).max() / largest.max())


def _opposed(query: np.ndarray, key: np.ndarray) -> np.ndarray | None:
    """Factors after which both have the same magnitude in each channel, if their largest ones fall by them."""
    factors = _moderate(np.sqrt(query / key))
    after = (query / factors).max() * (key * factors).max()
    return factors if float(after) < WORTH * float(query.max() * key.max()) else None


def _expected_error(kernel: np.ndarray, peaks: np.ndarray, power: np.ndarray, factors: np.ndarray) -> float:
    """Squared error of rounding, against the square of what a kernel (channels, outputs) gives.

    An integer is off by a step's square over 12 on average; activations are stored in 255 steps.
    """
    squares = np.square(kernel)
    step = 2.0 * (peaks / factors).max() / 255.0
    of_activations = step**2 * (np.square(factors) @ squares).sum()
    steps = (np.abs(kernel) * factors[:, None]).max(axis=0) / WEIGHT_STEPS
    of_weights = np.square(steps).sum() * (power / np.square(factors)).sum()
    return float(
        (of_activations + of_weights) / 12.0 / max((power @ squares).sum(), np.finfo(np.float64).tiny)
    )


def _written(parts: Sequence[Part], ranges: ChannelRanges) -> np.ndarray:
    """Largest magnitude of each channel where dense maps write it; 0 where none does."""
    found = [_cut(ranges[path].written_peaks, part) for path, part in _maps(parts, "bias")]
    return _floored(np.max(found, axis=0)) if found else np.zeros(parts[0].width)


def _row_shares(weights: Weights, part: Part) -> np.ndarray:
    """Largest share that each row of a kernel has of any column's largest weight."""
    peaks = np.abs(weights[part.name]).max(axis=0)
    return np.asarray((np.abs(part.of(weights)) / np.where(peaks > 0, peaks, 1.0)).max(axis=1))


def _maps(parts: Sequence[Part], array: str) -> Iterator[tuple[str, Part]]:
    """The parts that are this array of a dense map, with the path of the map."""
    for part in parts:
        path, _, name = part.name.rpartition("/")
        if name == array:
            yield path, part


def _cut(channels: np.ndarray, part: Part) -> np.ndarray:
    return channels[part.start : part.start + part.width]


def _floored(magnitudes: np.ndarray) -> np.ndarray:
    least = max(FLOOR * magnitudes.max(), np.finfo(np.float32).tiny)
    return np.asarray(np.maximum(magnitudes, least))


def _moderate(factors: np.ndarray) -> np.ndarray:
    """Keeps factors near their geometric mean, which is brought to 1."""
    relative = factors / np.exp(np.mean(np.log(factors)))
    return np.asarray(np.clip(relative, 1.0 / MAX_FACTOR, MAX_FACTOR))
