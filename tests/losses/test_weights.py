"""Factors of labels in closed form."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from mbert_cli.losses.weights import balanced_weights


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.array([0, 0, 0, 1, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(expected, [6 / (3 * 3), 6 / (3 * 1), 6 / (3 * 2)])
    np.testing.assert_allclose(balanced_weights(labels, 3), expected)


def test_a_label_without_examples_counts_as_it_is_and_changes_no_other():
    labels = np.array([0, 0, 0, 2])
    np.testing.assert_allclose(balanced_weights(labels, 4), [4 / 6, 1, 4 / 2, 1])


def test_balanced_labels_have_the_same_weight_together():
    labels = np.array([0, 0, 0, 0, 1, 2, 2])
    weights = balanced_weights(labels, 3)
    assert [weights[label] * np.sum(labels == label) for label in range(3)] == pytest.approx([7 / 3] * 3)


def test_of_several_labels_those_with_and_without_it_count_the_same():
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(balanced_weights(labels, 3), [3, 1, 1])
