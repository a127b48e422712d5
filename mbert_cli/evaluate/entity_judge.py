"""Judges labelled words by the entities that they make up, with seqeval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from seqeval.metrics.sequence_labeling import (
    classification_report,
    get_entities,
    precision_recall_fscore_support,
)

from mbert_cli.evaluate.entities import entity_types
from mbert_cli.evaluate.metrics import LabelRow, Score
from mbert_cli.evaluate.word_judge import WordJudge


@dataclass(frozen=True)
class EntityRow(LabelRow):
    """The figures of one type of entity."""

    entities: int


@dataclass(frozen=True)
class EntityJudge(WordJudge):
    """The truth about words that make up entities; the labels are those of `chunk_labels`.

    Args:
        metrics: The figure that is the score.
    """

    counted: ClassVar[str] = "entities"
    metrics: tuple[str, ...] = ("f1",)

    def score(self, predicted: Sequence[Sequence[str]]) -> Score:
        """Precision, recall and F1 of whole entities over all types together, as conlleval counts them."""
        names = "precision", "recall", "f1"
        figures = precision_recall_fscore_support(self.truth, predicted, average="micro", zero_division=0)
        return Score({name: float(value) for name, value in zip(names, figures, strict=False)}, self.metrics)

    def by_label(self, predicted: Sequence[Sequence[str]]) -> list[EntityRow]:
        """The figures of every type of entity, in the order of the labels."""
        truth = self.truth
        occurring = {name for name, *_ in [*get_entities(truth), *get_entities(predicted)]}
        report = {}
        if occurring:
            report = classification_report(truth, predicted, output_dict=True, zero_division=0)
        return [_row(name, report[name] if name in occurring else {}) for name in entity_types(self.labels)]

    def group(self, labels: Sequence[str]) -> list[tuple[str, int, int]]:
        """Type, first and last word of each entity of a text, grouped as the score groups them."""
        found: list[tuple[str, int, int]] = get_entities(list(labels))
        return found


def _row(name: str, figures: dict[str, float]) -> EntityRow:
    precision, recall, f1 = (float(figures.get(key, 0)) for key in ("precision", "recall", "f1-score"))
    return EntityRow(name, precision, recall, f1, int(figures.get("support", 0)))
