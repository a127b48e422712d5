"""The search section of a recipe."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from mbert_cli.section import Positive, Section, Seed


class SearchOptions(Section):
    """A grid of fine-tunings, each with every seed; the result comes from the setting with the best mean over seeds."""

    learning_rate: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] | None = None
    """Peak learning rates to try; null tries only train.optimizer.learning_rate."""
    batch_size: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Batch sizes to try; null tries only train.batch_size."""
    epochs: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Numbers of passes over the training examples to try; null tries only train.epochs."""
    seed: Annotated[list[Seed], Field(min_length=1)] | None = None
    """Seeds to train every setting with; null uses only the recipe's seed."""
    max_trials: Positive | None = None
    """Largest number of trials. A larger grid is thinned evenly, and each setting that remains keeps all its seeds;
    null runs the whole grid."""
    prune_margin: Annotated[float, Field(ge=0)] | None = 0.05
    """Give a setting up, and train no further seeds of it, when its first seed scores lower by more than this than
    the best first seed so far did after the same share of its training. null gives none up."""

    @field_validator("learning_rate", "batch_size", "epochs", "seed")
    @classmethod
    def _values_are_distinct(cls, values: list[float] | None) -> list[float] | None:
        if values is not None and len(set(values)) != len(values):
            raise ValueError(f"values must be distinct. Received: {', '.join(map(str, values))}")
        return values

    @model_validator(mode="after")
    def _is_a_search(self) -> "SearchOptions":
        axes = (self.learning_rate, self.batch_size, self.epochs, self.seed)
        if all(axis is None for axis in axes):
            raise ValueError("learning_rate, batch_size, epochs or seed must list what is tried")
        seeds = len(self.seed or [0])
        if self.max_trials is not None and self.max_trials < seeds:
            raise ValueError(f"max_trials ({self.max_trials}) must be at least the number of seeds ({seeds})")
        return self
