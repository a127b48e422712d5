"""The plan section of a recipe: the machines that a training is planned for."""

from typing import Annotated

from pydantic import Field

from mbert_cli.section import Positive, Section

_Rate = Annotated[float, Field(ge=0.001, le=1_000_000)]


class PlanOptions(Section):
    """The machines for which a plan says how long a training takes; they change nothing in the training."""

    devices: Positive | None = None
    """How many devices share each batch; null plans for one."""
    teraflops: _Rate | None = None
    """What one device computes at its peak, as its data sheet says for the precision of the recipe, in 10^12
    floating-point operations a second."""
    utilisation: Annotated[float, Field(ge=0.001, le=1)] | None = None
    """Share of that peak that the matrix products of a training reach; narrow layers and small batches reach less."""
    bandwidth: _Rate | None = None
    """What one device sends to the next one in a ring, in GB (10^9 bytes) a second."""
    teacher: str | None = None
    """Name of a size: a dry run with plan.devices that names no teacher plans with one of this size, which need not
    be there."""
