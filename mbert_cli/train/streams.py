"""A batch computed in halves side by side, each half in a stream of operations of its own.

`backend.use_streams` says why. XLA shares out the work by itself, and a GPU has no cores to share.
"""

from collections.abc import Callable, Mapping, Sequence

import keras
from keras import ops

from mbert_cli.backend import STREAMS
from mbert_cli.train.options import TrainOptions


def count_shards(options: TrainOptions) -> int:
    """Returns into how many parts the batches of a training are cut."""
    is_eager_cpu = keras.backend.backend() == "tensorflow" and not keras.distribution.list_devices("gpu")
    is_compiled = options.jit_compile is True
    divides = options.batch_size % STREAMS == 0
    return STREAMS if is_eager_cpu and divides and not is_compiled else 1


def mean_of_shards(
    losses: Callable[[Mapping], Mapping], batch: Mapping, shards: int, weighted_by: Mapping[str, str | None]
) -> dict:
    """Returns what `losses(batch)` would, computed from `shards` parts of the batch.

    Args:
        losses: Batch -> dict of scalars, each a mean over the batch.
        batch: Dict of tensors whose first axis is divisible by `shards`.
        shards: Number of parts.
        weighted_by: For each scalar the array of the batch that holds the weights of its mean; None
            where each example weighs the same.
    """
    arrays = {name: ops.split(array, shards) for name, array in batch.items()}
    parts = [{name: pieces[place] for name, pieces in arrays.items()} for place in range(shards)]
    results = [losses(part) for part in parts]
    unknown = [name for name in results[0] if name not in weighted_by]
    if unknown:
        raise ValueError(
            f"Every figure must say what weighs its mean. Received: {', '.join(unknown)} without"
        )
    return {
        name: _weighted_mean([result[name] for result in results], parts, weighted_by[name])
        for name in results[0]
    }


def _weighted_mean(values: Sequence, parts: Sequence[Mapping], key: str | None):
    if key is None:
        return sum(values) / len(values)
    weights = [ops.sum(ops.cast(part[key], "float32")) for part in parts]
    weighted = [value * weight for value, weight in zip(values, weights, strict=True)]
    return sum(weighted) / ops.maximum(sum(weights), 1.0)
