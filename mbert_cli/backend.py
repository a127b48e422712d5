"""Which library computes, and how it shares out the cores.

Keras reads the library from the environment variable KERAS_BACKEND.
"""

import importlib.util
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from mbert_cli.errors import UserError

VARIABLE = "KERAS_BACKEND"
BACKENDS = ("tensorflow", "jax")

STREAMS = 2
"""Halves, whatever the number of cores: what a run computes should not depend on it."""


def require_backend() -> None:
    """Checks the chosen backend before Keras is imported.

    Raises:
        UserError: It is not one that mbert runs on, or is not installed.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen and chosen not in BACKENDS:
        raise UserError(
            f"{VARIABLE} must be {' or '.join(BACKENDS)}. Received: {chosen}",
            f"Unset {VARIABLE} for TensorFlow.",
        )
    if chosen and importlib.util.find_spec(chosen) is None:
        raise UserError(
            f"The backend that {VARIABLE} names must be installed. Received: {chosen}",
            f"pip install 'mbert[{chosen}]', or unset {VARIABLE} for TensorFlow.",
        )


def use_streams() -> None:
    """Gives each stream of operations its share of the cores; too late once TensorFlow has begun to compute.

    TensorFlow can use the cores of a CPU in two ways: all of them for one operation after the other, or
    some for each of several independent streams. The operations of small models are so short that
    sharing one costs much of what it saves: two halves of a batch in a stream each train 1.2 to 1.6 times
    as fast as the batch in one.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        tf.config.threading.set_inter_op_parallelism_threads(max(STREAMS, cores))
        tf.config.threading.set_intra_op_parallelism_threads(max(1, cores // STREAMS))
    except RuntimeError:  # too late in this process; slower, otherwise the same
        return


def in_streams(function: Callable, items: Iterable) -> list:
    """Returns the function's value for each item, computed in threads where streams are worth it.

    Args:
        function: Computes without changing anything; is called from several threads.
        items: All of them are read at once.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return [function(item) for item in items]
    with ThreadPoolExecutor(STREAMS) as pool:
        return list(pool.map(function, items))
