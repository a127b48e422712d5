"""Texts for `mbert predict`: where they come from, and blank ones."""

import io
from pathlib import Path

import pytest

from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.predict import _texts
from mbert_cli.commands.predict_answers import answer_questions
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


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (
            {"questions": ("Who?",)},
            "A question needs a text, and a text a question. Received: no --context FILE",
            "Give --context FILE too.",
        ),
        (
            {"context": Path("text.txt")},
            "A question needs a text, and a text a question. Received: no --question TEXT",
            "Give --question TEXT too.",
        ),
        (
            {"questions": (" ",), "context": Path("text.txt")},
            "A question must not be blank. Received: a blank one.",
            "Give --question TEXT.",
        ),
        (
            {"questions": ("Who?",), "context": Path("blank.txt")},
            "A text that answers questions must not be blank. Received: blank.txt",
            "Give --context FILE with a text.",
        ),
    ],
)
def test_questions_and_their_text_go_together(tmp_path, monkeypatch, typed, message, hint):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("Ann sleeps.")
    Path("blank.txt").write_text("\n")
    with pytest.raises(UserError) as error:
        answer_questions(invocation(**typed), Path("run"))
    assert (error.value.message, error.value.hint) == (message, hint)
