"""From the logits of a task model to what it returns."""

from collections.abc import Callable, Sequence

import numpy as np

from mbert_cli.model.task_head import OutputActivation


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


OUTPUT_ACTIVATIONS: dict[OutputActivation, Callable[[np.ndarray], np.ndarray]] = {
    "softmax": softmax,
    "sigmoid": sigmoid,
    "linear": _as_they_are,
}
"""Logits (examples, outputs), or (examples, length, outputs) of every token, -> what a task model returns, float32 of
the same shape, by the activation of its head."""


def concatenate_rows(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Joins arrays along the first axis; where the second is a length, shorter ones are filled with zeros."""
    if parts[0].ndim == 3:
        length = max(part.shape[1] for part in parts)
        parts = [np.pad(part, ((0, 0), (0, length - part.shape[1]), (0, 0))) for part in parts]
    return np.concatenate(parts)
