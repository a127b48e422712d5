"""The pydantic base of recipe sections, where unknown keys are refused and values never change; kinds of values."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _require_distinct(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError(f"names must be distinct. Received: {', '.join(values)}")
    return values


Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""What Keras and NumPy take."""
DistinctNames = Annotated[list[str], AfterValidator(_require_distinct)]
HOST_AND_PORT = re.compile(r"\[?([^\s/\[\].]{1,63}(?:\.[^\s/\[\].]{1,63})*\.?)\]?:([0-9]+)")
"""The name or number of a host, in which no part between two dots is empty or above 63 characters, and a port."""


class Section(BaseModel):
    """One section of a recipe. The docstring below each field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)
