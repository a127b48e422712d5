"""The cluster section of a recipe."""

from typing import Annotated

from pydantic import Field, field_validator

from mbert_cli.section import HOST_AND_PORT, Positive, Section


class ClusterOptions(Section):
    """Who shares the pieces of the work: processes of this machine, or the machines of a Ray cluster, which see the
    same files under the same paths. What comes of it is the same."""

    address: str | None = None
    """The cluster: auto for the one that this machine is a part of, HOST:PORT or ray://HOST:PORT for another one,
    local to start one on this machine. null needs no Ray and works on this machine alone."""
    workers: Positive = 1
    """Processes of this machine that share the work where address is null, each with its share of the cores. 1 does
    one piece after the other, with all cores."""
    cores: Positive = 1
    """Processor cores that each piece of the work has on the cluster. An operation is divided among as many threads as
    on the machine that shares out, so that its last bits are the same."""
    gpus: Annotated[int, Field(ge=0)] = 0
    """GPUs that each piece of the work has on the cluster, beside its cores."""
    wait_seconds: Positive = 30
    """How long to wait until the cluster answers."""

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        place = (address or "").removeprefix("ray://")
        is_place = HOST_AND_PORT.fullmatch(place)
        if not (address in (None, "auto", "local") or is_place):
            raise ValueError(
                f"address must be auto, local, HOST:PORT or ray://HOST:PORT. Received: {address}"
            )
        return address


HERE = ClusterOptions()
"""This process by itself."""
