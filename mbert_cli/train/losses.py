"""Losses of task models, each a function of a network's outputs and a task batch."""

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

MASKED = -10_000.0
"""Added to the logits of padding, as in attention."""

WEIGHTED_BY = dict.fromkeys(
    ["cross_entropy", "accuracy", "mean_squared_error", "answer_span", "exact_span"], "example_weights"
)
"""For each loss here the array of the batch that weighs its mean."""


def classification_losses(outputs, batch):
    """Cross-entropy and accuracy of a classifier.

    Args:
        outputs: {"logits": (batch, labels)}.
        batch: labels (batch,) and example_weights (batch,), 0 for filler rows.

    Returns:
        Dict of float32 scalars: cross_entropy, accuracy; means over the rows that count.
    """
    logits = ops.cast(outputs["logits"], "float32")
    labels, weights = batch["labels"], ops.cast(batch["example_weights"], "float32")
    count = ops.maximum(ops.sum(weights), 1.0)
    losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    correct = ops.equal(ops.cast(ops.argmax(logits, axis=-1), labels.dtype), labels)
    return {
        "cross_entropy": ops.sum(losses * weights) / count,
        "accuracy": ops.sum(ops.cast(correct, "float32") * weights) / count,
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
    return {"mean_squared_error": ops.sum(errors * weights) / ops.maximum(ops.sum(weights), 1.0)}


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
    count = ops.maximum(ops.sum(weights), 1.0)
    losses, correct = 0.0, 1.0
    for side, name in enumerate(("start_positions", "end_positions")):
        places, scores = batch[name], logits[:, :, side]
        losses += ops.sparse_categorical_crossentropy(places, scores, from_logits=True) / 2
        found = ops.cast(ops.argmax(scores, axis=-1), places.dtype)
        correct *= ops.cast(ops.equal(found, places), "float32")
    return {
        "answer_span": ops.sum(losses * weights) / count,
        "exact_span": ops.sum(correct * weights) / count,
    }


@dataclass(frozen=True)
class TaskLoss:
    """What fine-tuning minimises.

    Attributes:
        function: (outputs, batch) -> dict of scalars.
        loss_weights: Factor of each loss in the sum.
    """

    function: Callable
    loss_weights: dict[str, float]


TASK_LOSSES = {
    "classification": TaskLoss(classification_losses, {"cross_entropy": 1.0}),
    "regression": TaskLoss(regression_losses, {"mean_squared_error": 1.0}),
}
"""By the kind of the task."""
