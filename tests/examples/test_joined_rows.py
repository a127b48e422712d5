"""Labelled and unlabelled rows as one set: each row is as it was, and says whether its labels mean anything."""

import numpy as np
import pytest

from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.joined_rows import JoinedRows
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.examples.token_rows import TokenRows
from mbert_cli.examples.tokens import Span, TokenExamples
from mbert_cli.examples.unlabelled import unlabelled_texts, unlabelled_words
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TOKENIZER = Tokenizer(Vocabulary((*RESERVED, "a", "b", "c")))
INPUTS = ("token_ids", "segment_ids", "padding_mask")


def joined(labels: np.ndarray) -> tuple[TextRows, TextRows, JoinedRows]:
    labelled = TextRows(Examples(["a", "b b b", "c"], None, labels), TOKENIZER, 6)
    unlabelled = TextRows(unlabelled_texts(["a b", "c c c c c c"]), TOKENIZER, 6)
    return labelled, unlabelled, JoinedRows(labelled, unlabelled)


@pytest.mark.parametrize(
    "labels",
    [np.array([1, 2, 3], np.int32), np.array([0.5, 1.5, 2.5], np.float32), np.ones((3, 4), np.float32)],
    ids=["classes", "numbers", "sets"],
)
def test_rows_keep_their_inputs_and_labelled_ones_their_labels(labels):
    labelled, unlabelled, rows = joined(labels)
    batch = rows.take(np.array([4, 1, 3, 0]), 6)
    for name in INPUTS:
        np.testing.assert_array_equal(batch[name][[1, 3]], labelled.take(np.array([1, 0]), 6)[name])
        np.testing.assert_array_equal(batch[name][[0, 2]], unlabelled.take(np.array([1, 0]), 6)[name])
    np.testing.assert_array_equal(batch["labels"][[1, 3]], labels[[1, 0]])
    assert (batch["labels"][[0, 2]] == 0).all()
    assert batch["labels"].dtype == labels.dtype
    assert batch["hard_weights"].tolist() == [0, 1, 0, 1]
    assert batch["hard_weights"].dtype == np.float32


@pytest.mark.parametrize(("indices", "weights"), [([0, 2], [1, 1]), ([3, 4], [0, 0])])
def test_a_batch_may_be_of_one_side(indices, weights):
    batch = joined(np.ones((3, 4), np.float32))[2].take(np.array(indices), 6)
    assert batch["hard_weights"].tolist() == weights
    assert batch["labels"].shape == (2, 4)


def test_what_is_known_of_the_set_is_that_of_both():
    labels = np.array([1, 2, 3], np.int32)
    labelled, _, rows = joined(labels)
    assert rows.trained.tolist() == [0, 1, 2, 3, 4]
    assert rows.tokens.tolist() == [3, 5, 3, 4, 8]
    assert rows.labels is labelled.labels  # what weighs classes: nobody knows those of the others
    assert rows.cut == "of those without labels 1 of 2 examples is longer than 6 tokens and loses its end"
    assert rows.left_out is None


def test_words_are_learned_from_a_teacher_in_texts_without_labels():
    labelled = TokenRows(TokenExamples(["a b"], [[Span(0, 1, "X")]], None), TOKENIZER, 6, ["O", "B-X", "I-X"])
    unlabelled = TokenRows(unlabelled_words(["c c"]), TOKENIZER, 6, ["O", "B-X", "I-X"])
    batch = JoinedRows(labelled, unlabelled).take(np.array([1, 0]), 6)
    assert batch["labels"].tolist() == [[0] * 6, [0, 1, 0, 0, 0, 0]]
    assert batch["label_weights"].tolist() == [[0, 1, 1, 0, 0, 0]] * 2
    assert batch["hard_weights"].tolist() == [0, 1]


def test_an_epoch_has_every_row_once():
    batches = TaskBatches(joined(np.array([1, 2, 3], np.int32))[2], 2, seed=1, dynamic_length=True)
    rows = [batches(step) for step in range(batches.steps_per_epoch)]
    assert sum(float((batch["hard_weights"] * batch["example_weights"]).sum()) for batch in rows) == 3
    assert sum(float(batch["example_weights"].sum()) for batch in rows) == 5
