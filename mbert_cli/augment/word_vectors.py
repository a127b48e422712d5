"""Vectors of words, and the words that are nearest to others."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

from mbert_cli.augment.words import is_candidate

_BLOCK_NUMBERS = 2**24
"""Similarities in memory at once: 64 MB."""
_GROUP = 128
"""Columns of a group of which only the largest number is looked at first."""
_SPARE = 2
"""So many times the wanted words are looked at: a table with capitals has most words more than once."""


class WordVectors:
    """Words with the directions of their vectors.

    Args:
        words: The words; those that may not stand in place of another are dropped.
        vectors: (words, dimension) float32. A vector of zeros has no direction, and its word is dropped.
    """

    def __init__(self, words: Sequence[str], vectors: np.ndarray) -> None:
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))  # a norm would hold a second table
        kept = [row for row, word in enumerate(words) if lengths[row] > 0 and is_candidate(word)]
        self.words = [words[row] for row in kept]
        self.directions = np.asarray(vectors[kept], np.float32)
        self.directions /= lengths[kept, None]

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in reversed(list(enumerate(self.words)))}  # the first of equal ones

    def find(self, word: str) -> int | None:
        """The row of a word as it is written, else in lower case; None where the table has neither."""
        return self._rows.get(word, self._rows.get(word.lower()))

    def nearest(
        self, words: Iterable[str], count: int, stop_words: frozenset[str] = frozenset()
    ) -> dict[str, list[str]]:
        """The words with the most similar directions (cosine), the nearest first.

        Args:
            words: What is looked up, each once, in an order that is always the same: it decides the last bits.
            count: How many are wanted. The word itself is none of them, whatever its case, and none is there twice.
            stop_words: Words that are no neighbours either, in lower case.

        Returns:
            For each word that the table has, at most `count` of the others.
        """
        rows = {word: row for word in words if (row := self.find(word)) is not None}
        names, places = list(rows), np.fromiter(rows.values(), np.int64, len(rows))
        most = min(_SPARE * count + _SPARE, len(self))
        found: dict[str, list[str]] = {}
        excluded = np.array([word.lower() in stop_words for word in self.words], bool)
        step = max(1, _BLOCK_NUMBERS // max(1, len(self)))
        for start in range(0, len(names), step):
            block = self.directions[places[start : start + step]] @ self.directions.T  # (block, words)
            block[:, excluded] = -1
            for word, order in zip(names[start : start + step], _largest(block, most), strict=True):
                found[word] = self._others(word, order[~excluded[order]], count)
        return found

    def _others(self, word: str, order: np.ndarray, count: int) -> list[str]:
        seen, chosen = {word.casefold()}, []
        for other in (self.words[row] for row in order):
            if other.casefold() not in seen:
                seen.add(other.casefold())
                chosen.append(other)
        return chosen[:count]


def _largest(similarities: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """For each row the columns with its largest numbers, from the largest on; equal ones by column.

    At least `count` numbers are as large as the `count`-th largest of the maxima of groups of columns, and few more
    are, which takes a tenth of the time of partitioning whole rows.

    Args:
        similarities: (rows, columns) float32.
        count: How many, at most `columns`.
    """
    columns = similarities.shape[1]
    groups = max(count, columns // _GROUP)
    size = columns // groups
    grouped = similarities[:, : groups * size].reshape(len(similarities), size, groups)
    maxima = np.concatenate([grouped.max(axis=1), similarities[:, groups * size :]], axis=1)
    least = -np.partition(-maxima, count - 1, axis=1)[:, count - 1]
    for row, bound in zip(similarities, least, strict=True):
        found = np.flatnonzero(row >= bound)
        yield found[np.argsort(-row[found], kind="stable")[:count]]
