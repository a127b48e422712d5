"""Factors that let rare labels count as much as frequent ones."""

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.texts import TaskData
from mbert_cli.losses.options import LossOptions


def balanced_weights(labels: np.ndarray, num_labels: int) -> np.ndarray:
    """Returns a factor for each label with which all labels count the same together.

    Args:
        labels: (examples,) ids, where each label's examples get the number of all examples by that of the
            label's and that of the labels that occur, as in scikit-learn; or (examples, num_labels) of 0 and 1,
            where a label's examples get the number of those without it by that of those with it.
        num_labels: Labels of the task.

    Returns:
        (num_labels,) float64. 1 for a label that never occurs, and for one that every example has.
    """
    return _of_one_label(labels, num_labels) if labels.ndim == 1 else _of_several_labels(labels)


def _of_one_label(labels: np.ndarray, num_labels: int) -> np.ndarray:
    from sklearn.utils.class_weight import compute_class_weight  # a second, where nothing is weighed

    present = np.unique(labels)
    factors = np.ones(num_labels)
    factors[present] = compute_class_weight("balanced", classes=present, y=labels)
    return factors


def _of_several_labels(labels: np.ndarray) -> np.ndarray:
    counts = labels.sum(axis=0)
    factors = (len(labels) - counts) / np.maximum(counts, 1)
    return np.where((counts > 0) & (factors > 0), factors, 1.0)


def require_factors(options: LossOptions, task: TaskData) -> None:
    """Checks that factors for the labels of a task are as many as these.

    Raises:
        UserError: They are more or fewer.
    """
    weights = options.class_weights
    if isinstance(weights, list) and len(weights) != len(task.output_names):
        raise UserError(
            f"loss.class_weights must have a factor for each label: {', '.join(task.output_names)}. "
            f"Received: {len(weights)} factors",
            "List them in the order of the labels, or set loss.class_weights to balanced.",
        )


def class_factors(options: LossOptions, task: TaskData, labels: np.ndarray) -> list[float] | None:
    """The factor of each label's examples that a recipe wants; None where all count the same.

    Args:
        options: The loss section of the recipe.
        task: The task.
        labels: Those of the training examples, as `balanced_weights` takes them.

    Raises:
        UserError: The factors are not as many as the labels.
    """
    require_factors(options, task)
    if options.class_weights == "balanced":
        return [float(weight) for weight in balanced_weights(labels, len(task.output_names))]
    return options.class_weights
