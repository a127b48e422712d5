"""This process becomes one of the hosts of a job, before anything else of JAX is touched."""

from dataclasses import dataclass
from typing import Any


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


@dataclass(frozen=True)
class Place:
    """The place of this host in a job.

    Attributes:
        index: Which of the hosts it is.
        count: How many there are.
        address: Name and port of host 0, where all meet.
        wait_seconds: How long they wait for each other.
        origin: Who said so: `the command line and the recipe`, or an environment such as `SLURM`.
        device: The one device that this host may use; None for all of its machine.
    """

    index: int
    count: int
    address: tuple[str, int]
    wait_seconds: int
    origin: str = ""
    device: int | None = None

    @property
    def coordinator(self) -> str:
        """HOST:PORT of host 0."""
        return join_address(*self.address)


def join_address(name: str, port: int) -> str:
    """HOST:PORT, or [HOST]:PORT for a number of IPv6."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def join(place: Place, service: str, names: tuple[str, ...]) -> Hosts:
    """Starts JAX with the devices of all hosts, and returns when they know each other.

    Args:
        place: The place of this host.
        service: HOST:PORT at which JAX coordinates; host 0 opens it.
        names: The name of each host's machine.
    """
    import jax

    jax.distributed.initialize(
        service, place.count, place.index,
        local_device_ids=place.device, initialization_timeout=place.wait_seconds,
        cluster_detection_method="deactivate",
    )  # fmt: skip
    return Hosts(place.index, place.count, jax.device_count(), names)


def coordination_client() -> Any:
    """The connection to the service by which the hosts agree; JAX has no public name for it."""
    from jax._src import distributed

    return distributed.global_state.client
