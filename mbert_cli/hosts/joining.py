"""This process becomes one of the hosts of a job, before anything else of JAX is touched."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.figures import counted

_HEARTBEAT_SECONDS = 30 * 86_400
"""JAX ends processes that were paused for so long, also where all of them were. Who is gone is found out without it."""


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


def describe_place(place: Place) -> str:
    """A place in words: `1 of 4 at node1:1234, by SLURM`."""
    device = "" if place.device is None else f", with device {place.device} of its machine"
    return f"{place.index} of {place.count} at {place.coordinator}, by {place.origin}{device}"


def join_address(name: str, port: int) -> str:
    """HOST:PORT, or [HOST]:PORT for a number of IPv6."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def join(place: Place, service: str, names: tuple[str, ...]) -> Hosts:
    """Starts JAX with the devices of all hosts, and returns when they know each other.

    Args:
        place: The place of this host.
        service: HOST:PORT at which JAX coordinates; host 0 opens it.
        names: The name of each host's machine.

    Raises:
        UserError: They do not have as many devices each.
    """
    import jax

    jax.distributed.initialize(
        service, place.count, place.index,
        local_device_ids=place.device, initialization_timeout=place.wait_seconds,
        heartbeat_timeout_seconds=_HEARTBEAT_SECONDS,
        cluster_detection_method="deactivate",
    )  # fmt: skip
    require_equal_devices([device.process_index for device in jax.devices()], names)
    return Hosts(place.index, place.count, jax.device_count(), names)


def require_equal_devices(owners: Sequence[int], names: Sequence[str]) -> None:
    """Checks that all hosts have as many devices: they share out a batch evenly.

    Args:
        owners: For each device of all hosts, the index of its host.
        names: The name of each host's machine.

    Raises:
        UserError: A host has more or fewer than host 0.
    """
    counts = Counter(owners)
    other = next((index for index in range(len(names)) if counts[index] != counts[0]), None)
    if other is not None:
        raise UserError(
            "All hosts must have the same number of devices. "
            f"Received: {counted(counts[other], 'device')} on host {other} ({names[other]}), "
            f"{counted(counts[0], 'device')} on host 0 ({names[0]})",
            "CUDA_VISIBLE_DEVICES chooses some of a machine's, such as CUDA_VISIBLE_DEVICES=0,1.",
        )


def coordination_client() -> Any:
    """The connection to the service by which the hosts agree; JAX has no public name for it."""
    from jax._src import distributed

    return distributed.global_state.client
