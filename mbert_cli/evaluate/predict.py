"""A network and batches of a task -> what the network says."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

import keras
import numpy as np

from mbert_cli.backend import Forward, in_streams
from mbert_cli.evaluate.outputs import OUTPUT_ACTIVATIONS, concatenate_rows
from mbert_cli.hosts.devices import is_distributed
from mbert_cli.hosts.forward import forward_of
from mbert_cli.model.task_head import OutputActivation
from mbert_cli.text.batch import Batch

FEW = 8
"""Up to this many batches are computed operation by operation in less time than a network is compiled."""

Predictor = Callable[[Iterable[Batch]], np.ndarray]
"""Batches -> outputs."""


def make_predictor(network: keras.Model, activation: OutputActivation) -> Predictor:
    """A function that runs a task network over task batches; it compiles the network once, when it is worth it.

    It takes batches of token_ids, segment_ids, padding_mask and example_weights, at least one; rows whose weight
    is 0 are fillers and dropped. It returns (rows, outputs) or (rows, length, outputs), float32, in the order of the
    batches. Where batches differ in length, shorter rows end in zeros. Only as long as it was not compiled for more, it
    computes a few batches operation by operation.

    Args:
        network: Takes token_ids, segment_ids and padding_mask, returns {"logits": (batch, outputs)}, or
            (batch, length, outputs). Its weights may change between calls.
        activation: What the logits go through.
    """
    activate = OUTPUT_ACTIVATIONS[activation]
    compiled, is_traced = forward_of(network), is_distributed()

    def answer(forward: Forward, batch: Batch) -> np.ndarray:
        inputs = {name: batch[name] for name in network.input}
        logits = keras.ops.convert_to_numpy(forward(inputs)["logits"]).astype(np.float32)
        return activate(logits)[batch["example_weights"] > 0]

    def predict(batches: Iterable[Batch]) -> np.ndarray:
        nonlocal is_traced
        batches = iter(batches)
        first = list(islice(batches, FEW + 1))
        if len(first) <= FEW and not is_traced:
            return concatenate_rows([answer(network, batch) for batch in first])
        is_traced = True
        return concatenate_rows(
            list(_in_streams(lambda batch: answer(compiled, batch), chain(first, batches)))
        )

    return predict


def _in_streams(answer: Callable[[Batch], np.ndarray], batches: Iterator[Batch]) -> Iterator[np.ndarray]:
    yield answer(next(batches))  # traces, which threads would do in an order of their own
    yield from in_streams(answer, batches)
