"""Labelled words -> the entities that they make up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

OUTSIDE = "O"
"""Label of a word that belongs to no entity."""

_MARKED = re.compile(r"([BIESLU])-(\S.*)")
_MARKS = set("BIESLU")
_MARKS_OF_SEQEVAL = {"L": "E", "U": "S"}
_NAMELESS = "_"


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


def chunk_labels(labels: Sequence[str]) -> list[str] | None:
    """The labels of words as `seqeval` reads them, or None where each word has a tag of its own.

    | labels                          | read as                                                         |
    |---------------------------------|-----------------------------------------------------------------|
    | all `B-x`, `I-x`, ... or `O`    | as they are, with E for L and S for U                           |
    | `O` and others, like `PER`      | `I-PER`: neighbours with the same label are one entity          |
    | `O`, `B` and others of BIESLU   | `B-_` and so on: entities of one type without a name            |
    | no `O`, and not all with a mark | None: a tag per word, like `NOUN` or `LABEL_2`                  |

    Args:
        labels: In the order of their ids.
    """
    others = [label for label in labels if label != OUTSIDE]
    if len(others) == len(labels) and not all(map(_MARKED.fullmatch, labels)):
        return None
    are_bare = "B" in others and set(others) <= _MARKS
    return [_chunk_label(f"{label}-{_NAMELESS}" if are_bare else label) for label in labels]


def _chunk_label(label: str) -> str:
    if label in (OUTSIDE, f"{OUTSIDE}-{_NAMELESS}"):
        return OUTSIDE
    marked = _MARKED.fullmatch(label)
    mark, name = marked.groups() if marked else ("I", label)
    return f"{_MARKS_OF_SEQEVAL.get(mark, mark)}-{name}"


def entity_types(labels: Sequence[str]) -> list[str]:
    """The types of entities among labels that `chunk_labels` returned, in their order."""
    return list(dict.fromkeys(label.partition("-")[2] for label in labels if label != OUTSIDE))


def find_entities(
    text: str,
    groups: Sequence[tuple[str, int, int]],
    probabilities: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
) -> list[Entity]:
    """The pieces of a text that words make up.

    Args:
        text: The text.
        groups: Label, first word and last word of each piece, in the order of the text.
        probabilities: (words,) Probability of the label of each word.
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
        for name, first, last in groups
    ]
