"""Which texts tensorflow-text cuts into other tokens than BERT does.

Its FastBertTokenizer folds characters by newer and wider rules than BERT: "ß" to "ss", "…" to "...", control
characters to spaces. A word is too long for it by its bytes, for BERT by its characters. Named here is more than
what differs: ranges are drawn together, and scripts that few texts are in stand whole.
"""

import string
from functools import cache

import numpy as np

MAX_WORD = 100
"""Bytes of the longest word that is not `[UNK]` to tensorflow-text, and its characters to BERT."""

_CASED = """
0-8 b-c e-1f 7f-9f ad 600-605 61c-61d 6dd 70f 890-891 8e2 9fd a76 c77 c84 166d 180e 1b4e-1b7f 200b-200f
202a-202e 2060-206f 2e43-2e5d e000-f8ff feff fff0-ffff 10000-1efff 2b820-10ffff
"""
_LOWERCASE = """
0-8 b-c e-1f 7f-9f a8 aa ad af b2-b5 b8-ba bc-be df 132-133 13f-140 149 17f 1c4-1cc 1f1-1f3 2b0-2b8 2d8-2e4 345
37a 384-385 3c2 3d0-3ff 587 600-605 61d 675-678 6dd 70f 7fd 890-8ff 9fd-9fe a76 afa-b00 b55 c04 c3c c77 c84 d00
d3b-d3c d81 e33 eb3-ebf ece-edd f0c 10fc 115f-1160 13a0-13ff 166d 1715 1734 180f 1885-1886 1abf-1dff 1e9a-1e9e
1f80-1fff 2011 2017 2024-2026 2033-2037 203c-203e 2047-2057 2065 2070-209c 20a8 2100-218b 222c-2230 2460-24ff
2a0c 2a74-2a76 2c7c-2d6f 2e43-2fff 302e-302f 3036-303a 309b-309f 30ff 3131-33ff a69c-abff e000-f8ff fb00-fdff
fe10-ffff 10000-1efff 1f100-1f190 1f200-1f2ff 1fbf0-1fbff 2b820-10ffff
"""
"""Code points, in hexadecimal, that the two may read differently alone or in a word."""

_APART = 0
_DIFFERENT = 255
"""More than `MAX_WORD`, as the weight of a word."""


def find_different(texts: list[str], lowercase: bool) -> list[int]:
    """Places of the texts that tensorflow-text may cut in another way than BERT, ascending.

    Args:
        texts: Texts of any length.
        lowercase: Text is lower-cased and stripped of accents before it is cut.
    """
    rows = [row for row, text in enumerate(texts) if not text.isascii()]
    others = [text for text in texts if text.isascii()]
    data = np.frombuffer("".join(others).encode(), np.uint8)
    if np.any(_is_control(data)):
        rows = list(range(len(texts)))
    if not rows:
        return []
    # A newline at each text's end ends its last word.
    codes = "".join(texts[row] + "\n" for row in rows).encode("utf-32-le", "surrogatepass")
    weights = _weights(lowercase)[np.frombuffer(codes, np.uint32)]
    word_ends = np.flatnonzero(weights == _APART)
    word_weights = np.diff(np.cumsum(weights, dtype=np.int64)[word_ends], prepend=0)
    text_ends = np.cumsum([len(texts[row]) + 1 for row in rows])
    places = word_ends[word_weights > MAX_WORD]
    return [rows[index] for index in np.unique(np.searchsorted(text_ends, places, side="right"))]


def may_differ(lowercase: bool) -> np.ndarray:
    """Characters that send a text to `find_different`'s places wherever they stand, (1114112,) bool by code point."""
    found: np.ndarray = _weights(lowercase) == _DIFFERENT
    return found


def _is_control(data: np.ndarray) -> np.ndarray:
    """Whether bytes of ASCII are control characters, which tab and the ends of lines are not."""
    found: np.ndarray = (data < 32) & (data != 9) & (data != 10) & (data != 13) | (data == 127)
    return found


@cache
def _weights(lowercase: bool) -> np.ndarray:
    """Most bytes that a character adds to its word, by code point, (1114112,) uint8.

    `_APART` if it ends the word, `_DIFFERENT` if the word may be cut differently.
    """
    weights = np.full(0x110000, 4, np.uint8)
    weights[:0x10000] = 3
    weights[:0x800] = 2
    weights[:0x80] = 1
    if lowercase:
        weights[0xAC00:0xD7A4] = 9  # a syllable of Hangul, taken apart
    weights[[ord(char) for char in string.whitespace + string.punctuation]] = _APART
    for start, end in ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2A6DF)):  # Chinese characters
        weights[start : end + 1] = _APART
    for entry in (_LOWERCASE if lowercase else _CASED).split():
        first, _, last = entry.partition("-")
        weights[int(first, 16) : int(last or first, 16) + 1] = _DIFFERENT
    return weights
