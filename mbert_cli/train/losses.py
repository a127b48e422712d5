"""Losses of task models, each a function of a network's outputs and a task batch."""

from keras import ops

WEIGHTED_BY = {"cross_entropy": "example_weights", "accuracy": "example_weights"}
"""For each loss of `classification_losses` the array of the batch that weighs its mean."""


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
