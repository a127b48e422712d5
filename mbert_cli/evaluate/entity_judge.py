"""Judges labelled words by the entities that they make up, with seqeval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from seqeval.metrics.sequence_labeling import (
    classification_report,
    get_entities,
    precision_recall_fscore_support,
)

from mbert_cli.evaluate.judges import are_other_labels
from mbert_cli.evaluate.metrics import Score


@dataclass(frozen=True)
class EntityRow:
    """The figures of one type of entity."""

    label: str
    precision: float
    recall: float
    f1: float
    entities: int


@dataclass(frozen=True)
class EntityJudge:
    """The truth about the words of some texts.

    Args:
        labels: Names of the labels by their ids: "O" first, then "B-" and "I-" of each type of entity.
        word_labels: (words,) The true label ids of the words of all texts, one text after the other.
        columns: (words,) Column of the outputs that speaks of each word; 0 where none does, as of a word that is
            cut off. Such a word is taken to be "O", so that what a model does not read counts as not found.
        splits: (texts + 1,) Where the words of each text start and the last one's end.
        metrics: The figure that is the score.
    """

    labels: Sequence[str]
    word_labels: np.ndarray
    columns: np.ndarray
    splits: np.ndarray
    metrics: tuple[str, ...] = ("f1",)

    def decide(self, outputs: np.ndarray) -> list[list[str]]:
        """Probabilities (texts, length, labels) -> the likeliest label of each word of each text."""
        chosen = np.zeros(len(self.columns), np.int64)
        chosen[self._shown] = self._of_words(outputs).argmax(axis=-1)
        return self._by_text(chosen)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities (texts, length, labels) -> (words,) that of each word's likeliest label; 1 where cut off."""
        chosen = np.ones(len(self.columns), outputs.dtype)
        chosen[self._shown] = self._of_words(outputs).max(axis=-1)
        return chosen

    def score(self, predicted: Sequence[Sequence[str]]) -> Score:
        """Precision, recall and F1 of whole entities over all types together, as conlleval counts them."""
        names = "precision", "recall", "f1"
        figures = precision_recall_fscore_support(self._truth, predicted, average="micro", zero_division=0)
        return Score({name: float(value) for name, value in zip(names, figures, strict=False)}, self.metrics)

    def by_type(self, predicted: Sequence[Sequence[str]]) -> list[EntityRow]:
        """The figures of every type of entity, in the order of the labels."""
        truth = self._truth
        occurring = {name for name, *_ in [*get_entities(truth), *get_entities(predicted)]}
        report = {}
        if occurring:
            report = classification_report(truth, predicted, output_dict=True, zero_division=0)
        types = [label.removeprefix("B-") for label in self.labels[1::2]]
        return [_row(name, report[name] if name in occurring else {}) for name in types]

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the second gives some word of a text a label that the first finds clearly less likely."""
        others = np.zeros(len(self.columns), bool)
        others[self._shown] = are_other_labels(self._of_words(first), self._of_words(second))
        count = len(self.splits) - 1
        return np.bincount(self._texts, weights=others, minlength=count) > 0

    @property
    def _truth(self) -> list[list[str]]:
        return self._by_text(self.word_labels)

    @property
    def _shown(self) -> np.ndarray:
        """(words,) bool. Whether the outputs speak of a word."""
        return self.columns > 0

    @property
    def _texts(self) -> np.ndarray:
        """(words,) The text of each word."""
        return np.repeat(np.arange(len(self.splits) - 1), np.diff(self.splits))

    def _of_words(self, outputs: np.ndarray) -> np.ndarray:
        """(texts, length, labels) -> (words that the outputs speak of, labels)."""
        return outputs[self._texts[self._shown], self.columns[self._shown]]

    def _by_text(self, label_ids: np.ndarray) -> list[list[str]]:
        names = np.array(self.labels, object)[label_ids]
        return [part.tolist() for part in np.split(names, self.splits[1:-1])]


def _row(name: str, figures: dict[str, float]) -> EntityRow:
    precision, recall, f1 = (float(figures.get(key, 0)) for key in ("precision", "recall", "f1-score"))
    return EntityRow(name, precision, recall, f1, int(figures.get("support", 0)))
