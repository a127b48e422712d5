"""This process becomes one of the hosts of a job, before anything else of JAX is touched."""

import socket
from dataclasses import dataclass
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.hosts.options import HostsOptions


@dataclass(frozen=True)
class Hosts:
    """The processes that train one model together.

    Attributes:
        index: Which of them this one is.
        count: How many there are.
        devices: Devices of all hosts together; 0 where nobody looked, for a host that is alone.
        names: The name of each host's machine, in their order.
    """

    index: int = 0
    count: int = 1
    devices: int = 0
    names: tuple[str, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether this is host 0, which alone writes and speaks."""
        return self.index == 0


ALONE = Hosts()
"""One host, which need not ask JAX for anything."""


def join(options: HostsOptions) -> Hosts:
    """Meets the other hosts, and returns when all are there.

    Args:
        options: The hosts section of a recipe.

    Raises:
        UserError: Not all of index, count and coordinator are known.
    """
    if options.count in (None, 1) and options.coordinator is None:
        return ALONE
    index, count, coordinator = _known(options)
    import jax

    jax.distributed.initialize(
        coordinator,
        count,
        index,
        initialization_timeout=options.wait_seconds,
        cluster_detection_method="deactivate",
    )
    names = _exchange("name", socket.gethostname(), index, count, options.wait_seconds)
    return Hosts(index, count, jax.device_count(), names)


def _known(options: HostsOptions) -> tuple[int, int, str]:
    values = {"--hosts": options.count, "--host-index": options.index, "--coordinator": options.coordinator}
    missing = [flag for flag, value in values.items() if value is None]
    if options.count is None or options.index is None or options.coordinator is None:
        raise UserError(
            f"Several hosts need their number, an index and a coordinator. Received: no {' and no '.join(missing)}",
            "Type `--hosts N --host-index K --coordinator HOST:PORT` on every host, with the same N and HOST:PORT.",
        )
    return options.index, options.count, options.coordinator


def _exchange(what: str, value: str, index: int, count: int, seconds: int) -> tuple[str, ...]:
    """What each host says, in their order."""
    client = coordination_client()
    client.key_value_set(f"mbert/{what}/{index}", value)
    return tuple(
        client.blocking_key_value_get(f"mbert/{what}/{host}", 1000 * seconds) for host in range(count)
    )


def coordination_client() -> Any:
    """The connection to the service by which the hosts agree; JAX has no public name for it."""
    from jax._src import distributed

    return distributed.global_state.client
