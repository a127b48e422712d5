"""Words with a tag each, by figures worked out by hand."""

import numpy as np
import pytest

from mbert_cli.evaluate.tag_judge import TagJudge, TagRow

LABELS = ["VERB", "NOUN", "DET", "PUNCT"]
TRUTH = np.array([2, 1, 0, 1, 1])
"""The dog ran | dogs cats"""


def judge(columns: list[int]) -> TagJudge:
    return TagJudge(LABELS, TRUTH, np.array(columns), np.array([0, 3, 5]), np.array([0, 0, 0, 1, 1]))


WHOLE = judge([1, 2, 4, 1, 2])


def outputs(first: list[int], second: list[int]) -> np.ndarray:
    """(2, 5, labels): the ids that are likeliest at the columns, with 0.7."""
    array = np.full((2, 5, len(LABELS)), 0.1, np.float32)
    for row, ids in enumerate((first, second)):
        array[row, range(5), ids] = 0.7
    return array


def test_each_word_has_the_tag_of_its_column():
    decided = WHOLE.decide(outputs([3, 2, 1, 3, 0], [3, 1, 0, 3, 3]))
    assert decided == [["DET", "NOUN", "VERB"], ["NOUN", "VERB"]]
    np.testing.assert_allclose(WHOLE.probabilities(outputs([0] * 5, [0] * 5)), [0.7] * 5, rtol=1e-6)
    assert WHOLE.group(decided[0]) == [("DET", 0, 0), ("NOUN", 1, 1), ("VERB", 2, 2)]


@pytest.mark.filterwarnings("error")
def test_accuracy_is_that_of_words_and_f1_the_mean_of_the_tags_that_occur():
    predicted = [["DET", "NOUN", "VERB"], ["NOUN", "VERB"]]
    score = WHOLE.score(predicted)
    # DET 1; NOUN: precision 1, recall 2/3; VERB: precision 1/2, recall 1; PUNCT is nowhere.
    assert score.figures == pytest.approx({"accuracy": 4 / 5, "f1_macro": (1 + 4 / 5 + 2 / 3) / 3})
    assert score.value == pytest.approx(4 / 5)
    assert WHOLE.by_label(predicted) == [
        TagRow("VERB", 0.5, 1.0, pytest.approx(2 / 3), 1),
        TagRow("NOUN", 1.0, pytest.approx(2 / 3), pytest.approx(4 / 5), 3),
        TagRow("DET", 1.0, 1.0, 1.0, 1),
        TagRow("PUNCT", 0.0, 0.0, 0.0, 0),
    ]


@pytest.mark.filterwarnings("error")
def test_a_word_that_was_not_read_has_no_tag_and_is_wrong():
    cut = judge([1, 2, 4, 1, 0])
    predicted = cut.decide(outputs([3, 2, 1, 3, 0], [3, 1, 1, 3, 3]))
    assert predicted[1] == ["NOUN", "O"] and cut.group(predicted[1]) == [("NOUN", 0, 0)]
    # NOUN: precision 1, recall 2/3; the other two are right.
    assert cut.score(predicted).figures == pytest.approx({"accuracy": 4 / 5, "f1_macro": (1 + 4 / 5 + 1) / 3})
    assert [row.words for row in cut.by_label(predicted)] == [1, 3, 1, 0]


def test_a_text_differs_where_one_of_its_words_clearly_does():
    one, other = outputs([0] * 5, [1] * 5), outputs([0, 0, 0, 2, 0], [1, 1, 2, 1, 1])
    assert WHOLE.differ(one, other).tolist() == [False, True]
