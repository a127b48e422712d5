"""Text of any script in a picture: installed fonts that have its characters, or their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib import font_manager

NO_FONT = "Last Resort"
"""Begins the names of fonts that have a box for every character, and the shape of none."""


@dataclass(frozen=True)
class Lettering:
    """How text is written.

    Attributes:
        families: Fonts; a character is taken from the first that has it.
        missing: Characters that none has.
    """

    families: tuple[str, ...]
    missing: frozenset[str]

    @classmethod
    def for_texts(cls, texts: Iterable[str]) -> Lettering:
        """The usual fonts and, as long as characters are missing, the installed one that has most of them."""
        families = list(matplotlib.rcParams["font.family"])
        missing = {character for text in texts for character in text if not character.isspace()}
        for family in families:
            file = font_manager.findfont(font_manager.FontProperties(family=[family]))
            missing -= _having(file, missing)
        found = {family: _having(file, missing) for family, file in _installed().items()} if missing else {}
        while any(found.values()):
            best = max(found, key=lambda family: len(found[family]))
            families.append(best)
            missing -= found[best]
            found = {family: characters & missing for family, characters in found.items()}
        return cls(tuple(families), frozenset(missing))

    def readable(self, text: str) -> str:
        r"""The text with numbers for the characters that no font has, such as `\u6211`."""
        return "".join(
            character.encode("unicode_escape").decode() if character in self.missing else character
            for character in text
        )

    @property
    def properties(self) -> dict[str, Any]:
        r"""Properties of a text of matplotlib: its fonts, and that $ and \ start no formula."""
        return {"fontfamily": list(self.families), "parse_math": False}


def _installed() -> dict[str, str]:
    """Files of fonts by their names; bold and slanted ones are left out."""
    fonts = [font for font in font_manager.fontManager.ttflist if not font.name.startswith(NO_FONT)]
    return {font.name: font.fname for font in fonts if font.weight == 400 and font.style == "normal"}


def _having(file: str, characters: Iterable[str]) -> set[str]:
    """Those of the characters that a font has; none where its file cannot be read."""
    try:
        font = font_manager.get_font(file)
        return {character for character in characters if font.get_char_index(ord(character))}
    except (OSError, RuntimeError, ValueError):
        return set()
