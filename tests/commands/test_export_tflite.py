"""What `mbert export-tflite` says of clients on phones."""

from types import SimpleNamespace

import pytest

from mbert_cli.commands.export_tflite import _say_client
from mbert_cli.tasks.phone_client import ClientFit
from mbert_cli.tflite.clients import QUESTION_ANSWERER, TEXT_CLASSIFIER


@pytest.fixture
def said(capsys):
    """Client and labels -> what is printed, in one line."""

    def said(fit: ClientFit, labels: list[str], *modes: str) -> str:
        description = SimpleNamespace(output_names=labels)
        saved = SimpleNamespace(description=description)
        _say_client(SimpleNamespace(client=fit, saved=saved, modes=modes or ("float32",)))
        return " ".join(capsys.readouterr().err.split())

    return said


def test_the_client_that_loads_the_artifacts_is_named(said):
    assert said(ClientFit(TEXT_CLASSIFIER), ["sea", "money"]) == (
        "MediaPipe's TextClassifier loads the artifacts as they are"
    )


def test_a_legacy_client_is_called_one(said):
    text = said(ClientFit(QUESTION_ANSWERER), ["start", "end"])
    assert text.startswith(
        "BertQuestionAnswerer of the TFLite Task Library loads the artifacts as they are Warning"
    )
    assert "legacy" in text
    assert "pages of 16 KB" in text


def test_modes_that_a_client_does_not_load_are_warned_of(said):
    text = said(ClientFit(QUESTION_ANSWERER), ["start", "end"], "float32", "dynamic_int8")
    assert "loads the artifacts as they are" in text
    assert "loads float32 and float16 alone, and knows no operation of dynamic_int8" in text
    assert "as they are" not in said(ClientFit(QUESTION_ANSWERER), ["start", "end"], "int4")


def test_why_no_client_does_is_a_warning_where_something_can_be_done(said):
    fit = ClientFit(reason="X takes rows of 384 tokens, and this artifact 128", hint="Set --length 384.")
    assert said(fit, ["start", "end"]) == (
        "Warning: No client on a phone loads the artifacts as they are: X takes rows of 384 tokens, and this artifact "
        "128. Set --length 384."
    )
    assert said(ClientFit(reason="no client knows token classification"), ["O"]) == (
        "No client on a phone loads the artifacts as they are: no client knows token classification."
    )


def test_labels_with_line_breaks_are_warned_of(said):
    assert said(ClientFit(TEXT_CLASSIFIER), ["two\nlines", "one"]).endswith(
        "Warning: Clients read one label per line, so that line breaks inside 1 label are blanks there; "
        "`mbert predict` shows them as they are"
    )
