"""Text without labels as examples of any kind of task."""

import numpy as np
import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.examples import unlabelled
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.unlabelled import PACKAGES, unlabelled_examples

LONG = [f"Paragraph {number} is made of a dozen words, as many as it needs here." for number in range(5)]


@pytest.fixture(autouse=True)
def _few_documents(monkeypatch):
    def documents(options):
        assert tuple(options.packages) == PACKAGES
        return [Document("one", ["Too short.", *LONG[:2]]), Document("two", LONG[2:])]

    monkeypatch.setattr(unlabelled, "installed_documents", documents)


def task(kind: str, labels: int) -> TaskData:
    return TaskData("t", [f"label {number}" for number in range(labels)], {}, kind=kind)


@pytest.mark.parametrize(
    ("kind", "shape", "dtype"),
    [
        ("classification", (5,), np.int32),
        ("regression", (5,), np.float32),
        ("multi_label", (5, 3), np.float32),
    ],
)
def test_paragraphs_of_a_dozen_words_are_the_texts(kind, shape, dtype):
    examples = unlabelled_examples(task(kind, 3))
    assert examples.texts == LONG and examples.second_texts is None
    assert (examples.labels.shape, examples.labels.dtype) == (shape, dtype)
    assert not examples.labels.any()


def test_a_paragraph_is_asked_about_by_its_first_words():
    examples = unlabelled_examples(task("question_answering", 2))
    assert examples.questions[3].question == "What of Paragraph 3 is made?"
    assert [question.context for question in examples.questions] == LONG


def test_paragraphs_have_no_entities():
    examples = unlabelled_examples(task("token_classification", 5))
    assert (examples.texts, examples.spans, examples.words) == (LONG, [[]] * 5, None)


def test_there_are_only_so_many(monkeypatch):
    monkeypatch.setattr(unlabelled, "MAX_PARAGRAPHS", 3)
    assert unlabelled_examples(task("classification", 2)).texts == LONG[:3]
