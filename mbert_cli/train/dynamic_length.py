"""Steps of batches that differ in length: what TensorFlow traces may not depend on which length comes first.

What it knows of a shape changes the last bits of a result, and a run that is continued meets another length first
than one that was never stopped.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Tensors


def step_of_any_length(step: Callable[[Any], Any]) -> Callable[[Iterator[Any]], Any]:
    """Returns a training function of Keras that is traced once, with the length unknown.

    Keras' own is traced for the first length, and once more for all others when a second one comes.

    Args:
        step: `train_step` of a model: takes a tuple of one batch.

    Returns:
        A function that takes the next batch from an iterator and runs the step, for `train_function`.
    """
    import tensorflow as tf

    traced = tf.function(step, autograph=False)
    signatures: list[Any] = []

    def run(iterator: Iterator[Any]) -> Any:
        data = next(iterator)
        if not signatures:
            signatures.append(tf.nest.map_structure(_signature, data))
            traced.get_concrete_function(*signatures)
        return traced(data)

    return run


def _signature(array: Tensor) -> Any:
    """The shape of an array of a batch, with lengths unknown."""
    import tensorflow as tf

    return tf.TensorSpec(_open_shape(array), array.dtype)


def _open_shape(array: Tensor) -> tuple[int | None, ...]:
    """The second axis is a length; where there are four, as of attention, the last two are, and the second is none."""
    first, *others = array.shape
    if len(others) == 3:
        return first, others[0], None, None
    return (first, None, *others[1:]) if others else (first,)


def hide_length(batch: Tensors) -> dict[str, Tensor]:
    """Returns the batch with arrays whose lengths are unknown while a step is traced.

    For what Keras traces itself: several steps that run as one, and evaluation.
    """
    if keras.backend.backend() != "tensorflow":
        return dict(batch)
    import tensorflow as tf

    return {
        name: array if len(array.shape) < 2
        else tf.raw_ops.PlaceholderWithDefault(input=array, shape=_open_shape(array))
        for name, array in batch.items()
    }  # fmt: skip
