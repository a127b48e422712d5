"""Figures of hand-made predictions."""

import numpy as np
import pytest

from mbert_cli.evaluate.metrics import METRICS, accuracy, confusion, per_class

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
