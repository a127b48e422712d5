"""Labelled examples: the plain values that a task consists of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mbert_cli.figures import counted


@dataclass(frozen=True)
class Examples:
    """Texts with labels.

    Args:
        texts: One text per example.
        second_texts: The second text of each pair; None for a task of single texts.
        labels: (examples,) int32 indices in the task's list of labels, or float32 numbers of a regression; where
            an example may have several labels (examples, labels) float32, 1 for each that it has.
        num_left_out: Lines of the source that are broken and were left out.
    """

    texts: list[str]
    second_texts: list[str] | None
    labels: np.ndarray
    num_left_out: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def notes(self) -> list[str]:
        """What a person should know about the source."""
        if not self.num_left_out:
            return []
        return [
            counted(
                self.num_left_out,
                "line of the file lacks a cell and is left out",
                "lines of the file lack a cell and are left out",
            )
        ]

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
        output_names: Names of the outputs of a model: the labels in the order of their ids; for a regression its
            number, for answers their start and end.
        sets: `Examples`, or what the kind of the task has instead, by the name of the set: `train` to learn
            from, `validation` to score on, and what else the task has; no example is in two of them. Every one
            has a length, `notes` for people, and `take(indices)`.
        metrics: Names of the official figures; the score of the task is their mean. () takes those of its kind.
        kind: What the task asks for, one of `TaskKind`.
        notes: What a person should know about the files, in one sentence each.
        warnings: What is likely to be a mistake in them.
    """

    name: str
    output_names: list[str]
    sets: dict[str, Any]
    metrics: tuple[str, ...] = ()
    kind: str = "classification"
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def train(self) -> Any:
        """What is learned from."""
        return self.sets["train"]

    @property
    def validation(self) -> Any:
        """What decides which epoch is best."""
        return self.sets["validation"]
