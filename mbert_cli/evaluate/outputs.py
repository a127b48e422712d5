"""What the numbers that a task model returns mean, by the kind of its task."""

from collections.abc import Callable, Sequence

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis; NaN where a logit is NaN or infinite."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logistic function, without overflow."""
    return np.exp(-np.logaddexp(0, -logits))


def _as_they_are(logits: np.ndarray) -> np.ndarray:
    return logits


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "classification": softmax,
    "multi_label": sigmoid,
    "regression": _as_they_are,
    "question_answering": _as_they_are,
    "token_classification": softmax,
}
"""Logits -> what a task model returns, float32 of the same shape, by `TaskKind`: probabilities of one label or
of each, the number of a regression, the logits of answer spans. The axes are (examples, labels), or
(examples, length, labels) for the two kinds that look at every token."""


def concatenate_rows(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Joins arrays along the first axis; where the second is a length, shorter ones are filled with zeros."""
    if parts[0].ndim == 3:
        length = max(part.shape[1] for part in parts)
        parts = [np.pad(part, ((0, 0), (0, length - part.shape[1]), (0, 0))) for part in parts]
    return np.concatenate(parts)
