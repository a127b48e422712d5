"""Judges words that have one tag each, such as parts of speech."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from sklearn import metrics

from mbert_cli.evaluate.entities import OUTSIDE
from mbert_cli.evaluate.metrics import LabelRow, Score
from mbert_cli.evaluate.word_judge import WordJudge


@dataclass(frozen=True)
class TagRow(LabelRow):
    """The figures of one tag."""

    words: int


@dataclass(frozen=True)
class TagJudge(WordJudge):
    """The truth about words that have a tag each; none of the tags is "O", so that a word that was not read is wrong.

    Args:
        metrics: The figure that is the score.
    """

    counted: ClassVar[str] = "words"
    metrics: tuple[str, ...] = ("accuracy",)

    def score(self, predicted: Sequence[Sequence[str]]) -> Score:
        """Share of the words with the right tag, and the mean F1 of the tags that occur or are predicted."""
        truth, chosen = self._flat(predicted)
        tags = sorted({*truth, *chosen} - {OUTSIDE})
        f1 = metrics.f1_score(truth, chosen, labels=tags, average="macro", zero_division=0)
        figures = {"accuracy": float(metrics.accuracy_score(truth, chosen)), "f1_macro": float(f1)}
        return Score(figures, self.metrics)

    def by_label(self, predicted: Sequence[Sequence[str]]) -> list[TagRow]:
        """The figures of every tag, in the order of the labels."""
        figures = metrics.precision_recall_fscore_support(
            *self._flat(predicted), labels=list(self.labels), zero_division=0
        )
        return [
            TagRow(label, float(precision), float(recall), float(f1), int(words))
            for label, precision, recall, f1, words in zip(self.labels, *figures, strict=True)
        ]

    def group(self, labels: Sequence[str]) -> list[tuple[str, int, int]]:
        """Tag and place, twice, of each word of a text; nothing for those that were not read."""
        return [(label, place, place) for place, label in enumerate(labels) if label != OUTSIDE]

    def _flat(self, predicted: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
        """True and predicted tags of the words of all texts."""
        return list(chain.from_iterable(self.truth)), list(chain.from_iterable(predicted))
