"""Text of any script in a picture."""

import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report import lettering as picture_text
from mbert_cli.report.lettering import Lettering

NOWHERE = "\U0010fffd"
"""A character that means nothing, so that no font has it."""


def test_characters_that_no_font_has_become_numbers():
    lettering = Lettering.for_texts(["film", NOWHERE])
    assert lettering.missing == {NOWHERE}
    assert lettering.readable(f"film {NOWHERE}") == "film \\U0010fffd"


def test_fonts_are_added_until_every_character_has_one(monkeypatch):
    has = {"one": "ab", "two": "bcd", "three": "d"}
    monkeypatch.setattr(picture_text, "_installed", lambda: {name: name for name in has})
    monkeypatch.setattr(picture_text, "_having", lambda file, wanted: set(has.get(file, "x")) & set(wanted))
    usual = Lettering.for_texts(["x x"]).families
    lettering = Lettering.for_texts(["xab", "cd e"])
    assert lettering.families == (*usual, "two", "one")
    assert lettering.missing == {"e"}


def test_dollars_start_no_formula():
    properties = Lettering.for_texts(["$x$"]).properties
    assert properties["parse_math"] is False
    assert properties["fontfamily"]
