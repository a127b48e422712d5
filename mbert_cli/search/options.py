"""The search section of a recipe."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from mbert_cli.section import Positive, Section


class SearchOptions(Section):
    """A grid of fine-tunings, each with every seed; the model of the best mean over the seeds is the result."""

    learning_rate: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] | None = None
    """Peak learning rates; null is train.optimizer.learning_rate alone."""
    batch_size: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Batch sizes; null is train.batch_size alone."""
    epochs: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Passes over the training examples; null is train.epochs alone."""
    seed: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None
    """Every setting is trained with each of these seeds; null is the recipe's seed alone."""
    max_trials: Positive | None = None
    """Most trials. A larger grid is thinned evenly, by settings with all their seeds; null runs all of it."""
    prune_margin: Annotated[float, Field(ge=0)] | None = 0.05
    """Give a setting up when its first seed scores lower, by more than this, than the best first seed before it
    did after the same share of its training, at its end too: then it gets no further seeds. null gives none up."""

    @field_validator("learning_rate", "batch_size", "epochs", "seed")
    @classmethod
    def _values_are_distinct(cls, values: list | None) -> list | None:
        if values is not None and len(set(values)) != len(values):
            raise ValueError(f"values must be distinct. Received: {', '.join(map(str, values))}")
        return values

    @model_validator(mode="after")
    def _is_a_search(self) -> "SearchOptions":
        axes = (self.learning_rate, self.batch_size, self.epochs, self.seed)
        if all(axis is None for axis in axes):
            raise ValueError("learning_rate, batch_size, epochs or seed must list what is tried")
        if self.max_trials is not None and self.max_trials < len(self.seed or [0]):
            raise ValueError(
                f"max_trials ({self.max_trials}) must be at least the number of seeds ({len(self.seed)})"
            )
        return self
