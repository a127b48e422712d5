"""Figures of hand-made predictions."""

import numpy as np
import pytest

from mbert_cli.evaluate.metrics import (
    METRICS,
    RangeRow,
    accuracy,
    by_range,
    confusion,
    per_class,
    score,
    score_name,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 1])


def test_accuracy_is_the_share_of_right_labels():
    assert accuracy(LABELS, PREDICTED) == pytest.approx(3 / 6)
    assert METRICS["accuracy"] is accuracy


def test_confusion_counts_true_labels_by_row():
    assert confusion(LABELS, PREDICTED, 3).tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_per_class_gives_precision_recall_and_f1_of_each_label():
    rows = per_class(LABELS, PREDICTED, ["a", "b", "c"])
    assert [row.label for row in rows] == ["a", "b", "c"]
    assert rows[0].precision == pytest.approx(2 / 3)
    assert rows[0].recall == pytest.approx(2 / 3)
    assert rows[1].precision == pytest.approx(1 / 3)
    assert rows[1].recall == pytest.approx(1 / 2)
    assert rows[1].f1 == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert [row.examples for row in rows] == [3, 2, 1]


def test_a_label_that_is_never_predicted_has_a_precision_of_zero():
    assert per_class(LABELS, PREDICTED, ["a", "b", "c"])[2].precision == 0.0


def test_the_figures_of_a_single_label_are_its_own_and_not_those_of_its_absence():
    # 1 of 2 predicted is right, 1 of 3 true is found: 2 * (1/2 * 1/3) / (1/2 + 1/3) = 2/5
    labels = np.array([[1], [1], [1], [0], [0], [0]], np.float32)
    predicted = np.array([[True], [False], [False], [True], [False], [False]])
    assert METRICS["f1_micro"](labels, predicted) == pytest.approx(2 / 5)
    assert METRICS["f1_macro"](labels, predicted) == pytest.approx(2 / 5)
    (row,) = per_class(labels, predicted, ["sea"])
    assert (row.precision, row.recall, row.f1) == pytest.approx((1 / 2, 1 / 3, 2 / 5))
    assert row.examples == 3
    nothing = np.zeros_like(labels)
    assert METRICS["f1_micro"](nothing, nothing) == METRICS["f1_macro"](nothing, nothing) == 0
    assert per_class(nothing, nothing, ["sea"])[0].f1 == 0


def test_the_figures_of_several_labels_are_means_over_labels_or_over_all_of_them():
    # sea: 1 right, 1 wrong, none missed; money: 1 right, none wrong, 1 missed; film neither occurs nor is predicted
    labels, predicted = np.array([[1, 1, 0], [0, 1, 0]]), np.array([[1, 1, 0], [1, 0, 0]])
    assert METRICS["f1_micro"](labels, predicted) == pytest.approx(2 / 3)
    assert METRICS["f1_macro"](labels, predicted) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert [row.examples for row in per_class(labels, predicted, ["sea", "money", "film"])] == [1, 2, 0]


def test_f1_is_that_of_the_second_label():
    # 2 of 3 predicted are right, 2 of 4 true are found: 2 * (2/3 * 1/2) / (2/3 + 1/2) = 4/7
    labels, predicted = np.array([1, 1, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 1, 0])
    assert METRICS["f1"](labels, predicted) == pytest.approx(4 / 7)
    assert METRICS["f1"](np.zeros(3), np.zeros(3)) == 0


def test_matthews_correlation_of_two_labels():
    # TP 2, FP 1, FN 2, TN 1: (2 * 1 - 1 * 2) / ... = 0; swapped predictions of a perfect classifier: -1
    labels = np.array([1, 1, 1, 1, 0, 0])
    assert METRICS["matthews_correlation"](labels, np.array([1, 1, 0, 0, 1, 0])) == pytest.approx(0)
    assert METRICS["matthews_correlation"](labels, 1 - labels) == pytest.approx(-1)
    # TP 3, FP 0, FN 1, TN 2: 6 / sqrt(3 * 4 * 2 * 3)
    predicted = np.array([1, 1, 1, 0, 0, 0])
    assert METRICS["matthews_correlation"](labels, predicted) == pytest.approx(6 / 72**0.5)
    assert METRICS["matthews_correlation"](labels, np.ones(6)) == 0


def test_the_score_of_a_task_is_the_mean_of_its_figures():
    labels, predicted = np.array([1, 1, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 1, 0])
    result = score(("f1", "accuracy"), labels, predicted)
    assert result.figures == {"f1": pytest.approx(4 / 7), "accuracy": 0.5}
    assert result.value == pytest.approx((4 / 7 + 0.5) / 2)
    assert str(result) == "f1 57.14%, accuracy 50.00%"


def test_the_name_of_a_score_says_what_it_is_a_mean_of():
    assert score_name(("accuracy",)) == "accuracy"
    assert score_name(("f1", "accuracy")) == "mean of f1 and accuracy"


def test_correlations_of_numbers():
    labels = np.array([0.0, 1.0, 2.0, 3.0])
    assert METRICS["pearson"](labels, 5 - 2 * labels) == pytest.approx(-1)
    assert METRICS["spearman"](labels, np.exp(labels)) == pytest.approx(1)
    # deviations (-1.5, -.5, .5, 1.5) and (-1.5, 1.5, -.5, .5): 2 / 5; ranks 0, 3, 1, 2: 1 - 6 * 6 / 60
    assert METRICS["pearson"](labels, np.array([0.0, 3.0, 1.0, 2.0])) == pytest.approx(0.4)
    assert METRICS["spearman"](labels, np.array([0.0, 9.0, 1.0, 2.0])) == pytest.approx(0.4)
    assert METRICS["pearson"](labels, np.ones(4)) == METRICS["spearman"](np.ones(4), labels) == 0


def test_a_regression_is_shown_by_ranges_of_the_true_numbers():
    rows = by_range(np.array([0.0, 0.5, 5.0]), np.array([1.0, 1.5, 4.0]))
    assert rows == [RangeRow(0.0, 1.0, 1.25, 1.0, 2), RangeRow(4.0, 5.0, 4.0, 1.0, 1)]
