"""Predictions -> the official figures of a task. All of them are fractions, 0 to 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import metrics


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the examples whose label was predicted.

    Args:
        labels: (examples,), the true label ids.
        predicted: (examples,), the predicted label ids.
    """
    return float(metrics.accuracy_score(labels, predicted))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {"accuracy": accuracy}
"""The metric of each task, by the name in the task's table."""


@dataclass(frozen=True)
class ClassRow:
    """The figures of one label."""

    label: str
    precision: float
    recall: float
    f1: float
    examples: int


def per_class(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> list[ClassRow]:
    """Precision, recall and F1 of every label, in the order of the label ids.

    A label that is never predicted has a precision of 0.

    Args:
        labels: (examples,), the true label ids.
        predicted: (examples,), the predicted label ids.
        names: The label of each id.
    """
    figures = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(len(names)), zero_division=0.0
    )
    return [
        ClassRow(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *figures, strict=True)
    ]


def confusion(labels: np.ndarray, predicted: np.ndarray, num_labels: int) -> np.ndarray:
    """Counts of examples, (true label, predicted label).

    Args:
        labels: (examples,), the true label ids.
        predicted: (examples,), the predicted label ids.
        num_labels: Labels of the task.
    """
    return metrics.confusion_matrix(labels, predicted, labels=range(num_labels))
