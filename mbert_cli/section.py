"""The pydantic base of every recipe section: unknown keys are refused and values never change."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section of a recipe. The docstring below each field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)
