"""Predictions -> the official figures of a task, all of them fractions of 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType

import numpy as np


def _sklearn() -> ModuleType:
    """The metrics of scikit-learn, loaded where something is scored: to answer takes none, and they take seconds."""
    return import_module("sklearn.metrics")


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the examples whose label was predicted.

    Args:
        labels: (examples,), the true label ids.
        predicted: (examples,), the predicted label ids.
    """
    return float(np.mean(np.equal(labels, predicted)))  # scikit-learn takes a second to load


def f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    """F1 of label 1 of two, as GLUE scores pairs that say the same; 0 where 1 neither occurs nor is predicted.

    Arguments as for `accuracy`.
    """
    return float(_sklearn().f1_score(labels, predicted, zero_division=0.0))


def matthews_correlation(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Correlation of predicted and true labels, -1 to 1; 0 where all predictions are the same.

    Arguments as for `accuracy`. Source: Matthews, 1975; the metric of CoLA.
    """
    return float(_sklearn().matthews_corrcoef(labels, predicted))


def pearson(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Correlation of predicted and true numbers, -1 to 1; 0 where either are all the same.

    Args:
        labels: (examples,), the true numbers.
        predicted: (examples,), the predicted numbers.
    """
    return _correlation("pearsonr", labels, predicted)


def spearman(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Correlation of the ranks; arguments and range as for `pearson`."""
    return _correlation("spearmanr", labels, predicted)


def _correlation(measure: str, labels: np.ndarray, predicted: np.ndarray) -> float:
    if np.ptp(labels) == 0 or np.ptp(predicted) == 0:
        return 0.0
    from scipy import stats

    return float(getattr(stats, measure)(labels, predicted).statistic)


def f1_micro(labels: np.ndarray, predicted: np.ndarray) -> float:
    """F1 over all labels of all examples together.

    Args:
        labels: (examples, labels), 1 for each true label.
        predicted: (examples, labels), 1 for each predicted label.
    """
    return _mean_f1(labels, predicted, "micro")


def f1_macro(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Mean over the labels of the F1 of each; 0 for a label that neither occurs nor is predicted.

    Arguments as for `f1_micro`.
    """
    return _mean_f1(labels, predicted, "macro")


def _mean_f1(labels: np.ndarray, predicted: np.ndarray, average: str) -> float:
    return float(
        _sklearn().f1_score(
            _as_sets(labels),
            _as_sets(predicted),
            labels=range(labels.shape[1]),
            average=average,
            zero_division=0.0,
        )
    )


def _as_sets(labels: np.ndarray) -> np.ndarray:
    """Sets of labels as scikit-learn takes them: it reads one column as ids, of which 0 would be the label itself."""
    return np.pad(labels, ((0, 0), (0, 1))) if labels.ndim == 2 and labels.shape[1] == 1 else labels


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": accuracy,
    "f1": f1,
    "matthews_correlation": matthews_correlation,
    "pearson": pearson,
    "spearman": spearman,
    "f1_micro": f1_micro,
    "f1_macro": f1_macro,
}
"""Every official figure, by the name in the task's table."""


@dataclass(frozen=True)
class Score:
    """The official figures of a task on a set of examples.

    Attributes:
        figures: By their names, in the order of the task's table.
        counted: Those whose mean is the score, as on GLUE's leaderboard; None is all of them.
        details: Numbers that belong to the figures and are not fractions.
    """

    figures: dict[str, float]
    counted: tuple[str, ...] | None = None
    details: dict[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The one figure that decides which of two models is better."""
        names = self.counted or tuple(self.figures)
        return sum(self.figures[name] for name in names) / len(names)

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.2%}" for name, value in self.figures.items())


def score_name(names: Sequence[str]) -> str:
    """What the mean of figures is called: `accuracy`, or `mean of f1 and accuracy`."""
    return names[0] if len(names) == 1 else f"mean of {' and '.join(names)}"


def score(names: Sequence[str], labels: np.ndarray, predicted: np.ndarray) -> Score:
    """Scores predictions with the figures of a task.

    Args:
        names: Keys of `METRICS`.
        labels: (examples,), the true label ids or numbers.
        predicted: (examples,), the predicted ones.
    """
    return Score({name: METRICS[name](labels, predicted) for name in names})


@dataclass(frozen=True)
class LabelRow:
    """How well one label is found, as shares; subclasses say of how many things it is true."""

    label: str
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class ClassRow(LabelRow):
    """The figures of one label of texts."""

    examples: int


def per_class(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> list[ClassRow]:
    """Precision, recall and F1 of every label, in the order of the label ids.

    A label that is never predicted has a precision of 0.

    Args:
        labels: (examples,), the true label ids, or (examples, labels), 1 for each true label.
        predicted: The same of the predicted ones.
        names: The label of each id.
    """
    figures = _sklearn().precision_recall_fscore_support(
        _as_sets(labels), _as_sets(predicted), labels=range(len(names)), zero_division=0.0
    )
    return [
        ClassRow(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *figures, strict=True)
    ]


def confusion(labels: np.ndarray, predicted: np.ndarray, num_labels: int) -> np.ndarray:
    """Counts of examples, (true label, predicted label).

    Args:
        labels: (examples,), the true label ids.
        predicted: (examples,), the predicted label ids.
        num_labels: Labels of the task.
    """
    counts: np.ndarray = _sklearn().confusion_matrix(labels, predicted, labels=range(num_labels))
    return counts


@dataclass(frozen=True)
class RangeRow:
    """The figures of the examples whose true number is from `low` to `high`."""

    low: float
    high: float
    predicted: float
    """Mean of the predicted numbers."""
    error: float
    """Mean absolute error."""
    examples: int


def by_range(labels: np.ndarray, predicted: np.ndarray, parts: int = 5) -> list[RangeRow]:
    """Figures of predicted numbers for equally wide ranges of the true numbers; empty ranges are left out.

    Args:
        labels: (examples,), the true numbers.
        predicted: (examples,), the predicted numbers.
        parts: Number of ranges.
    """
    edges = np.linspace(labels.min(), labels.max(), parts + 1)
    places = np.clip(np.searchsorted(edges, labels, side="right") - 1, 0, parts - 1)
    rows = []
    for part in range(parts):
        chosen = places == part
        if chosen.any():
            error = np.abs(predicted[chosen] - labels[chosen]).mean()
            low, high, mean = float(edges[part]), float(edges[part + 1]), float(predicted[chosen].mean())
            rows.append(RangeRow(low, high, mean, float(error), int(chosen.sum())))
    return rows
