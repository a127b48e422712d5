"""Texts as examples of which nobody knows the right answers, and texts that every machine has."""

import numpy as np
import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.examples import unlabelled
from mbert_cli.examples.unlabelled import (
    PACKAGES,
    documentation,
    questions_about,
    unlabelled_texts,
    unlabelled_words,
)

LONG = [f"Paragraph {number} is made of a dozen words, as many as it needs here." for number in range(5)]


@pytest.fixture
def _few_documents(monkeypatch):
    def documents(options):
        assert tuple(options.packages) == PACKAGES
        return [Document("one", ["Too short.", *LONG[:2]]), Document("two", LONG[2:])]

    monkeypatch.setattr(unlabelled, "installed_documents", documents)


@pytest.mark.usefixtures("_few_documents")
def test_paragraphs_of_a_dozen_words_are_the_texts(monkeypatch):
    assert documentation() == LONG
    monkeypatch.setattr(unlabelled, "MAX_PARAGRAPHS", 3)
    assert documentation() == LONG[:3]


def test_labels_of_texts_mean_nothing():
    examples = unlabelled_texts(LONG)
    assert examples.texts == LONG and examples.second_texts is None
    assert (examples.labels.shape, examples.labels.dtype) == ((5,), np.int32) and not examples.labels.any()
    assert unlabelled_texts(LONG, LONG[::-1]).second_texts == LONG[::-1]


def test_a_text_is_asked_about_by_its_first_words():
    examples = questions_about(LONG)
    assert examples.questions[3].question == "What of Paragraph 3 is made?"
    assert [question.context for question in examples.questions] == LONG


def test_texts_have_no_entities():
    examples = unlabelled_words(LONG)
    assert (examples.texts, examples.spans, examples.words) == (LONG, [[]] * 5, None)
