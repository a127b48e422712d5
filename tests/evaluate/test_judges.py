"""What outputs say, how good that is, and when another model says something else."""

import numpy as np
import pytest

from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import WindowMap
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


CONTEXT = "in paris or rome"
STARTS, ENDS = np.array([0, 3, 9, 12]), np.array([2, 8, 11, 16])


def answer_judge(**changes) -> AnswerJudge:
    """Questions with one window each: [CLS] and the question's token, [SEP], four tokens, [SEP]."""
    count = 2
    windows = WindowMap(
        question_index=np.arange(count),
        first_columns=np.full(count, 3),
        first_tokens=np.zeros(count, int),
        lengths=np.full(count, 4),
        max_context=np.ones(4 * count, bool),
        char_starts=STARTS,
        char_ends=ENDS,
    )
    settings = {
        "windows": windows, "ids": ["a", "b"], "contexts": [CONTEXT] * count, "answers": [["Paris"], []],
        "with_null": True, "null_threshold": 0.0,
    }  # fmt: skip
    return AnswerJudge(**(settings | changes))


def logits(*rows: dict[int, float]) -> np.ndarray:
    """(windows, 8, 2): the same logit for the start and the end at some columns, -5 elsewhere."""
    outputs = np.full((len(rows), 8, 2), -5.0, np.float32)
    for row, columns in enumerate(rows):
        for column, value in columns.items():
            outputs[row, column] = value
    return outputs


def test_answers_are_scored_by_the_rules_of_squad():
    judge = answer_judge()
    predicted = judge.decide(logits({4: 3.0, 0: 1.0}, {6: 2.0, 0: 2.5}))
    assert judge.predictions(predicted) == {"a": "paris", "b": ""}
    assert judge.null_differences(predicted) == {"a": -4.0, "b": 1.0}
    assert judge.score(predicted).figures == {"exact_match": 1.0, "f1": 1.0}
    assert judge.score(predicted).details == {"null_threshold": 0.0}
    official = judge.official(predicted)
    assert official["exact"] == 100.0 and official["NoAns_f1"] == 100.0
    assert official["best_f1_thresh"] == -4.0


def test_the_threshold_is_the_one_given_or_the_best_on_the_set():
    predicted = answer_judge().decide(logits({4: 2.0, 0: 3.0}, {6: 2.0, 0: 9.0}))
    assert answer_judge().predictions(predicted) == {"a": "", "b": ""}
    assert answer_judge(null_threshold=2.0).predictions(predicted) == {"a": "paris", "b": ""}
    fitted = answer_judge(null_threshold=None)
    assert fitted.predictions(predicted) == {"a": "paris", "b": ""}
    assert fitted.score(predicted).details == {"null_threshold": 2.0}


def test_by_the_rules_of_1_1_every_question_gets_an_answer():
    judge = answer_judge(with_null=False, answers=[["Paris"], ["rome", "Rome!"]], null_threshold=None)
    predicted = judge.decide(logits({4: 1.0, 0: 9.0}, {6: 2.0, 0: 9.0}))
    assert judge.predictions(predicted) == {"a": "paris", "b": "rome"}
    assert judge.official(predicted) == {"exact_match": 100.0, "f1": 100.0}
    assert judge.score(predicted).details == {}


def test_another_answer_counts_as_one_unless_it_is_nearly_as_likely():
    judge = answer_judge(with_null=False, answers=[["Paris"], ["rome"]], null_threshold=None)
    first = logits({4: 3.0, 6: 1.0}, {4: 3.0, 6: 2.9999})
    second = logits({4: 1.0, 6: 3.0}, {4: 2.9999, 6: 3.0})
    assert judge.differ(first, first).tolist() == [False, False]
    assert judge.differ(first, second).tolist() == [True, False]
