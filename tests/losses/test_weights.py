"""Factors of labels in closed form."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from mbert_cli.losses.weights import balanced_weights


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.array([0, 0, 0, 1, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(balanced_weights(labels, 3), expected)
    assert balanced_weights(labels, 4)[3] == 1.0  # a label without examples


def test_of_several_labels_those_with_and_without_it_count_the_same():
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(balanced_weights(labels, 3), [3, 1, 1])
