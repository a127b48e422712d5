"""Offsets in a text, whatever a file counts: characters, units of UTF-16 as JavaScript does, or bytes of UTF-8."""

from typing import Literal

import numpy as np

OffsetUnit = Literal["characters", "utf16", "bytes"]

OTHER_UNITS: tuple[OffsetUnit, ...] = ("utf16", "bytes")
"""What some programs count in place of characters."""

_WIDER_FROM = {"characters": (), "utf16": (0x10000,), "bytes": (0x80, 0x800, 0x10000)}
"""Code points from which a character takes one unit more."""


class TextOffsets:
    """The characters of one text, found by offsets in some unit.

    Args:
        text: In valid Unicode.
        unit: What is counted.
    """

    def __init__(self, text: str, unit: OffsetUnit) -> None:
        self._length = len(text)
        self._starts = None
        if _WIDER_FROM[unit] and not text.isascii():
            points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
            units = 1 + sum((points >= bound).astype(np.int64) for bound in _WIDER_FROM[unit])
            self._starts = np.concatenate([[0], np.cumsum(units)])

    @property
    def length(self) -> int:
        """Units of the whole text."""
        return self._length if self._starts is None else int(self._starts[-1])

    def character(self, offset: int) -> int | None:
        """The character that begins at an offset, or the end of the text; None where none does."""
        if self._starts is None:
            return offset if 0 <= offset <= self._length else None
        place = int(np.searchsorted(self._starts, offset))
        return place if place <= self._length and self._starts[place] == offset else None


def find_piece(text: str, piece: str, offset: int) -> int | None:
    """The character where a piece of a text stands, given an offset that is wrong if it counts characters.

    Args:
        text: The text.
        piece: What stands in it, not empty.
        offset: Where it should be.

    Returns:
        The place that the offset means in units of UTF-16 or in bytes if the piece stands there; else its only
        place; None where it has none, or several.
    """
    for unit in OTHER_UNITS:
        place = TextOffsets(text, unit).character(offset)
        if place is not None and text.startswith(piece, place):
            return place
    first = text.find(piece)
    return first if first >= 0 and text.find(piece, first + 1) < 0 else None
