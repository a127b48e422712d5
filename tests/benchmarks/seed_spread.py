"""Scores over seeds, as tables of the scripts beside this file show them."""

import statistics
from collections.abc import Sequence


def show_spread(scores: Sequence[float]) -> str:
    """Mean and standard deviation in percent; the mean alone of one score, and nothing of none.

    Args:
        scores: 0 to 1, one for each seed.
    """
    if not scores:
        return ""
    deviation = f" ± {statistics.stdev(scores):.2%}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores):.2%}{deviation}"
