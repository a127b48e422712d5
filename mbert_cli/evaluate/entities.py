"""Labelled words -> the entities that they make up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from seqeval.metrics.sequence_labeling import get_entities


@dataclass(frozen=True)
class Entity:
    """A piece of a text and what a model takes it for.

    Attributes:
        start: Its first character.
        end: The character after its last one.
        text: What stands there.
        label: Its type.
        probability: Mean over its words of the probability of each word's label.
    """

    start: int
    end: int
    text: str
    label: str
    probability: float


def find_entities(
    text: str, labels: Sequence[str], probabilities: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> list[Entity]:
    """The entities of a text, in its order; words are grouped as the score groups them.

    Args:
        text: The text.
        labels: (words,) The label of each word, as in "B-PER" or "O".
        probabilities: (words,) Its probability.
        starts: (words,) First character of the word.
        ends: (words,) The character after its last one.
    """
    return [
        Entity(
            int(starts[first]),
            int(ends[last]),
            text[starts[first] : ends[last]],
            name,
            float(probabilities[first : last + 1].mean()),
        )
        for name, first, last in get_entities(list(labels))
    ]
