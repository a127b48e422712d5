"""Ranges of plain files."""

import pytest

from mbert_cli.text.file_ranges import WHOLE, FileRange, part_end


def test_a_range_is_whole_where_nothing_is_left_out():
    assert WHOLE.is_whole
    assert not FileRange(3).is_whole
    assert not FileRange(0, 3).is_whole


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b"a\n\nb\nc d", b"a\n\n"),
        (b"a\r\n\r\nb\nc", b"a\r\n\r\n"),
        (b"a b\nc d", b"a b\n"),
        (b"a b c", b"a b "),
        ("ab\u00e9".encode()[:-1], b"ab"),
        (b"abc", b"ab"),
    ],
)
def test_a_part_ends_at_a_blank_line_else_a_line_a_word_or_a_character(data, kept):
    assert data[: part_end(data)] == kept
