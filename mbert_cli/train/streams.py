"""A batch computed in halves side by side, each half in a stream of operations of its own.

`backend.use_streams` says why. XLA shares out the work by itself, and a GPU has no cores to share.
"""

from collections.abc import Callable, Mapping

import keras
from keras import ops

from mbert_cli.backend import STREAMS, Tensor, tensorflow_has_gpu
from mbert_cli.losses.loss import Loss, Tensors, weighted_mean_of_parts
from mbert_cli.model.shared_trace import reading_weights_once
from mbert_cli.train.options import TrainOptions


def count_shards(options: TrainOptions) -> int:
    """Returns into how many parts the batches of a training are cut."""
    is_eager_cpu = keras.backend.backend() == "tensorflow" and not tensorflow_has_gpu()
    is_compiled = options.jit_compile is True
    divides = options.batch_size % STREAMS == 0
    return STREAMS if is_eager_cpu and divides and not is_compiled else 1


def mean_of_shards(
    measure: Callable[[Tensors], Tensors], batch: Tensors, shards: int, losses: Mapping[str, Loss]
) -> dict[str, Tensor]:
    """Returns what `measure(batch)` would, computed from `shards` parts of the batch.

    Args:
        measure: Batch -> dict of scalars, each a mean over the batch.
        batch: Dict of tensors whose first axis is divisible by `shards`.
        shards: Number of parts.
        losses: Each of the scalars, which says what weighs its mean.
    """
    arrays = {name: ops.split(array, shards) for name, array in batch.items()}
    parts = [{name: pieces[place] for name, pieces in arrays.items()} for place in range(shards)]
    with reading_weights_once():
        results = [measure(part) for part in parts]
    weights = {name: [weight_of(name, losses, part) for part in parts] for name in results[0]}
    return {
        name: weighted_mean_of_parts([result[name] for result in results], weights[name])
        for name in results[0]
    }


def weight_of(name: str, losses: Mapping[str, Loss], part: Tensors) -> Tensor:
    """The weight of a part of a batch in the mean that a figure is; all weigh the same where the examples do.

    Raises:
        ValueError: The figure is not among the losses.
    """
    if name not in losses:
        raise ValueError(f"Every figure must say what weighs its mean. Received: {name} without")
    loss = losses[name]
    return 1.0 if loss.weighted_by is None else ops.sum(ops.cast(loss.weights(part), "float32"))
