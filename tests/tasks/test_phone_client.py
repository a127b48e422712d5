"""Which client loads an artifact as it is."""

import pytest

from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask
from mbert_cli.tasks.phone_client import ClientFit, fitting_client
from mbert_cli.tflite.clients import QUESTION_ANSWERER, TEXT_CLASSIFIER

DOCS = InstalledDocsTask(source="installed_docs")
PAIRS = FileTask(source="file", train="pairs.csv", second_text="other")
SQUAD = SquadTask(source="squad")


@pytest.mark.parametrize("kind", ["classification", "multi_label", "regression"])
def test_single_texts_are_for_the_text_classifier(kind):
    assert fitting_client(kind, DOCS, [64]) == ClientFit(TEXT_CLASSIFIER)
    assert fitting_client(kind, None, [64]) == ClientFit(TEXT_CLASSIFIER)


@pytest.mark.parametrize("task", [PAIRS, GlueTask(source="glue", name="mrpc")])
def test_pairs_are_for_no_client(task):
    fit = fitting_client("classification", task, [64])
    assert fit == ClientFit(reason="MediaPipe's TextClassifier reads one text, and this model two")


def test_answers_are_for_the_task_library_at_one_length_only():
    assert fitting_client("question_answering", SQUAD, [384]) == ClientFit(QUESTION_ANSWERER)
    assert fitting_client("question_answering", SQUAD, [128]) == ClientFit(
        reason="BertQuestionAnswerer of the TFLite Task Library takes rows of 384 tokens, and this artifact 128",
        hint="Set --length 384.",
    )
    assert fitting_client("question_answering", SQUAD, [64], max_length=256) == ClientFit(
        reason="BertQuestionAnswerer of the TFLite Task Library takes rows of 384 tokens, and this model 256 at most"
    )
    assert fitting_client("question_answering", SQUAD, [384], max_length=512) == ClientFit(QUESTION_ANSWERER)


def test_several_lengths_are_for_no_client():
    assert fitting_client("classification", DOCS, [32, 64]) == ClientFit(
        reason="MediaPipe's TextClassifier refuses a file of several lengths", hint="Name one --length."
    )


def test_labels_of_words_are_for_no_client():
    fit = fitting_client("token_classification", None, [64])
    assert fit == ClientFit(reason="no client knows token classification")
