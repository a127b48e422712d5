"""What outputs say about labelled words, whether these make up entities or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mbert_cli.evaluate.entities import OUTSIDE
from mbert_cli.evaluate.judges import are_other_labels


@dataclass(frozen=True)
class WordJudge:
    """The truth about the words of some texts.

    Args:
        labels: Names of the labels by their ids.
        word_labels: (words,) The true label ids of the words of all texts, one text after the other.
        columns: (words,) Column of the outputs that speaks of each word; 0 where none does, such as for a word of
            which the tokenizer leaves nothing. Such a word is taken to be "O": what a model does not read is not found.
        splits: (texts + 1,) Where the words of each text start and the last one's end.
        rows: (words,) Row of the outputs that speaks of each word; a long text has several.
    """

    counted: ClassVar[str]
    """What the figures count."""

    labels: Sequence[str]
    word_labels: np.ndarray
    columns: np.ndarray
    splits: np.ndarray
    rows: np.ndarray

    def decide(self, outputs: np.ndarray) -> list[list[str]]:
        """Probabilities (rows, length, labels) -> the likeliest label of each word of each text."""
        chosen = np.full(len(self.columns), OUTSIDE, object)
        chosen[self._shown] = self._names(self._of_words(outputs).argmax(axis=-1))
        return self._by_text(chosen)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities (rows, length, labels) -> (words,) that of each word's likeliest label; 1 where unread."""
        chosen = np.ones(len(self.columns), outputs.dtype)
        chosen[self._shown] = self._of_words(outputs).max(axis=-1)
        return chosen

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the second gives some word of a text a label that the first finds clearly less likely."""
        others = np.zeros(len(self.columns), bool)
        others[self._shown] = are_other_labels(self._of_words(first), self._of_words(second))
        count = len(self.splits) - 1
        return np.bincount(self._texts, weights=others, minlength=count) > 0

    @property
    def truth(self) -> list[list[str]]:
        """The true label of each word of each text."""
        return self._by_text(self._names(self.word_labels))

    @property
    def _shown(self) -> np.ndarray:
        """(words,) bool. Whether the outputs speak of a word."""
        return self.columns > 0

    @property
    def _texts(self) -> np.ndarray:
        """(words,) The text of each word."""
        return np.repeat(np.arange(len(self.splits) - 1), np.diff(self.splits))

    def _of_words(self, outputs: np.ndarray) -> np.ndarray:
        """(rows, length, labels) -> (words that the outputs speak of, labels)."""
        shown: np.ndarray = outputs[self.rows[self._shown], self.columns[self._shown]]
        return shown

    def _names(self, label_ids: np.ndarray) -> np.ndarray:
        names: np.ndarray = np.array(self.labels, object)[label_ids]
        return names

    def _by_text(self, names: np.ndarray) -> list[list[str]]:
        return [part.tolist() for part in np.split(names, self.splits[1:-1])]
