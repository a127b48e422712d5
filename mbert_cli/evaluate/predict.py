"""A network and batches of a task -> what the network says."""

from collections.abc import Iterable

import keras
import numpy as np

from mbert_cli.backend import in_streams
from mbert_cli.evaluate.outputs import OUTPUT_KINDS


def predict_outputs(network: keras.Model, batches: Iterable[dict], kind: str) -> np.ndarray:
    """Runs a task network over task batches.

    Args:
        network: Takes token_ids, segment_ids and padding_mask, returns {"logits": (batch, labels)}.
        batches: Task batches, at least one; rows whose example_weights are 0 are fillers and dropped.
        kind: Of the task, a key of `OUTPUT_KINDS`.

    Returns:
        (examples, labels), float32, in the order of the batches: probabilities, or the number of a regression.
    """
    activate = OUTPUT_KINDS[kind].activate

    def predict(batch: dict) -> np.ndarray:
        inputs = {name: batch[name] for name in network.input}
        logits = np.asarray(network.predict_on_batch(inputs)["logits"], np.float32)
        return activate(logits)[batch["example_weights"] > 0]

    batches = iter(batches)
    first = predict(next(batches))  # traces, which threads would do in an order of their own
    return np.concatenate([first, *in_streams(predict, batches)])
