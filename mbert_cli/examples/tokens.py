"""Texts with labelled pieces: the plain values that a task of labelling tokens consists of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mbert_cli.evaluate.entities import OUTSIDE


class Span(NamedTuple):
    """A piece of a text and what it is.

    Args:
        start: Its first character.
        end: The character after its last one.
        type: As in PER or LOC.
    """

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class TokenExamples:
    """Texts with the entities in them.

    Args:
        texts: One text per example.
        spans: The entities of each text, in its order; they do not overlap.
        words: First character and the one after the last of each word of each text; None where the words are
            those that BERT's tokenizer finds.
        are_tags: Whether each word is a span of its own and the type its label, such as a part of speech; else a type
            becomes two labels, that of a span's first word and that of its others.
    """

    texts: list[str]
    spans: list[list[Span]]
    words: list[list[tuple[int, int]]] | None
    are_tags: bool = False

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def notes(self) -> list[str]:
        """What a person should know about the source: nothing beside what its file has to say."""
        return []

    def take(self, indices: Sequence[int] | np.ndarray) -> "TokenExamples":
        """The examples at some indices, in that order."""
        return replace(
            self,
            texts=[self.texts[i] for i in indices],
            spans=[self.spans[i] for i in indices],
            words=None if self.words is None else [self.words[i] for i in indices],
        )


class TokenFile(NamedTuple):
    """What a file of labelled texts holds.

    Args:
        examples: Its texts.
        notes: What a person should know about it, in one sentence each.
        warnings: What is likely to be a mistake in it.
    """

    examples: TokenExamples
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()


def word_labels(types: Sequence[str]) -> list[str]:
    """The labels of words: that of no entity, then of each type that of its first word and that of the others."""
    return [OUTSIDE, *(f"{place}-{name}" for name in types for place in "BI")]
