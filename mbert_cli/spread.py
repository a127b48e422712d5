"""Which of many are taken where not all are."""

import numpy as np


def spread_places(count: int, most: int | None) -> np.ndarray:
    """The places of some things that are taken: all, or some that are evenly spaced.

    Args:
        count: How many there are.
        most: How many are taken at most; None for all.

    Returns:
        (taken,) Ascending.
    """
    if most is None or count <= most:
        return np.arange(count)
    return np.arange(most) * count // most
