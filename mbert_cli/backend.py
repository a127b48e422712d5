"""Which library computes, and how it shares out the cores.

Keras reads the library from the environment variable KERAS_BACKEND.
"""

import gc
import importlib.util
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output

if TYPE_CHECKING:
    import keras

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Tensor = Any
"""A tensor of whichever backend computes, a symbolic one while Keras builds a network, or a NumPy array."""
Forward = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
"""A network as a function of batches: its outputs by their names."""
VARIABLE = "KERAS_BACKEND"
BACKENDS = ("tensorflow", "jax")

STREAMS = 2
"""Halves, whatever the number of cores: what a run computes should not depend on it."""

_AHEAD = 2 * STREAMS
_own_graph: ContextVar[bool | None] = ContextVar("_own_graph", default=None)
"""Whether XLA will compile the graph that is being traced to be run; None elsewhere."""


def backend_name() -> str:
    """The library that computes, whether or not it is loaded yet."""
    return os.environ.get(VARIABLE) or BACKENDS[0]


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


def load_keras() -> None:
    """Imports Keras, and TensorFlow with it, without the libraries that these load only in case somebody uses them.

    Without them it takes three fifths of the time. Each can be imported afterwards as ever.

    Raises:
        UserError: The backend is installed and cannot be imported.
    """
    passed_over = {"jax", "matplotlib", "sklearn"} - {os.environ.get(VARIABLE)} - set(sys.modules)
    sys.modules.update(dict.fromkeys(passed_over))  # type: ignore[arg-type] # None: an import of it fails
    try:
        with no_garbage():
            import keras  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"Keras must be able to import its backend. Received: {backend_name()} ({error})",
            "Install it again: `pip install --force-reinstall PACKAGE`, with the package that the reason names.",
        ) from error
    finally:
        for name in passed_over:
            del sys.modules[name]


@contextmanager
def no_garbage() -> Iterator[None]:
    """While this lasts, nothing is looked for that could be freed, nor ever among what is made in the meantime.

    Imports make objects by the million and next to no garbage: looking for it takes a fifth of Keras' import.
    """
    was_on, before = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        if len(sys.modules) > before:
            gc.freeze()


def start_with_tensorflow() -> None:
    """Imports Keras, with TensorFlow to compute, into a process that has not imported it yet."""
    os.environ[VARIABLE] = "tensorflow"
    with hidden_native_output():
        load_keras()


def count_cores() -> int:
    """Returns the number of cores that this process may use."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, _lent[-1]) if _lent else there


_lent: list[int] = []
"""Cores that this process was lent, where it works beside others."""
_divided: list[int] = []
"""Threads among which its operations are divided then."""


def lend_cores(count: int, threads: int) -> None:
    """Lets the libraries of this process, which are loaded later, compute with so many of the machine's cores.

    Args:
        count: Cores.
        threads: The cores of the process that shares out. An operation is divided among as many threads here as
            there, since the sums of a large product of matrices, and so its last bits, depend on that number.
    """
    _lent[:] = [count]
    _divided[:] = [threads]
    # Of TensorFlow's operations, of JAX, and of what is built with OpenMP; each asks the machine otherwise.
    for variable in ("TF_NUM_INTRAOP_THREADS", "NPROC", "OMP_NUM_THREADS"):
        os.environ[variable] = str(threads)


def count_threads() -> int:
    """Returns among how many threads operations are divided: the cores, or those of the process that shares out."""
    return _divided[-1] if _divided else count_cores()


def use_streams() -> None:
    """Gives each stream of operations its share of the cores; too late once TensorFlow has begun to compute.

    TensorFlow can use the cores of a CPU in two ways: all of them for one operation after the other, or
    some for each of several independent streams. The operations of small models are so short that
    sharing one costs much of what it saves: two halves of a batch in a stream each train 1.2 to 1.6 times
    as fast as the batch in one.

    Grappler, which rewrites graphs before they run, is left out too: on a CPU it takes half of the time to the
    first step and makes no step of a training faster.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    if not tensorflow_has_gpu():
        # Never too late, and first of all: graphs that Grappler rewrote compute other last bits.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        tf.config.threading.set_inter_op_parallelism_threads(max(STREAMS, count_cores()))
        tf.config.threading.set_intra_op_parallelism_threads(max(1, count_threads() // STREAMS))
    except RuntimeError:  # too late in this process; slower, otherwise the same
        return


@cache
def count_tensorflow_gpus() -> int:
    """How many GPUs TensorFlow sees, which is loaded.

    Keras' own list of devices has TensorFlow begin to compute, which is too early for `use_streams`.
    """
    import tensorflow as tf

    return len(tf.config.list_physical_devices("GPU"))


def tensorflow_has_gpu() -> bool:
    """Whether TensorFlow, which is loaded, sees a GPU."""
    return count_tensorflow_gpus() > 0


def traces_own_tensorflow_graph() -> bool:
    """Whether TensorFlow computes, and a function of it is being traced as `own_graph`."""
    import keras

    if _own_graph.get() is None or keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return bool(tf.inside_function())


def tensorflow_has_onednn() -> bool:
    """Whether TensorFlow's operations may be those of oneDNN, which its environment variable can forbid."""
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1").lower() not in ("0", "false")


def in_streams(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Yields the function's value for each item in order, computed in threads where streams are worth it.

    Args:
        function: Computes without changing anything; is called from several threads.
        items: Read as they are needed, a few ahead.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield from map(function, items)
        return
    with ThreadPoolExecutor(STREAMS) as pool:
        pending: deque[Future[_Result]] = deque()
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@contextmanager
def own_graph(*, is_compiled: bool = False) -> Iterator[None]:
    """While this lasts, what is traced is a graph that this program runs.

    One that somebody else traces may go to a file and to a converter, and is made of Keras' own operations alone.

    Args:
        is_compiled: Whether XLA compiles it as a whole.
    """
    token = _own_graph.set(is_compiled)
    try:
        yield
    finally:
        _own_graph.reset(token)


def is_compiled_by_xla() -> bool:
    """Whether what is being traced will be compiled by XLA as a whole."""
    return bool(_own_graph.get())


def length_step() -> int:
    """Batches for answers are as long as a multiple of this: JAX compiles a network anew for every length."""
    return 16 if backend_name() == "jax" else 1


def compile_forward(network: "keras.Model") -> Forward:
    """The network as a function of batches of any size and length, without dropout.

    On TensorFlow it is traced once, with both unknown, and is not compiled with XLA, which would compile it anew
    for every length.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        on_batch: Forward = network.predict_on_batch
        return on_batch
    import tensorflow as tf

    inputs = {name: tf.TensorSpec((None, None), tensor.dtype) for name, tensor in network.input.items()}
    forward = own_graph()(lambda batch: network(batch, training=False))
    traced: Forward = tf.function(forward, input_signature=[inputs], autograph=False)
    return traced
