"""The hosts section of a recipe: how many processes train together, which of them this one is, where they meet."""

from typing import Annotated

from pydantic import Field

from mbert_cli.section import Positive, Section


class HostsOptions(Section):
    """Several hosts that train one model together; on JAX only."""

    count: Positive | None = None
    """How many hosts, each with a process of its own; null takes it from the environment, or trains on this one
    alone."""
    index: Annotated[int, Field(ge=0)] | None = None
    """Which of them this one is, from 0. Host 0 writes the run."""
    coordinator: str | None = None
    """HOST:PORT of host 0, where all meet; the port must be free there."""
    wait_seconds: Positive = 300
    """How long hosts wait for each other at the beginning."""
    model_parallel: Positive = 1
    """Devices among which each layer's kernels are divided, for a model that does not fit one; the others share out
    the rows of a batch."""
