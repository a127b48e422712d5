"""Which columns of a table stand side by side where a terminal is too narrow for all of them, and short cells."""

from collections.abc import Sequence

LONG = 40
"""Characters from which on a column holds sentences, lists or paths, which may be folded; others are never torn."""

FOLDED = 20
"""Characters that a long column is given at least."""

MORE = " ..."
"""Stands where a text is cut."""


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


def shortened(text: str, width: int) -> str:
    """A text on one line, cut where it is wider: at a blank, or where there is none in the second half, anywhere.

    Args:
        text: The text.
        width: Columns of a terminal at most, of which Chinese characters and the like take two.
    """
    from rich.cells import cell_len

    line = " ".join(text.split())
    columns = room = 0
    for place, character in enumerate(line):
        columns += cell_len(character)
        if columns > width:
            break
        if columns <= width - len(MORE):
            room = place + 1
    else:
        return line
    blank = line.rfind(" ", 0, room + 1)
    return line[: blank if blank > room // 2 else room].rstrip() + MORE


def _width(columns: Sequence[int]) -> int:
    """Characters of a row: a blank on both sides of each cell, and one between two of them."""
    return sum(columns) + 2 * len(columns) + len(columns) - 1
