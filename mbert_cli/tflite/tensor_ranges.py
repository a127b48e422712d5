"""Ranges by the places of a network -> ranges by the names of the tensors in its float32 .tflite file.

The converter gives tensors names of its own and merges operations, but what a tensor holds is what the network computed
at some place: both are run on the same row, and a tensor belongs to the place with the same values, in whatever order.
"""

from collections.abc import Mapping

import keras
import numpy as np

from mbert_cli.errors import RunError
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.calibration import computed_values
from mbert_cli.tflite.fake_quantization import values_at_places
from mbert_cli.tflite.flatbuffer import input_length
from mbert_cli.tflite.fold import Weights
from mbert_cli.tflite.quantizer import TensorRanges
from mbert_cli.tflite.rounded_network import build_rounded_network
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.variables import assign_variables
from mbert_cli.word_lists import listed

TOLERANCE = 1e-4
"""Of what describes values, as a share of the largest of them."""


def tensor_ranges(
    content: bytes, weights: Weights, size: Architecture, head: TaskHead, trained: TrainedRanges
) -> TensorRanges:
    """Finds the tensors that the ranges of a run are those of.

    Tensors that belong to no range, such as the mask, have the ranges of what they hold for this row.

    Args:
        content: The float32 .tflite file of the folded model, with the mask of the run's mode.
        weights: The folded model's arrays by canonical name.
        size: What they are the weights of.
        head: The head of the task.
        trained: The ranges of the run.

    Raises:
        RunError: A range belongs to no tensor, so that run and file are not of one model.
    """
    network = build_rounded_network(
        size,
        head,
        trained.rounding,
        num_outputs=weights[f"{head.name}/bias"].shape[0],
        vocab_size=weights["encoder/embeddings/word_embeddings"].shape[0],
    )
    assign_variables(network, weights)
    row, ranges = _row(network, input_length(content)), trained.ranges
    places = {
        name: _describe(values)
        for layer, computed in values_at_places(network, row).items()
        for place, values in computed.items()
        if (name := f"{layer.name}/{place}") in ranges
    }
    names, descriptions = list(places), np.array(list(places.values())).reshape(-1, 5)
    found: dict[str, tuple[float, float]] = {}
    met = set()
    (tensors,) = computed_values(content, row)
    for tensor, values in tensors:
        found[tensor] = float(values.min()), float(values.max())
        alike = [names[place] for place in _alike(_describe(values), descriptions)]
        if alike:
            found[tensor] = ranges[alike[0]]
            met |= set(alike)
    _require_all(ranges, met)
    return found


def _row(network: keras.Model, length: int) -> Batch:
    """A text with two segments and padding, whose tokens are spread over the vocabulary."""
    vocab_size = network.get_layer("embeddings").vocab_size
    real = np.arange(length) < max(2, length * 3 // 4)
    return {
        "token_ids": (np.linspace(1, vocab_size - 1, length).astype("int32") * real)[None],
        "segment_ids": ((np.arange(length) > length // 2) * real).astype("int32")[None],
        "padding_mask": real.astype("int32")[None],
    }


def _describe(values: np.ndarray) -> np.ndarray:
    """What is known of values whatever their order: how many, the ends, the mean and the mean square."""
    values = values.astype(np.float64)
    return np.array(
        [values.size, values.min(), values.max(), values.mean(), np.sqrt(np.mean(np.square(values)))]
    )


def _alike(description: np.ndarray, places: np.ndarray) -> list[int]:
    """The places whose values are described alike, the nearest first."""
    distances = np.abs(places[:, 1:] - description[1:]).max(axis=1)
    distances[places[:, 0] != description[0]] = np.inf
    largest = max(np.abs(description[1:3]).max(), np.finfo(np.float32).tiny)
    return [int(place) for place in np.argsort(distances) if distances[place] <= TOLERANCE * largest]


def _require_all(ranges: Mapping[str, tuple[float, float]], met: set[str]) -> None:
    missing = [name for name in ranges if name not in met]
    if missing:
        raise RunError(
            f"Every range of a run belongs to a tensor of its artifact. Received: {listed(missing, most=1)}, "
            "which none of them has",
            "Fine-tune it again with the section quantize: the model was made by another version.",
        )
