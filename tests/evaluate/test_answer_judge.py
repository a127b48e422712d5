"""Answers to questions, judged by the rules of SQuAD."""

import numpy as np

from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import WindowMap

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


def test_the_null_odds_of_a_text_without_tokens_are_a_number():
    windows = WindowMap(
        np.zeros(1, int), np.full(1, 3), np.zeros(1, int), np.zeros(1, int), np.ones(0, bool), STARTS, ENDS
    )
    judge = answer_judge(windows=windows, ids=["a"], contexts=["\u200b"], answers=[[]])
    predicted = judge.decide(logits({0: 1.0}))
    assert predicted[0].null_difference == np.inf
    (difference,) = judge.null_differences(predicted).values()
    assert 1e30 < difference < np.inf
    assert np.isfinite(list(judge.official(predicted).values())).all()


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
