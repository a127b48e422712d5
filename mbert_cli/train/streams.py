"""A batch computed in halves side by side, each half in a stream of operations of its own.

`backend.use_streams` says why. XLA shares out the work by itself, and a GPU has no cores to share.
"""

from collections.abc import Callable, Mapping, Sequence

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
    unknown = [name for name in results[0] if name not in losses]
    if unknown:
        raise ValueError(
            f"Every figure must say what weighs its mean. Received: {', '.join(unknown)} without"
        )
    return {
        name: weighted_mean_of_parts([result[name] for result in results], _sums(losses[name], parts))
        for name in results[0]
    }


def _sums(loss: Loss, parts: Sequence[Tensors]) -> list[Tensor]:
    """The weight of each part; all weigh the same where the examples do."""
    if loss.weighted_by is None:
        return [1.0] * len(parts)
    return [ops.sum(ops.cast(loss.weights(part), "float32")) for part in parts]
