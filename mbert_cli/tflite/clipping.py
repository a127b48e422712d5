"""Where the range of 8-bit values ends: cutting off a few values far from all others rounds the many more finely.

Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation for Improved Quantization-aware Training", 2022,
weigh the two errors so; here they are counted on measured values, for both ends.
"""

import numpy as np

NUM_BINS = 2048
"""Into how many values of the same width a range is divided to count them."""

NUM_ENDS = 64
"""How many places are tried for each end, from 0 to the outermost value."""

NUM_STEPS = 255
"""Between the numbers of 8 bits; two ends of the same size have one less."""


def count_values(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """How many values lie in each part of a range.

    Args:
        values: Of any shape, all between the two ends.
        low, high: The ends, `low` below `high`.

    Returns:
        (NUM_BINS,) int64.
    """
    places = ((values.ravel() - low) * (NUM_BINS / (high - low))).astype(np.int64)
    return np.bincount(np.clip(places, 0, NUM_BINS - 1), minlength=NUM_BINS)


def least_squares_range(
    counts: np.ndarray, low: float, high: float, *, symmetric: bool = False
) -> tuple[float, float]:
    """The range whose numbers of 8 bits represent values with the smallest squared error.

    A value inside is off by a twelfth of the squared distance of two numbers, one outside by its distance to the end.

    Args:
        counts: As `count_values` gives them.
        low, high: The ends between which they were counted.
        symmetric: Whether the range is the same on both sides of 0.
    """
    cut = _CutOff(counts, low, high)
    shares = np.linspace(1.0, 1.0 / NUM_ENDS, NUM_ENDS)
    if symmetric:
        ends = max(-low, high) * shares
        errors = cut.below(-ends) + cut.above(ends) + cut.total * (2 * ends / (NUM_STEPS - 1)) ** 2 / 12
        end = float(ends[errors.argmin()])
        return max(low, -end), min(high, end)
    firsts, lasts = min(low, 0.0) * shares, max(high, 0.0) * shares
    widths = lasts[None, :] - firsts[:, None]
    errors = (
        cut.below(firsts)[:, None] + cut.above(lasts)[None, :] + cut.total * (widths / NUM_STEPS) ** 2 / 12
    )
    first, last = np.unravel_index(errors.argmin(), errors.shape)
    return float(firsts[first]), float(lasts[last])


class _CutOff:
    """Squared errors of counted values that are moved to the end of a range."""

    def __init__(self, counts: np.ndarray, low: float, high: float) -> None:
        self.low, self.width = low, (high - low) / len(counts)
        centers = low + (np.arange(len(counts)) + 0.5) * self.width
        powers = (counts, counts * centers, counts * centers**2)
        self.sums = [np.concatenate([[0.0], np.cumsum(power)]) for power in powers]
        self.total = self.sums[0][-1]

    def below(self, ends: np.ndarray) -> np.ndarray:
        """Of values below each of the ends."""
        return self._errors(ends, [one[self._bins(ends)] for one in self.sums])

    def above(self, ends: np.ndarray) -> np.ndarray:
        """Of values above each of the ends."""
        return self._errors(ends, [one[-1] - one[self._bins(ends)] for one in self.sums])

    def _errors(self, ends: np.ndarray, sums: list[np.ndarray]) -> np.ndarray:
        """What the sums of the powers 0, 1 and 2 of values make of (value - end) ** 2."""
        count, total, squares = sums
        errors: np.ndarray = count * ends**2 - 2 * ends * total + squares
        return errors

    def _bins(self, ends: np.ndarray) -> np.ndarray:
        """How many bins lie below each of the ends."""
        return np.clip(np.round((ends - self.low) / self.width), 0, len(self.sums[0]) - 1).astype(int)
