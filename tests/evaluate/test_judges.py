"""What outputs say, how good that is, and when another model says something else."""

import numpy as np
import pytest

from mbert_cli.evaluate.judges import LabelJudge, LabelSetJudge, NumberJudge


def test_a_classification_answers_with_the_likeliest_label():
    judge = LabelJudge(np.array([1, 1, 0]), ("accuracy",))
    first = np.array([[0.2, 0.8], [0.8, 0.2], [0.5002, 0.4998]])
    second = np.array([[0.4, 0.6], [0.4, 0.6], [0.4998, 0.5002]])  # the same, another, a tie
    assert judge.decide(first).tolist() == [1, 0, 0]
    assert judge.score(judge.decide(first)).figures == {"accuracy": pytest.approx(2 / 3)}
    assert judge.differ(first, second).tolist() == [False, True, False]


def test_a_regression_answers_with_its_number():
    judge = NumberJudge(np.array([0.0, 5.0]), ("pearson", "spearman"))
    outputs = np.array([[2.0], [4.0]])
    assert judge.decide(outputs).tolist() == [2.0, 4.0]
    assert judge.differ(outputs, np.array([[2.09], [4.11]])).tolist() == [False, True]


def test_numbers_whose_truth_nobody_knows_are_far_apart_by_the_range_of_the_first():
    judge = NumberJudge(np.zeros(3), ("pearson", "spearman"))
    outputs = np.array([[0.0, 100.0], [1.0, 200.0], [2.0, 200.0]])
    others = outputs + np.array([[0.03, 0.0], [0.05, 0.0], [0.0, 3.0]])
    assert judge.decide(outputs).shape == (3, 2)
    assert judge.differ(outputs, others).tolist() == [False, True, True]
    constant = np.full((3, 1), 5.0)
    assert judge.differ(constant, constant + np.array([[0.09], [0.0], [0.11]])).tolist() == [
        False,
        False,
        True,
    ]


def test_a_label_of_several_is_given_from_one_half_on():
    judge = LabelSetJudge(np.array([[1, 0], [1, 1], [0, 0]], np.float32), ("f1_micro", "f1_macro"))
    first = np.array([[0.9, 0.2], [0.5, 0.1], [0.1, 0.2]])
    predicted = judge.decide(first)
    assert predicted.tolist() == [[True, False], [True, False], [False, False]]
    # two of three labels are found and none is wrong: micro 2 * 1 * (2/3) / (5/3); per label 1 and 0
    assert judge.score(predicted).figures == pytest.approx({"f1_micro": 0.8, "f1_macro": 0.5})
    second = np.array([[0.9, 0.6], [0.4999, 0.1], [0.1, 0.2]])  # another, a tie, the same
    assert judge.differ(first, second).tolist() == [True, False, False]


STARTS, ENDS = np.array([0, 3, 9, 12]), np.array([2, 8, 11, 16])
