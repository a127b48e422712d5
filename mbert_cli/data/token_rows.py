"""Texts with labelled pieces -> rows `[CLS] text [SEP]` with a label for the first token of each word."""

from collections.abc import Sequence

import numpy as np

from mbert_cli.data.batch import Batch
from mbert_cli.data.pair import assemble
from mbert_cli.data.task_batches import say_cut
from mbert_cli.data.token_examples import TokenExamples
from mbert_cli.data.token_words import find_words, label_words
from mbert_cli.data.wordpiece import Tokenizer

MARKS = 2
"""`[CLS]` and `[SEP]`."""


class TokenRows:
    """One row an example, as `mbert_cli.data.task_batches.Rows` describes them.

    Args:
        examples: Texts with spans, at least one.
        tokenizer: Turns them into ids, once.
        sequence_length: Columns of a row. A longer text loses its end.
        names: Labels of words, as `mbert_cli.data.token_examples.word_labels` gives them.

    Attributes:
        words: The words of the texts.
        labels: (words,) int32. The true label id of each, of words that are cut off too.
    """

    def __init__(
        self, examples: TokenExamples, tokenizer: Tokenizer, sequence_length: int, names: Sequence[str]
    ) -> None:
        self.examples = examples
        self.sequence_length = sequence_length
        self.trained = np.arange(len(examples))
        self.words = find_words(examples, tokenizer)
        label_ids = {name: index for index, name in enumerate(names)}
        self.labels, self._num_lost = label_words(examples, self.words, label_ids)
        self.tokens = np.diff(self.words.token_splits) + MARKS
        self._vocabulary = tokenizer.vocabulary
        self._token_labels, self._token_weights = self._label_tokens()

    @property
    def cut(self) -> str | None:
        """Says how many texts lose tokens because they are longer than a row, if any."""
        return say_cut(self.tokens, self.sequence_length, "texts")

    @property
    def left_out(self) -> str | None:
        """Says how many entities have no word to carry their label, if any."""
        if not self._num_lost:
            return None
        count = sum(map(len, self.examples.spans))
        return f"{self._num_lost:,} of {count:,} entities have no word of their own and are left out"

    @property
    def columns(self) -> np.ndarray:
        """(words,) int32. The column of each word in its row; 0, which is `[CLS]`, for words that are in none."""
        words = self.words
        starts = np.repeat(words.token_splits[:-1], np.diff(words.word_splits))
        columns = words.first_tokens - starts + 1
        inside = (words.first_tokens >= 0) & (columns < self.sequence_length - 1)
        return np.where(inside, columns, 0).astype(np.int32)

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """The inputs, labels and label weights of some rows, in so many columns."""
        starts = self.words.token_splits[indices]
        lengths = np.minimum(self.tokens[indices], length) - MARKS
        batch = assemble(
            self.words.ids, starts, lengths, starts, lengths * 0, length, self._vocabulary, pair=False
        )
        column = np.arange(length)
        inside = (column > 0) & (column <= lengths[:, None])  # (batch, length)
        source = (starts[:, None] + column - 1)[inside]
        labels = np.zeros(inside.shape, np.int32)
        weights = np.zeros(inside.shape, np.float32)
        labels[inside], weights[inside] = self._token_labels[source], self._token_weights[source]
        return batch | {"labels": labels, "label_weights": weights}

    def _label_tokens(self) -> tuple[np.ndarray, np.ndarray]:
        """(tokens,) int32 and float32. The label of each token of all texts, and whether it has one."""
        count = len(self.words.ids)
        labels, weights = np.zeros(count, np.int32), np.zeros(count, np.float32)
        shown = self.words.first_tokens >= 0
        labels[self.words.first_tokens[shown]] = self.labels[shown]
        weights[self.words.first_tokens[shown]] = 1
        return labels, weights
