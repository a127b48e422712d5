"""Threads that read files beside the main one, and that no process waits for when it ends.

Those of `concurrent.futures` are waited for, whatever they have left to do: a command that was stopped would first read
a large corpus to its end.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from multiprocessing.pool import ThreadPool
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """What a function makes of each item, a thread for each core; raises what it raises.

    Args:
        function: Computes without changing anything, or changes nothing that another item does.
        items: In the order of the results.
    """
    with ThreadPool() as pool:
        return pool.map(function, items, chunksize=1)


def begin_in_thread(work: Callable[[], _Result]) -> Future[_Result]:
    """Begins some work; what it returns or raises is that of the future."""
    future: Future[_Result] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return future
