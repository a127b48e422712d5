"""Entities that outputs make up, by hand-made cases and by seqeval."""

import numpy as np
import pytest

from mbert_cli.evaluate.entities import chunk_labels
from mbert_cli.evaluate.entity_judge import EntityJudge, EntityRow

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
ROWS = np.array([0, 0, 0, 0, 1, 1, 1])
TRUTH = [
    ["B-PER", "I-PER", "O", "B-LOC"],
    ["O", "B-LOC", "I-LOC"],
    [],
]


def judge(columns: list[int]) -> EntityJudge:
    """Words of `TRUTH`, each with the column that speaks of it."""
    word_labels = np.array([LABELS.index(label) for text in TRUTH for label in text], np.int32)
    return EntityJudge(LABELS, word_labels, np.array(columns), np.array([0, 4, 7, 7]), ROWS)


WHOLE = judge([1, 2, 4, 5, 1, 2, 3])


def outputs(*texts: dict[int, str], probability: float = 0.6) -> np.ndarray:
    """(texts, 7, labels): a probability for the labels at some columns, all the rest for "I-PER" elsewhere."""
    array = np.zeros((len(texts), 7, len(LABELS)), np.float32)
    array[..., 4] = 1
    for row, columns in enumerate(texts):
        for column, label in columns.items():
            array[row, column] = (1 - probability) / (len(LABELS) - 1)
            array[row, column, LABELS.index(label)] = probability
    return array


RIGHT = outputs(
    {1: "B-PER", 2: "I-PER", 4: "O", 5: "B-LOC"}, {1: "O", 2: "B-LOC", 3: "I-LOC"}, {}, probability=0.75
)


def test_a_word_has_the_likeliest_label_at_its_column():
    assert WHOLE.decide(RIGHT) == TRUTH
    np.testing.assert_allclose(WHOLE.probabilities(RIGHT), [0.75] * 7)


def test_entities_count_whole():
    predicted = [["B-PER", "I-PER", "O", "B-PER"], ["O", "B-LOC", "O"], []]
    score = WHOLE.score(predicted)
    # Three predicted, three true, one of them right.
    assert score.figures == pytest.approx({"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3})
    assert score.value == pytest.approx(1 / 3)
    assert WHOLE.metrics == ("f1",)
    assert WHOLE.by_label(predicted) == [
        EntityRow("LOC", 0.0, 0.0, 0.0, 2),
        EntityRow("PER", 0.5, 1.0, pytest.approx(2 / 3), 1),
    ]


def test_an_entity_may_begin_with_an_inside_label_as_conlleval_has_it():
    predicted = [["I-PER", "I-PER", "O", "I-LOC"], ["O", "I-LOC", "I-LOC"], []]
    assert WHOLE.score(predicted).figures == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_words_that_were_not_read_count_as_no_entity():
    cut = judge([1, 2, 4, 5, 1, 2, 0])
    predicted = cut.decide(RIGHT)
    assert predicted[1] == ["O", "B-LOC", "O"]
    assert cut.score(predicted).figures == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})
    assert cut.probabilities(RIGHT)[-1] == 1


def test_the_words_of_a_long_text_are_read_in_several_rows():
    labels = np.array([3, 4, 0, 1], np.int32)
    long = EntityJudge(LABELS, labels, np.array([1, 2, 1, 2]), np.array([0, 4]), np.array([0, 0, 1, 1]))
    first, second = outputs({1: "B-PER", 2: "I-PER"}, {1: "O", 2: "B-LOC"})
    assert long.decide(np.stack([first, second])) == [["B-PER", "I-PER", "O", "B-LOC"]]
    assert long.differ(np.stack([first, second]), np.stack([first, first])).tolist() == [True]


def test_nothing_predicted_and_nothing_to_find_is_zero():
    nothing = [["O"] * 4, ["O"] * 3, []]
    assert WHOLE.score(nothing).figures == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    blank = EntityJudge(LABELS, np.zeros(7, np.int32), WHOLE.columns, WHOLE.splits, ROWS)
    assert blank.score(nothing).value == 0.0
    assert blank.by_label(nothing) == [EntityRow("LOC", 0, 0, 0, 0), EntityRow("PER", 0, 0, 0, 0)]
    assert blank.score(TRUTH).figures == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert [row.entities for row in blank.by_label(TRUTH)] == [0, 0]


def test_a_text_differs_where_one_of_its_words_clearly_does():
    other, tie, elsewhere = RIGHT.copy(), RIGHT.copy(), RIGHT.copy()
    other[1, 3] = [1, 0, 0, 0, 0]
    assert WHOLE.differ(RIGHT, other).tolist() == [False, True, False]
    tie[0, 1] = [0.4998, 0, 0, 0.5002, 0]
    nearly = tie.copy()
    nearly[0, 1] = [0.5002, 0, 0, 0.4998, 0]
    assert WHOLE.differ(tie, nearly).tolist() == [False, False, False]
    elsewhere[:, 6] = elsewhere[:, 0] = elsewhere[0, 3] = [1, 0, 0, 0, 0]  # padding, [CLS], within a word
    assert WHOLE.differ(RIGHT, elsewhere).tolist() == [False, False, False]
    assert judge([1, 2, 4, 5, 1, 2, 0]).differ(RIGHT, other).tolist() == [False, False, False]


@pytest.mark.filterwarnings("error")
def test_neighbours_with_the_same_label_are_an_entity_where_no_label_has_a_mark():
    labels = chunk_labels(["PER", "O", "LOC"])
    truth = np.array([0, 0, 1, 2, 0])  # PER PER O LOC PER
    words = EntityJudge(labels, truth, np.array([1, 2, 3, 4, 0]), np.array([0, 5]), np.zeros(5, int))
    outputs = np.eye(3, dtype=np.float32)[
        [[0, 0, 0, 2, 2, 0]]
    ]  # PER PER LOC LOC, and the last one is cut off
    predicted = words.decide(outputs)
    assert predicted == [["I-PER", "I-PER", "I-LOC", "I-LOC", "O"]]
    assert words.group(predicted[0]) == [("PER", 0, 1), ("LOC", 2, 3)]
    # Two predicted, three true, one of them right.
    assert words.score(predicted).figures == pytest.approx({"precision": 1 / 2, "recall": 1 / 3, "f1": 2 / 5})
    assert words.by_label(predicted) == [
        EntityRow("PER", 1.0, 0.5, pytest.approx(2 / 3), 2),
        EntityRow("LOC", 0.0, 0.0, 0.0, 1),
    ]


def test_labels_of_words_become_groups_of_neighbours():
    labels = ["B-PER", "I-PER", "O", "I-LOC", "O", "B-LOC", "B-LOC"]
    groups = [("PER", 0, 1), ("LOC", 3, 3), ("LOC", 5, 5), ("LOC", 6, 6)]
    assert [tuple(group) for group in WHOLE.group(labels)] == groups
    assert list(WHOLE.group(["O"])) == []
