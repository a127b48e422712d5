"""What the numbers that a task model returns mean, by the kind of its task."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OutputKind:
    """How logits become answers.

    Attributes:
        activate: Logits (examples, labels) float32 -> what the model returns, of the same shape.
        decide: What the model returns -> predictions (examples,), label ids or numbers.
        differ: What two models return and the true labels (examples,) -> (examples,) bool: whether the answer
            of the second counts as another one.
    """

    activate: Callable[[np.ndarray], np.ndarray]
    decide: Callable[[np.ndarray], np.ndarray]
    differ: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


FAR_APART = 0.02
"""Share of the range of the true numbers by which two predicted numbers differ that count as different."""


TIE = 1e-3
"""Probabilities that are no further apart are a tie, which rounding may break in either way."""


def _are_far_apart(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.abs(first - second)[:, 0] > FAR_APART * np.ptp(labels)


def _are_other_labels(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the second prefers a label that the first finds clearly less likely than its own."""
    chosen = np.take_along_axis(first, second.argmax(axis=-1)[:, None], axis=1)[:, 0]
    return first.max(axis=-1) - chosen > TIE


OUTPUT_KINDS = {
    "classification": OutputKind(
        activate=softmax,
        decide=lambda outputs: outputs.argmax(axis=-1),
        differ=_are_other_labels,
    ),
    "regression": OutputKind(
        activate=lambda logits: logits,
        decide=lambda outputs: outputs[:, 0],
        differ=_are_far_apart,
    ),
}
"""By `TaskKind`."""
