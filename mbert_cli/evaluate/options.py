"""The evaluate and predict sections of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Section


class EvaluateOptions(Section):
    """How a run or an artifact is scored."""

    split: Literal["validation", "train", "validation_mismatched"] = "validation"
    """Examples to score; only MNLI has mismatched ones."""
    batch_size: Annotated[int, Field(gt=0)] = 64
    """Examples per forward pass; an artifact always takes one."""
    max_examples: Annotated[int, Field(gt=0)] | None = None
    """Score at most this many examples, spread evenly over the set; null scores all."""
