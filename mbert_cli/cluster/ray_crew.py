"""Workers on the machines of a Ray cluster: each piece is a task with cores and GPUs of its own."""

import secrets
from collections.abc import Sequence
from typing import Any, Self

from mbert_cli.cluster.checking import list_machines
from mbert_cli.cluster.crew import SAVING_SECONDS, Ended, Piecework
from mbert_cli.cluster.joining import join_cluster
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.errors import RunError


class RayCrew:
    """Tasks of Ray.

    Args:
        work: What they do.
        options: The cluster, and what a task has of it.
    """

    def __init__(self, work: Piecework, options: ClusterOptions) -> None:
        self._work, self._options = work, options
        self._numbers: dict[Any, int] = {}

    def __enter__(self) -> Self:
        import ray

        join_cluster(self._options)
        self._known_as = secrets.token_hex(8)
        self._shared = ray.put(self._work)
        # A task ends with its machine and begins again on another one; what it raises itself is final.
        self._task = ray.remote(work_there).options(
            num_cpus=self._options.cores, num_gpus=self._options.gpus, max_retries=3
        )
        return self

    def __exit__(self, *error: object) -> None:
        import ray

        if not self._numbers:
            return
        try:
            for task in self._numbers:
                ray.cancel(task, force=False)
            ray.wait(list(self._numbers), num_returns=len(self._numbers), timeout=SAVING_SECONDS)
        finally:
            for task in self._numbers:
                ray.cancel(task, force=True)

    @property
    def places(self) -> int:
        """How many pieces the machines have room for, as many as there are now."""
        options = self._options
        return max(1, sum(places_of(one.cores, one.gpus, options) for one in list_machines()))

    def begin(self, number: int, item: Any) -> None:
        """Has a piece worked on."""
        # Within a list the work is not fetched before a worker asks for it, which it does once.
        self._numbers[self._task.remote(self._known_as, [self._shared], item)] = number

    def wait(self, seconds: float) -> Sequence[tuple[int, Ended]]:
        """The pieces that have ended since the last call."""
        import ray

        ended, _ = ray.wait(list(self._numbers), timeout=seconds)
        return [(self._numbers.pop(task), _outcome(task)) for task in ended]


def places_of(cores: int, gpus: int, options: ClusterOptions) -> int:
    """How many pieces a machine has room for."""
    by_cores = cores // options.cores
    return min(by_cores, gpus // options.gpus) if options.gpus else by_cores


def _outcome(task: Any) -> Ended:
    import ray

    try:
        found: Ended = ray.get(task)
    except ray.exceptions.RayTaskError as error:  # a bug: it has the traceback of the worker
        return Ended(error=error)
    except ray.exceptions.RayError as error:
        first = str(error).strip().partition("\n")[0]
        return Ended(
            error=RunError(
                f"The machines of a cluster must stay alive and reachable. Received: {first}",
                "What was done is kept: the same command goes on.",
            )
        )
    return found


_works: dict[str, Piecework] = {}
"""In a worker, what it does, by the name of the work."""


def work_there(known_as: str, shared: list[Any], item: Any) -> Ended:
    """Works on a piece, in a process of the cluster."""
    import ray

    if known_as not in _works:
        # One worker serves one work after the other; what an earlier one remembers is not needed any more.
        _works.clear()
        work: Piecework = ray.get(shared[0])
        work.move_in()
        _works[known_as] = work
    return _works[known_as].done(item)
