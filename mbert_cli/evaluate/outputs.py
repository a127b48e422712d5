"""From the logits of a task model to what it returns."""

from collections.abc import Callable, Sequence

import numpy as np

from mbert_cli.model.task_head import SHORTEST_VECTOR, OutputActivation


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis; NaN where a logit is NaN or infinite."""
    # Keras has loaded it by the time that there are logits; artifacts, which give probabilities, are spared it.
    from scipy import special

    with np.errstate(invalid="ignore"):
        probabilities: np.ndarray = special.softmax(logits, axis=-1)
    return probabilities


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    from scipy import special

    probabilities: np.ndarray = special.expit(logits)
    return probabilities


def _as_they_are(logits: np.ndarray) -> np.ndarray:
    return logits


def _of_unit_length(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    divided: np.ndarray = vectors / np.maximum(lengths, SHORTEST_VECTOR)
    return divided


OUTPUT_ACTIVATIONS: dict[OutputActivation, Callable[[np.ndarray], np.ndarray]] = {
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "linear": _as_they_are,
    "unit_length": _of_unit_length,
}
"""Logits (examples, outputs), or (examples, length, outputs) of every token, -> what a task model returns, float32 of
the same shape, by the activation of its head."""


def concatenate_rows(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Joins arrays along the first axis; where the second is a length, shorter ones are filled with zeros."""
    if parts[0].ndim == 3:
        length = max(part.shape[1] for part in parts)
        parts = [np.pad(part, ((0, 0), (0, length - part.shape[1]), (0, 0))) for part in parts]
    return np.concatenate(parts)
