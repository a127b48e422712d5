"""Texts after flags arrive as they were typed, whatever the locale."""

import pytest

from mbert_cli.typed_texts import typed_text, typed_texts


def as_ascii(text: str) -> str:
    """What Python makes of a text of UTF-8 under LC_ALL=C."""
    return text.encode().decode("ascii", "surrogateescape")


@pytest.mark.parametrize("text", ["plain", "caf\u00e9", "\U0001f600 na\u00efve", ""])
def test_a_text_is_what_was_typed(text):
    assert typed_text(text) == typed_text(as_ascii(text)) == text


def test_what_is_no_text_of_utf_8_stays_and_is_refused_where_it_is_read():
    for broken in ("\udce9", "a\udcff", "\ud800", "caf\u00e9 \udce9"):
        assert typed_text(broken) == broken


def test_no_texts_are_none():
    assert typed_texts(None) == []
    assert typed_texts(("a", as_ascii("\u00e9"))) == ["a", "\u00e9"]
