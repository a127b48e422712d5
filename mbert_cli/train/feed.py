"""Batches on their way into `fit`, computed one ahead while a step runs."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from mbert_cli.text.batch import Batch

_AHEAD = 2


class Prefetcher:
    """Calls a function of the step in a thread, a few steps ahead.

    Args:
        batch_at: Step -> batch, a pure function.
        end: First step that is not asked for any more.
    """

    def __init__(self, batch_at: Callable[[int], Batch], end: int) -> None:
        self._batch_at = batch_at
        self._end = end
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._pending: dict[int, Future[Batch]] = {}

    def __call__(self, step: int) -> Batch:
        """Returns the batch of a step; an error of `batch_at` is raised here."""
        for ahead in range(step, min(step + _AHEAD, self._end - 1) + 1):
            if ahead not in self._pending:
                self._pending[ahead] = self._pool.submit(self._batch_at, ahead)
        return self._pending.pop(step).result()

    def close(self) -> None:
        """Drops what was not asked for and ends the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Feed(DataAdapter):
    """A number of batches as `fit` and `evaluate` of Keras take them.

    A Python generator would do, but Keras lays a new tf.data pipeline around it at every call of `fit`,
    which costs 100 ms, and 1 ms more at every step (Keras 3.15, TensorFlow backend). An adapter of
    our own hands the arrays over as they are. `fit` takes one, but Keras has no public name for the class.

    Args:
        batches: Step -> batch.
        steps: The steps to feed.
    """

    def __init__(self, batches: Callable[[int], Batch], steps: Sequence[int]) -> None:
        self._batches = batches
        self._steps = steps

    def __iter__(self) -> Iterator[tuple[Batch]]:
        return ((self._batches(step),) for step in self._steps)

    def get_numpy_iterator(self) -> Iterator[tuple[Batch]]:
        """One-element tuples: Keras reads a second element as targets."""
        return iter(self)

    get_jax_iterator = get_numpy_iterator

    def get_tf_dataset(self) -> "Feed":
        """Itself: Keras takes any iterable for a data set."""
        return self

    @property
    def num_batches(self) -> int:
        """How many batches there are."""
        return len(self._steps)

    @property
    def batch_size(self) -> None:
        """Not told: Keras needs it for nothing here."""
        return
