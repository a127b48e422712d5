"""What outputs say about the words of texts, read in several rows and with words that nothing speaks of."""

import numpy as np

from mbert_cli.evaluate.word_judge import WordJudge

LABELS = ["X", "O", "Y"]
WORDS = np.array([0, 1, 2, 2, 1], np.int32)
JUDGE = WordJudge(
    LABELS,
    WORDS,
    columns=np.array([1, 0, 2, 1, 3]),
    splits=np.array([0, 3, 3, 5]),
    rows=np.array([0, 0, 1, 2, 2]),
)
"""Three words of the first text, in two rows; none of the second; two of the third. One word has no column."""


def outputs(**cells: tuple[float, ...]) -> np.ndarray:
    """(3 rows, 4 columns, labels): probabilities by place, as in `r0c1`; all is X elsewhere."""
    array = np.zeros((3, 4, 3), np.float32)
    array[..., 0] = 1
    for name, values in cells.items():
        array[int(name[1]), int(name[3])] = values
    return array


FIRST = outputs(r0c1=(0.7, 0.2, 0.1), r1c2=(0.1, 0.3, 0.6), r2c1=(0.2, 0.5, 0.3), r2c3=(0.0, 0.4, 0.6))


def test_each_word_has_the_likeliest_label_at_its_row_and_column():
    assert JUDGE.decide(FIRST) == [["X", "O", "Y"], [], ["O", "Y"]]
    np.testing.assert_allclose(JUDGE.probabilities(FIRST), [0.7, 1, 0.6, 0.5, 0.6])


def test_the_truth_is_named_by_text():
    assert JUDGE.truth == [["X", "O", "Y"], [], ["Y", "O"]]


def test_a_text_differs_where_a_word_gets_a_label_that_is_clearly_less_likely():
    other = FIRST.copy()
    other[1, 2] = (0.9, 0.1, 0.0)
    assert JUDGE.differ(FIRST, other).tolist() == [True, False, False]
    other = FIRST.copy()
    other[2, 3] = (0.0, 0.5, 0.5)  # of labels that are as likely either may win
    assert JUDGE.differ(other, FIRST).tolist() == [False, False, False]
    # What no word is read from is of no account.
    other = FIRST.copy()
    other[:, 0], other[1, 3] = (0, 1, 0), (0, 1, 0)
    assert JUDGE.differ(FIRST, other).tolist() == [False, False, False]


def test_texts_without_a_word_have_nothing_to_decide():
    nothing = np.zeros(0, np.int32)
    judge = WordJudge(LABELS, nothing, nothing, np.array([0, 0]), nothing)
    assert judge.decide(FIRST) == judge.truth == [[]]
    assert judge.differ(FIRST, FIRST).tolist() == [False]
