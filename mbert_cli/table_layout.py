"""Which columns of a table stand side by side where a terminal is too narrow for all of them."""

from collections.abc import Sequence

LONG = 40
"""Characters from which on a column holds sentences, lists or paths, which may be folded; others are never torn."""

FOLDED = 20
"""Characters that a long column is given at least."""


def column_groups(widths: Sequence[int], available: int) -> list[list[int]]:
    """Cuts a table into tables that fit, each with the first column, as few as possible from the left.

    Args:
        widths: Characters of the widest cell of each column.
        available: Characters of a line.

    Returns:
        Places of the columns of each part. A column that is too wide even beside the first alone is in a part of
        its own, to be folded.
    """
    least = [width if width <= LONG else FOLDED for width in widths]
    groups = [[0]]
    for column in range(1, len(widths)):
        if len(groups[-1]) > 1 and _width([least[place] for place in [*groups[-1], column]]) > available:
            groups.append([0])
        groups[-1].append(column)
    return groups


def may_fold(columns: Sequence[int], widths: Sequence[int], available: int) -> list[bool]:
    """Which columns of a part may be folded: the long ones, or all where the others alone do not fit."""
    least = [widths[column] if widths[column] <= LONG else FOLDED for column in columns]
    is_too_wide = _width(least) > available
    return [is_too_wide or widths[column] > LONG for column in columns]


def _width(columns: Sequence[int]) -> int:
    """Characters of a row: a blank on both sides of each cell, and one between two of them."""
    return sum(columns) + 2 * len(columns) + len(columns) - 1
