"""Labelled examples: the plain values that a task consists of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Texts with labels.

    Args:
        texts: One text an example.
        second_texts: The second text of each pair; None for a task of single texts.
        labels: (examples,) int32. Index in the task's list of labels.
    """

    texts: list[str]
    second_texts: list[str] | None
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int] | np.ndarray) -> "Examples":
        """The examples at some indices, in that order."""
        second = self.second_texts
        return Examples(
            [self.texts[i] for i in indices],
            None if second is None else [second[i] for i in indices],
            self.labels[np.asarray(indices, np.int64)],
        )


@dataclass(frozen=True)
class TaskData:
    """Everything about a task that does not depend on a model.

    Args:
        name: For people: `installed_docs`, `sst2`, or the name of the training file.
        labels: Names in the order of their ids.
        train: Examples to learn from.
        validation: Examples to score on; none of them is in `train`.
        metric: Name of the official figure.
    """

    name: str
    labels: list[str]
    train: Examples
    validation: Examples
    metric: str = "accuracy"

    @property
    def pair(self) -> bool:
        """Whether an example has two texts."""
        return self.train.second_texts is not None
