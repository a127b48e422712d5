"""Texts that a person types after a flag."""

import os
from collections.abc import Iterable

_SURROGATES = range(0xDC80, 0xDD00)
"""What Python makes of bytes that the locale knows no characters for."""


def typed_text(text: str) -> str:
    """A text as it was typed: what the locale cannot read, as `LC_ALL=C` any letter beyond ASCII, is UTF-8.

    Args:
        text: What Python made of the bytes of the command line.

    Returns:
        The same where the bytes are no UTF-8, and where nothing was left unread.
    """
    if not any(ord(character) in _SURROGATES for character in text):
        return text
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        return text


def typed_texts(texts: Iterable[str] | None) -> list[str]:
    """Several of them; none where the flag was not given."""
    return [typed_text(text) for text in texts or ()]
