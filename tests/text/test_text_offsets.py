"""Offsets in characters, units of UTF-16 and bytes of UTF-8, beside Python's own codecs."""

import pytest

from mbert_cli.text.text_offsets import TextOffsets, find_piece

TEXT = "a é € 🦊b👨🏻‍🚒."
CODECS = {"characters": ("utf-32-le", 4), "utf16": ("utf-16-le", 2), "bytes": ("utf-8", 1)}


@pytest.mark.parametrize("unit", CODECS)
@pytest.mark.parametrize("text", [TEXT, "plain", ""])
def test_every_offset_is_the_character_that_the_codec_says(unit, text):
    codec, width = CODECS[unit]
    offsets = TextOffsets(text, unit)
    ends = {len(text[:place].encode(codec)) // width: place for place in range(len(text) + 1)}
    for offset in range(-2, max(ends) + 3):
        assert offsets.character(offset) == ends.get(offset)


@pytest.mark.parametrize(
    ("text", "piece", "offset", "place"),
    [
        ("Ann saw Ben.", "Ben", 7, 8),
        ("Ann saw Ben.", "Ben", -1, 8),
        ("Ann saw Ben.", "Cat", 8, None),
        ("Ben saw Ben.", "Ben", 7, None),
        ("aaa", "aa", 9, None),  # in two places, though they overlap
        ("🦊 Ben saw Ben", "Ben", 3, 2),  # units of UTF-16
        ("🦊 Ben saw Ben", "Ben", 11, 10),
        ("🦊 Ben saw Ben", "Ben", 13, 10),  # bytes
        ("🦊 Ben saw Ben", "Ben", 4, None),
    ],
)
def test_a_piece_is_found_where_its_offset_means_or_in_its_only_place(text, piece, offset, place):
    assert find_piece(text, piece, offset) == place
