"""What `mbert export-tflite` says of artifacts: clients, processors, lengths, ranges, pages."""

from pathlib import Path

import pytest

from mbert_cli.phone.export_notes import say_client, say_compilation, say_lengths, say_page, say_trained
from mbert_cli.tasks.phone_client import ClientFit
from mbert_cli.tflite.clients import QUESTION_ANSWERER, TEXT_CLASSIFIER
from mbert_cli.tflite.trained_ranges import TrainedRanges


@pytest.fixture
def said(capsys):
    """Client and labels -> what is printed, in one line."""

    def said(fit: ClientFit, labels: list[str], *modes: str) -> str:
        say_client(fit, modes or ("float32",), labels)
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
    several = ClientFit(reason="it refuses a file of several lengths", hint="Name one --length.")
    assert "line breaks" not in said(several, ["two\nlines", "one"])


def test_lengths_are_told_where_there_are_several_with_those_that_nothing_verified(capsys):
    say_lengths({64: 872})
    assert capsys.readouterr().err == ""
    say_lengths({32: 800, 64: 72, 128: 0})
    text = " ".join(capsys.readouterr().err.split())
    assert "800 at 32, 72 at 64, 0 at 128" in text
    assert "Warning: No example could be run with 128 tokens: this length was not verified" in text


def test_a_run_that_learned_another_mode_or_target_is_told(capsys):
    trained = TrainedRanges(mode="int8_full", ranges={"task/map": (0.0, 1.0)})
    say_trained(None, Path("runs/a"), ["int8"], "cpu")
    assert capsys.readouterr().err == ""
    say_trained(trained, Path("runs/a"), ["int8_full", "float32"], "npu")
    text = " ".join(capsys.readouterr().err.split())
    assert (
        "runs/a learned the numbers of int8_full, and its scores are with them; in float32 its artifact"
        in text
    )
    assert "Ranges of activations are those that runs/a was trained with" in text
    assert "It was trained with quantize.target cpu and is exported for npu" in text


def test_the_lines_that_compile_for_an_npu_name_the_artifact(capsys):
    say_compilation([Path("runs/a/export/int8_full/model.tflite")])
    assert "runs/a/export/int8_full/model.tflite" in capsys.readouterr().out


def test_nothing_is_said_of_a_page_that_is_not_wanted(capsys):
    say_page(None, Path("runs/a/export/int8/model.tflite"))
    assert capsys.readouterr().err == ""
