"""Labels of words as seqeval reads them, and the pieces of a text that they make up."""

import numpy as np
import pytest

from mbert_cli.evaluate.entities import Entity, chunk_labels, entity_types, find_entities

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_labelled_words_become_pieces_of_the_text():
    text = "Zoë  King saw Paris and Rome."
    starts, ends = np.array([0, 5, 10, 14, 20, 24, 28]), np.array([3, 9, 13, 19, 23, 28, 29])
    groups = [("PER", 0, 1), ("LOC", 3, 3), ("LOC", 5, 5), ("LOC", 6, 6)]
    probabilities = np.array([0.5, 1.0, 0.9, 0.75, 0.9, 0.25, 0.5])
    assert find_entities(text, groups, probabilities, starts, ends) == [
        Entity(0, 9, "Zoë  King", "PER", 0.75),
        Entity(14, 19, "Paris", "LOC", 0.75),
        Entity(24, 28, "Rome", "LOC", 0.25),
        Entity(28, 29, ".", "LOC", 0.5),
    ]
    assert find_entities("a", [], np.ones(1), np.zeros(1, int), np.ones(1, int)) == []


@pytest.mark.parametrize(
    ("labels", "chunks"),
    [
        ("O B-LOC I-LOC", "O B-LOC I-LOC"),
        ("I-a-b B-a-b O", "I-a-b B-a-b O"),
        ("B-NP I-NP", "B-NP I-NP"),
        ("O B-P I-P L-P U-P", "O B-P I-P E-P S-P"),
        ("O B-P I-P E-P S-P", "O B-P I-P E-P S-P"),
        ("PER O S", "I-PER O I-S"),
        ("O PER B-LOC", "O I-PER B-LOC"),
        ("B I O", "B-_ I-_ O"),
    ],
)
def test_labels_of_every_scheme_become_those_of_seqeval(labels, chunks):
    assert chunk_labels(labels.split()) == chunks.split()


@pytest.mark.parametrize(
    "labels", ["NOUN VERB DET PUNCT", "LABEL_0 LABEL_1", "B M E S", "B-NN M-NN", "I- B-x"]
)
def test_labels_of_no_scheme_are_tags_of_words(labels):
    assert chunk_labels(labels.split()) is None


def test_types_are_named_once_in_the_order_of_the_labels():
    assert entity_types(chunk_labels(["PER", "O", "LOC"])) == ["PER", "LOC"]
    assert entity_types(["O", "B-PER", "I-PER", "B-A-B", "B-PER"]) == ["PER", "A-B"]
    assert entity_types(LABELS) == ["LOC", "PER"]
