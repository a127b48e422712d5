"""Outputs of a task model beside the truth: what it answers, how good that is, where another model differs.

A judge knows the truth about one set of examples. All outputs are NumPy arrays, whoever made them: a Keras
network or a phone artifact.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mbert_cli.evaluate.metrics import Score, score

FAR_APART = 0.02
"""Share of the range of the true numbers by which two predicted numbers differ that count as different."""

TIE = 1e-3
"""Probabilities that are no further apart are a tie, which rounding may break in either way."""

THRESHOLD = 0.5
"""Probability from which on one of several labels is given."""


class Judge(Protocol):
    """The truth about a set of examples."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the figures whose mean is the score."""

    def decide(self, outputs: np.ndarray) -> Any:
        """What the outputs of a model say: label ids, numbers, answers."""

    def score(self, predicted: Any) -> Score:
        """The official figures of what `decide` returned."""

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(examples,) bool: whether the second model's answer counts as another one than the first's."""


@dataclass(frozen=True)
class LabelJudge:
    """One label per example.

    Args:
        labels: (examples,) The true label ids.
        metrics: Keys of `mbert_cli.evaluate.metrics.METRICS`.
    """

    labels: np.ndarray
    metrics: tuple[str, ...]

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities (examples, labels) -> the likeliest label ids (examples,)."""
        ids: np.ndarray = outputs.argmax(axis=-1)
        return ids

    def score(self, predicted: np.ndarray) -> Score:
        """The figures of label ids (examples,)."""
        return score(self.metrics, self.labels, predicted)

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the second prefers a label that the first finds clearly less likely than its own."""
        return are_other_labels(first, second)


@dataclass(frozen=True)
class LabelSetJudge:
    """Any number of labels per example.

    Args:
        labels: (examples, labels) 1 for each true label, else 0.
        metrics: Keys of `mbert_cli.evaluate.metrics.METRICS`.
    """

    labels: np.ndarray
    metrics: tuple[str, ...]

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities (examples, labels) -> bool for each label."""
        return outputs >= THRESHOLD

    def score(self, predicted: np.ndarray) -> Score:
        """The figures of sets of labels (examples, labels)."""
        return score(self.metrics, self.labels, predicted)

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether a label is given by one alone, and not because both are next to the threshold."""
        others = self.decide(first) != self.decide(second)
        found: np.ndarray = np.any(others & (np.abs(first - second) > TIE), axis=-1)
        return found


@dataclass(frozen=True)
class NumberJudge:
    """A number per example, or several of them where no truth is known.

    Args:
        labels: (examples,) The true numbers; all the same where nobody knows them.
        metrics: Keys of `mbert_cli.evaluate.metrics.METRICS`.
    """

    labels: np.ndarray
    metrics: tuple[str, ...]

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """(examples, 1) -> (examples,); several numbers (examples, numbers) stay as they are."""
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def score(self, predicted: np.ndarray) -> Score:
        """The figures of numbers (examples,)."""
        return score(self.metrics, self.labels, predicted)

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether two numbers are further apart than a share of the range of the true ones, else of the first."""
        spread = np.ptp(self.labels)
        if spread == 0:
            spread = np.ptp(first, axis=0)
            spread = np.where(spread > 0, spread, np.abs(first).max(axis=0))
        found: np.ndarray = np.any(np.abs(first - second) > FAR_APART * spread, axis=-1)
        return found


def are_other_labels(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(..., labels) twice -> (...) bool, where the second's choice is clearly not the first's."""
    chosen = np.take_along_axis(first, second.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    found: np.ndarray = first.max(axis=-1) - chosen > TIE
    return found
