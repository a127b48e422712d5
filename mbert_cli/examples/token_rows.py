"""Texts with labelled pieces -> rows `[CLS] window [SEP]` with a label for the first token of each word."""

from collections.abc import Sequence

import numpy as np

from mbert_cli.examples.token_windows import NOWHERE, token_windows
from mbert_cli.examples.token_words import find_words, label_words
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.figures import counted_of
from mbert_cli.text.batch import Batch
from mbert_cli.text.rows import assemble
from mbert_cli.text.wordpiece import Tokenizer

TEXT_MARKS = 2
"""`[CLS]` and `[SEP]`."""


class TokenRows:
    """One row per window, as `mbert_cli.examples.batches.Rows` describes them; a text that fits is one window.

    Each word has its label in the one row where it has the most context, in training too: there the overlap of
    windows is context alone, and no word counts twice.

    Args:
        examples: Texts with spans, at least one.
        tokenizer: Turns them into ids, once.
        sequence_length: Columns of a row. A longer text is read through windows that overlap.
        names: Labels of words, as `mbert_cli.examples.tokens.word_labels` gives them.
        document_stride: Tokens from the start of a window to the start of the next one; None is half of those
            that a row holds.

    Attributes:
        words: The words of the texts.
        labels: (words,) int32. The true label id of each.
        tokens: (rows,) int32. Tokens of each row, marks included.
    """

    def __init__(
        self,
        examples: TokenExamples,
        tokenizer: Tokenizer,
        sequence_length: int,
        names: Sequence[str],
        document_stride: int | None = None,
    ) -> None:
        self.examples = examples
        self.sequence_length = sequence_length
        self.words = find_words(examples, tokenizer)
        self._windows = token_windows(self.words, sequence_length - TEXT_MARKS, document_stride)
        self.trained = np.arange(len(self._windows))
        self.tokens = self._windows.lengths + TEXT_MARKS
        label_ids = {name: index for index, name in enumerate(names)}
        self._word_labels = label_words(examples, self.words, label_ids)
        self.labels = self._word_labels.ids
        self._vocabulary = tokenizer.vocabulary
        self._token_labels, self._token_rows = self._label_tokens()

    @property
    def cut(self) -> str | None:
        """Says how many texts are longer than a row and read in several, if any."""
        rows_of_texts = np.bincount(self._windows.texts, minlength=len(self.examples))
        are_long = rows_of_texts > 1
        if not are_long.any():
            return None
        longer = f"longer than {self.sequence_length} tokens and"
        windows = f"read in {rows_of_texts[are_long].sum():,} windows that overlap"
        one, several = f"is {longer} is {windows}", f"are {longer} are {windows}"
        return counted_of(int(are_long.sum()), len(self.examples), "text", one, several)

    @property
    def left_out(self) -> str | None:
        """Says how many entities have no word to carry their label, or share one with what is beside them, if any."""
        found, count = self._word_labels, sum(map(len, self.examples.spans))
        kinds = [
            (
                found.num_lost,
                "has no word of its own and is left out",
                "have no word of their own and are left out",
            ),
            (
                found.num_within,
                "begins or ends within a word and takes the whole of it",
                "begin or end within a word and take the whole of it",
            ),
        ]
        said = [
            counted_of(number, count, "entity", one, several, "entities")
            for number, one, several in kinds
            if number
        ]
        return "; ".join(said) or None

    @property
    def rows(self) -> np.ndarray:
        """(words,) int64. The row that speaks for each word; 0 for words that are in none."""
        rows: np.ndarray = np.maximum(self._windows.of_words, 0)
        return rows

    @property
    def columns(self) -> np.ndarray:
        """(words,) int32. The column of each word in its row; 0, which is `[CLS]`, for words that are in none."""
        columns = self.words.first_tokens - self._windows.first_tokens[self.rows] + 1
        return np.where(self._windows.of_words == NOWHERE, 0, columns).astype(np.int32)

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """The inputs, labels and label weights of some rows, in `length` columns."""
        starts = self._windows.first_tokens[indices]
        lengths = self._windows.lengths[indices]
        batch = assemble(
            self.words.ids, starts, lengths, starts, lengths * 0, length, self._vocabulary, pair=False
        )
        column = np.arange(length)
        inside = (column > 0) & (column <= lengths[:, None])  # (batch, length)
        source = (starts[:, None] + column - 1)[inside]
        speaks = self._token_rows[source] == np.broadcast_to(indices[:, None], inside.shape)[inside]
        labels = np.zeros(inside.shape, np.int32)
        weights = np.zeros(inside.shape, np.float32)
        labels[inside], weights[inside] = self._token_labels[source] * speaks, speaks
        return batch | {"labels": labels, "label_weights": weights}

    def _label_tokens(self) -> tuple[np.ndarray, np.ndarray]:
        """(tokens,) int32 and int64. The label of each token of all texts, and the row that it counts in, if any."""
        count = len(self.words.ids)
        labels, rows = np.zeros(count, np.int32), np.full(count, NOWHERE)
        shown = self.words.first_tokens >= 0
        labels[self.words.first_tokens[shown]] = self.labels[shown]
        rows[self.words.first_tokens[shown]] = self._windows.of_words[shown]
        return labels, rows
