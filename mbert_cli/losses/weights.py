"""Factors that let rare labels count as much as frequent ones."""

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.texts import TaskData
from mbert_cli.losses.options import LossOptions


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


def require_factors(options: LossOptions, task: TaskData) -> None:
    """Checks that factors for the labels of a task are as many as these.

    Raises:
        UserError: They are more or fewer.
    """
    weights = options.class_weights
    if isinstance(weights, list) and len(weights) != len(task.labels):
        raise UserError(
            f"loss.class_weights must have a factor for each label: {', '.join(task.labels)}. "
            f"Received: {len(weights)} factors",
            "List them in the order of the labels, or set loss.class_weights to balanced.",
        )
