"""Questions for `mbert predict`, and the text that they are about."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.asked_questions import read_questions


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (
            {"questions": ("Who?",)},
            "A question needs a text, and a text needs a question. Received: no --context FILE",
            "Give --context FILE too.",
        ),
        (
            {"context": Path("text.txt")},
            "A question needs a text, and a text needs a question. Received: no --question TEXT",
            "Give --question TEXT too.",
        ),
        (
            {"questions": (" ",), "context": Path("text.txt")},
            "A question must not be blank. Received: a blank one",
            "Give --question TEXT.",
        ),
        (
            {"questions": ("Who?",), "context": Path("blank.txt")},
            "A text that answers questions must not be blank. Received: blank.txt",
            "Give --context FILE with a text.",
        ),
        (
            {"questions": ("Who?",), "context": Path("text.txt"), "file": Path("text.txt")},
            "A question is asked about one text, that of --context. Received: --file too",
            "Leave --file out, or --question and --context.",
        ),
    ],
)
def test_questions_and_their_text_go_together(tmp_path, monkeypatch, typed, message, hint):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("Ann sleeps.")
    Path("blank.txt").write_text("\n")
    with pytest.raises(UserError) as error:
        read_questions(Invocation("predict", load("predict"), Path("runs"), **typed))
    assert (error.value.message, error.value.hint) == (message, hint)
