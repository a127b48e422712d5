"""Shares pieces of work out: one after the other here, among processes of this machine, or among those of a cluster."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from mbert_cli.backend import count_cores
from mbert_cli.cluster.crew import Crew, Piecework
from mbert_cli.cluster.options import ClusterOptions

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

GLANCE_SECONDS = 1.0
"""How often somebody who waits is told that nothing has ended."""


def is_shared(cluster: ClusterOptions) -> bool:
    """Whether others than this process work on the pieces."""
    return cluster.address is not None or cluster.workers > 1


def share_among(
    function: Callable[[Item], Outcome],
    items: Iterable[Item],
    cluster: ClusterOptions,
    told: Callable[[Item, Outcome], None] | None = None,
) -> list[Outcome]:
    """The function's value for each item, in the order of the items, whoever ended first.

    Args:
        function: Is pickled, and with a cluster called on its machines.
        items: Can be pickled, as the values can.
        cluster: Who works; where nothing else is said, this process by itself, on one item after the other.
        told: Told of each item as it ends.

    Raises:
        Exception: What the function raised for the first item that failed; the others are not begun or ended.
    """
    answers: dict[int, Outcome] = {}
    for number, item, answer in as_they_end(function, items, cluster):
        answers[number] = answer
        if told is not None:
            told(item, answer)
    return [answers[number] for number in sorted(answers)]


def as_they_end(
    function: Callable[[Item], Outcome],
    items: Iterable[Item],
    cluster: ClusterOptions,
    glance: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, Item, Outcome]]:
    """Number, item and value of each item, as they end.

    Args:
        function: Is pickled where it works elsewhere.
        items: The next one is taken when somebody is free to work on it, and not before.
        cluster: Who works.
        glance: Called now and then while all that can be worked on is worked on.

    Raises:
        Exception: What the function raised for the first item that failed; the others are not begun or ended.
    """
    if not is_shared(cluster):
        for number, item in enumerate(items):
            yield number, item, function(item)
        return
    with _ending_by_signal(), crew_of(function, cluster) as crew:
        yield from _with_crew(crew, enumerate(items), glance)


def crew_of(function: Callable[[Any], Any], cluster: ClusterOptions) -> Crew:
    """Those who work elsewhere than in this process."""
    if cluster.address is None:
        from mbert_cli.cluster.processes import Processes

        return Processes(Piecework.of(function, max(1, count_cores() // cluster.workers)), cluster.workers)
    from mbert_cli.cluster.ray_crew import RayCrew

    return RayCrew(Piecework.of(function, cluster.cores), cluster)


def _with_crew(
    crew: Crew, items: Iterator[tuple[int, Item]], glance: Callable[[], None]
) -> Iterator[tuple[int, Item, Any]]:
    at_work: dict[int, Item] = {}
    while True:
        while len(at_work) < crew.places and (following := next(items, None)) is not None:
            at_work[following[0]] = following[1]
            crew.begin(*following)
        if not at_work:
            return
        ended = crew.wait(GLANCE_SECONDS)
        glance()
        for number, end in ended:
            item = at_work.pop(number)
            if end.error is not None:
                raise end.error
            yield number, item, end.result


@contextlib.contextmanager
def _ending_by_signal() -> Iterator[None]:
    """Has SIGTERM end the work as Ctrl-C does: in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
