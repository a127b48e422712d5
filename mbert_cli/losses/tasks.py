"""Losses of task models, each a function of a network's outputs and a task batch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

MASKED = -10_000.0
"""Added to the logits of padding, as in attention."""

WEIGHTED_BY = {
    "cross_entropy": "example_weights", "accuracy": "example_weights",
    "binary_cross_entropy": "example_weights", "exact_labels": "example_weights",
    "mean_squared_error": "example_weights",
    "answer_span": "example_weights", "exact_span": "example_weights",
    "token_cross_entropy": "label_weights", "token_accuracy": "label_weights",
}  # fmt: skip
"""For each loss here the array of the batch that weighs its mean."""


def classification_losses(outputs, batch, *, class_weights=None, focal_gamma=0.0):
    """Cross-entropy and accuracy of a classifier.

    Args:
        outputs: {"logits": (batch, labels)}.
        batch: labels (batch,) and example_weights (batch,), 0 for filler rows.
        class_weights: (labels,) Factor of the loss of each label's examples; None is 1 for all.
        focal_gamma: Each example's loss is multiplied by (1 - p) ** focal_gamma, p being the probability of its
            label, as in the focal loss of Lin et al., 2017.

    Returns:
        Dict of float32 scalars: cross_entropy, with the factors, and accuracy; means over the rows that count.
    """
    cross_entropy, accuracy = _label_losses(
        outputs, batch["labels"], batch["example_weights"], class_weights, focal_gamma
    )
    return {"cross_entropy": cross_entropy, "accuracy": accuracy}


def multi_label_losses(outputs, batch, *, class_weights=None, focal_gamma=0.0):
    """Binary cross-entropy of a network that says of each label whether it holds.

    Args: those of `classification_losses`, with labels (batch, labels) of 0 and 1; a weight is that of the
        examples that have the label.

    Returns:
        Dict of float32 scalars: binary_cross_entropy, the mean over labels with the factors, and exact_labels,
        the share of rows with all labels right; means over the rows that count.
    """
    logits = ops.cast(outputs["logits"], "float32")
    labels, weights = (ops.cast(batch[name], "float32") for name in ("labels", "example_weights"))
    # log(1 + exp(-x)) for a label that holds, log(1 + exp(x)) for another
    losses = ops.softplus(ops.where(labels > 0, -logits, logits))
    losses = _focus(losses, focal_gamma)
    if class_weights is not None:
        losses *= ops.where(labels > 0, ops.convert_to_tensor(class_weights, "float32"), 1.0)
    correct = ops.all(ops.equal(logits > 0, labels > 0), axis=-1)
    return {
        "binary_cross_entropy": _mean(ops.mean(losses, axis=-1), weights),
        "exact_labels": _mean(ops.cast(correct, "float32"), weights),
    }


def regression_losses(outputs, batch):
    """Squared error of a network with one output.

    Args:
        outputs: {"logits": (batch, 1)}.
        batch: labels (batch,) and example_weights (batch,), 0 for filler rows.

    Returns:
        Dict of one float32 scalar: mean_squared_error, the mean over the rows that count.
    """
    values = ops.cast(outputs["logits"], "float32")[:, 0]
    weights = ops.cast(batch["example_weights"], "float32")
    errors = ops.square(values - ops.cast(batch["labels"], "float32"))
    return {"mean_squared_error": _mean(errors, weights)}


def answer_span_losses(outputs, batch):
    """Cross-entropy of the places where answers begin and end.

    Padding takes no part, so that the length of a batch changes nothing.

    Args:
        outputs: {"logits": (batch, length, 2)}, start and end.
        batch: start_positions and end_positions (batch,), padding_mask (batch, length), and
            example_weights (batch,), 0 for filler rows.

    Returns:
        Dict of float32 scalars, means over the rows that count: answer_span, the mean of both cross-entropies,
        and exact_span, the share of rows with both places right.
    """
    padding = 1.0 - ops.cast(batch["padding_mask"], "float32")
    logits = ops.cast(outputs["logits"], "float32") + ops.expand_dims(padding * MASKED, 2)
    weights = ops.cast(batch["example_weights"], "float32")
    losses, correct = 0.0, 1.0
    for side, name in enumerate(("start_positions", "end_positions")):
        places, scores = batch[name], logits[:, :, side]
        losses += ops.sparse_categorical_crossentropy(places, scores, from_logits=True) / 2
        found = ops.cast(ops.argmax(scores, axis=-1), places.dtype)
        correct *= ops.cast(ops.equal(found, places), "float32")
    return {"answer_span": _mean(losses, weights), "exact_span": _mean(correct, weights)}


def token_losses(outputs, batch, *, class_weights=None, focal_gamma=0.0):
    """Cross-entropy and accuracy of a network that labels tokens.

    Args: those of `classification_losses`, with logits (batch, length, labels), labels (batch, length), and
        label_weights (batch, length), 1 for tokens that have a label and 0 for all others, filler rows too.

    Returns:
        Dict of float32 scalars: token_cross_entropy and token_accuracy, means over the tokens with a label.
    """
    cross_entropy, accuracy = _label_losses(
        outputs, batch["labels"], batch["label_weights"], class_weights, focal_gamma
    )
    return {"token_cross_entropy": cross_entropy, "token_accuracy": accuracy}


def _label_losses(outputs, labels, weights, class_weights, focal_gamma):
    """Mean cross-entropy and accuracy of one label each; logits (..., labels), labels and weights (...)."""
    logits, weights = ops.cast(outputs["logits"], "float32"), ops.cast(weights, "float32")
    losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    correct = ops.equal(ops.cast(ops.argmax(logits, axis=-1), labels.dtype), labels)
    losses = _focus(losses, focal_gamma)
    if class_weights is not None:
        losses *= ops.take(ops.convert_to_tensor(class_weights, "float32"), labels)
    return _mean(losses, weights), _mean(ops.cast(correct, "float32"), weights)


def _focus(losses, gamma):
    """Cross-entropies, made smaller where the label is already probable."""
    if not gamma:
        return losses
    # The power has an infinite slope at 0 where gamma is less than 1.
    return losses * ops.maximum(1.0 - ops.exp(-losses), 1e-6) ** gamma


def _mean(values, weights):
    """Weighted mean of arrays of one shape; 0 where all weights are."""
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)


@dataclass(frozen=True)
class TaskLoss:
    """What fine-tuning minimises.

    Attributes:
        function: (outputs, batch) -> dict of scalars.
        minimized: Name of the one that is minimised; the others are only measured.
        constant_logits: Batch -> the same logits for every row, those with the smallest loss: what a model says
            that has learned how frequent targets are, and nothing else.
        is_weighted: Whether the functions take class_weights and focal_gamma.
    """

    function: Callable
    minimized: str
    constant_logits: Callable
    is_weighted: bool = False


def _constant_label(batch, *, class_weights=None, focal_gamma=0.0):
    """(batch, labels) or (batch, length, labels): logarithms of frequencies; a focal loss is not followed."""
    labels = np.asarray(batch["labels"])
    weights = np.asarray(batch.get("label_weights", np.ones(labels.shape)))
    counts = np.bincount(labels.ravel(), weights=weights.ravel(), minlength=len(class_weights or ()))
    if class_weights is not None:
        counts = counts * np.asarray(class_weights)
    return np.broadcast_to(_logarithm(counts / counts.sum()), (*labels.shape, len(counts)))


def _constant_label_set(batch, *, class_weights=None, focal_gamma=0.0):
    """(batch, labels): logits of the frequency of each label; a focal loss is not followed."""
    labels = np.asarray(batch["labels"], np.float64)
    present = labels.sum(axis=0) * (1.0 if class_weights is None else np.asarray(class_weights))
    absent = (1.0 - labels).sum(axis=0)
    return np.broadcast_to(_logarithm(present) - _logarithm(absent), labels.shape)


def _constant_number(batch):
    """(batch, 1): the mean."""
    labels = np.asarray(batch["labels"], np.float64)
    return np.full((len(labels), 1), labels.mean())


def _constant_span(batch):
    """(batch, length, 2): logarithms of how often an answer begins and ends at each place."""
    rows, length = np.shape(batch["padding_mask"])
    counts = [np.bincount(batch[f"{side}_positions"], minlength=length) for side in ("start", "end")]
    return np.broadcast_to(_logarithm(np.stack(counts, axis=1) / rows), (rows, length, 2))


def _logarithm(values):
    """Of what may be 0: the logarithm of so little that it counts for nothing, but stays finite in float32."""
    return np.log(np.maximum(values, 1e-12))


TASK_LOSSES = {
    "classification": TaskLoss(classification_losses, "cross_entropy", _constant_label, is_weighted=True),
    "multi_label": TaskLoss(
        multi_label_losses, "binary_cross_entropy", _constant_label_set, is_weighted=True
    ),
    "regression": TaskLoss(regression_losses, "mean_squared_error", _constant_number),
    "question_answering": TaskLoss(answer_span_losses, "answer_span", _constant_span),
    "token_classification": TaskLoss(token_losses, "token_cross_entropy", _constant_label, is_weighted=True),
}
"""By the kind of the task."""
