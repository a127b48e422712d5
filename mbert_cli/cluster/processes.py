"""Workers on this machine: processes that have cores of their own."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from types import FrameType
from typing import Any, Self

from mbert_cli.cluster.crew import SAVING_SECONDS, Ended, Piecework
from mbert_cli.errors import RunError

_PARENT_SECONDS = 1.0


class Processes:
    """Processes that work on pieces.

    Args:
        work: What they do.
        count: How many there are.
    """

    def __init__(self, work: Piecework, count: int) -> None:
        self._work, self.places = work, count
        self._futures: dict[Future[Ended], int] = {}

    def __enter__(self) -> Self:
        context = multiprocessing.get_context(
            "spawn"
        )  # a fork would share TensorFlow's threads, which are gone
        seats: Queue[set[int]] = context.Queue()
        for cores in share_cores(self.places):
            seats.put(cores)
        self._others = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(
            self.places, context, initializer=_begin, initargs=(seats, pickle.dumps(self._work))
        )
        return self

    def __exit__(self, *error: object) -> None:
        workers = self._workers()
        try:
            if self._futures:
                for worker in workers:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(worker.pid or 0, signal.SIGTERM)
                wait(self._futures, SAVING_SECONDS)
        finally:
            if self._futures:
                for worker in workers:
                    worker.kill()
            self._pool.shutdown(cancel_futures=True)

    def begin(self, number: int, item: Any) -> None:
        """Has a piece worked on."""
        self._futures[self._pool.submit(_work_on, item)] = number

    def wait(self, seconds: float) -> Sequence[tuple[int, Ended]]:
        """The pieces that have ended since the last call."""
        ended = wait(self._futures, seconds, FIRST_COMPLETED).done
        return [(self._futures.pop(future), _outcome(future)) for future in ended]

    def _workers(self) -> list[BaseProcess]:
        return [child for child in multiprocessing.active_children() if child not in self._others]


def share_cores(count: int) -> list[set[int]]:
    """The cores of each of so many processes: disjoint as long as there are enough; empty where they cannot be told."""
    if not hasattr(os, "sched_getaffinity"):
        return [set() for _ in range(count)]
    cores = sorted(os.sched_getaffinity(0))
    each = max(1, len(cores) // count)
    return [{cores[(number * each + core) % len(cores)] for core in range(each)} for number in range(count)]


def _outcome(future: Future[Ended]) -> Ended:
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        return Ended(
            error=RunError(
                "A process that works on its share must stay alive. Received: one that was killed, perhaps because "
                "memory ran out",
                "What was done is kept: the same command goes on. Fewer workers need less memory.",
            )
        )
    return future.result() if error is None else Ended(error=error)


_work: list[Piecework] = []
"""In a worker, what it does."""
_pieces: list[Any] = []
"""The piece that it works on; none while it waits."""


def _begin(seats: "Queue[set[int]]", work: bytes) -> None:
    """Begins a worker."""
    os.setpgid(0, 0)  # Ctrl-C reaches the process that shares out, which ends its workers in order
    cores = seats.get()
    if cores:
        os.sched_setaffinity(0, cores)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupt)
    _work.append(pickle.loads(work))
    _work[0].move_in()


def _work_on(item: Any) -> Ended:
    _pieces.append(item)
    try:
        return _work[0].done(item)
    finally:
        _pieces.clear()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ends the piece, if there is one, and not the worker, without which the others would be ended at once."""
    if _pieces:
        raise KeyboardInterrupt


def _end_with_parent(parent: int) -> None:
    """Ends a worker whose parent was killed, and which would keep its piece to itself."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(1)
