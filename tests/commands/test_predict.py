"""Texts for `mbert predict`: where they come from, and blank ones."""

import io
from pathlib import Path

import pytest

from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.predict import _texts
from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load


def invocation(**typed: object) -> Invocation:
    return Invocation("predict", load("predict"), Path("runs"), **typed)


def test_lines_of_a_file_are_texts_and_blank_ones_are_left_out(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("one\n\n  two \n")
    assert _texts(invocation(file=file)) == ["one", "two"]


def test_standard_input_is_read_when_nothing_is_named(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\n"))
    assert _texts(invocation()) == ["one", "two"]


@pytest.mark.parametrize(("texts", "received"), [(("  ",), "a blank one."), ((), "none.")])
def test_blank_texts_are_refused(monkeypatch, texts, received):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(UserError) as error:
        _texts(invocation(texts=texts))
    assert error.value.message == f"`mbert predict` needs texts that are not blank. Received: {received}"
    assert error.value.hint == "Give --text TEXT, --file FILE with one text a line, or standard input."
