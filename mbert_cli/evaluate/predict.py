"""A network or a phone artifact, and batches of a task -> probabilities of the labels."""

from collections.abc import Iterable

import keras
import numpy as np
from keras import ops

from mbert_cli.backend import in_streams


def predict_probabilities(network: keras.Model, batches: Iterable[dict]) -> np.ndarray:
    """Runs a classifier network over task batches.

    Args:
        network: Takes token_ids, segment_ids and padding_mask, returns {"logits": (batch, labels)}.
        batches: Task batches, at least one; rows whose example_weights are 0 are fillers and dropped.

    Returns:
        (examples, labels), float32, in the order of the batches.
    """

    def predict(batch: dict) -> np.ndarray:
        inputs = {name: batch[name] for name in network.input}
        logits = network.predict_on_batch(inputs)["logits"]
        probabilities = ops.softmax(ops.cast(logits, "float32"), axis=-1)
        return ops.convert_to_numpy(probabilities)[batch["example_weights"] > 0]

    batches = iter(batches)
    first = predict(next(batches))  # traces, which threads would do in an order of their own
    return np.concatenate([first, *in_streams(predict, batches)])
