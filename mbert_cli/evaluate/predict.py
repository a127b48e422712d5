"""A network and batches of a task -> what the network says."""

from collections.abc import Iterable, Sequence

import keras
import numpy as np

from mbert_cli.backend import in_streams
from mbert_cli.evaluate.outputs import ACTIVATIONS


def predict_outputs(network: keras.Model, batches: Iterable[dict], kind: str) -> np.ndarray:
    """Runs a task network over task batches.

    Args:
        network: Takes token_ids, segment_ids and padding_mask, returns {"logits": (batch, labels)}, or
            (batch, length, labels).
        batches: Task batches, at least one; rows whose example_weights are 0 are fillers and dropped.
        kind: Of the task, a key of `ACTIVATIONS`.

    Returns:
        (rows, labels) or (rows, length, labels), float32, in the order of the batches: what `ACTIVATIONS` says.
        Where batches differ in length, shorter rows end in zeros.
    """
    activate = ACTIVATIONS[kind]

    def predict(batch: dict) -> np.ndarray:
        inputs = {name: batch[name] for name in network.input}
        logits = np.asarray(network.predict_on_batch(inputs)["logits"], np.float32)
        return activate(logits)[batch["example_weights"] > 0]

    batches = iter(batches)
    first = predict(next(batches))  # traces, which threads would do in an order of their own
    return concatenate_rows([first, *in_streams(predict, batches)])


def concatenate_rows(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Joins arrays along the first axis; where the second is a length, shorter ones are filled with zeros."""
    if parts[0].ndim == 3:
        length = max(part.shape[1] for part in parts)
        parts = [np.pad(part, ((0, 0), (0, length - part.shape[1]), (0, 0))) for part in parts]
    return np.concatenate(parts)
