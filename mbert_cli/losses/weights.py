"""Factors that let rare labels count as much as frequent ones."""

import numpy as np


def balanced_weights(labels: np.ndarray, num_labels: int) -> np.ndarray:
    """Returns a factor for each label with which all labels count the same together.

    Args:
        labels: (examples,) ids, of which each label's examples get examples / (num_labels * count), as in
            scikit-learn; or (examples, num_labels) of 0 and 1, where a label's examples get the number of
            those without it by that of those with it.
        num_labels: Labels of the task.

    Returns:
        (num_labels,) float64. 1 for a label that never occurs.
    """
    total = len(labels)
    if labels.ndim == 1:
        counts = np.bincount(labels, minlength=num_labels)
        factors = total / (num_labels * np.maximum(counts, 1))
    else:
        counts = labels.sum(axis=0)
        factors = (total - counts) / np.maximum(counts, 1)
    return np.where((counts > 0) & (factors > 0), factors, 1.0)
