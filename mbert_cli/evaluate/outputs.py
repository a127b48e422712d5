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
        differ: Two predictions (examples,) and the true labels (examples,) -> (examples,) bool: whether the two
            count as different answers.
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


def _are_far_apart(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.abs(first - second) > FAR_APART * np.ptp(labels)


OUTPUT_KINDS = {
    "classification": OutputKind(
        activate=softmax,
        decide=lambda outputs: outputs.argmax(axis=-1),
        differ=lambda first, second, labels: first != second,
    ),
    "regression": OutputKind(
        activate=lambda logits: logits,
        decide=lambda outputs: outputs[:, 0],
        differ=_are_far_apart,
    ),
}
"""By `TaskKind`."""
