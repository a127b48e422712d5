"""Labelled texts -> rows `[CLS] text [SEP]` or `[CLS] text [SEP] second text [SEP]`."""

from copy import copy

import numpy as np

from mbert_cli.examples.batches import say_cut
from mbert_cli.examples.texts import Examples
from mbert_cli.text.batch import Batch
from mbert_cli.text.encoding_cache import encode_cached
from mbert_cli.text.rows import assemble, balanced_lengths
from mbert_cli.text.wordpiece import Tokenizer


class TextRows:
    """One row per example, as `mbert_cli.examples.batches.Rows` describes them.

    Args:
        examples: Labelled texts, at least one.
        tokenizer: Turns them into ids, once.
        sequence_length: Columns of a row. A longer text loses its end; in a pair the longer text is cut first.
    """

    def __init__(self, examples: Examples, tokenizer: Tokenizer, sequence_length: int) -> None:
        # The texts are not kept: of millions they take more than their ids.
        self.texts: np.ndarray | None = None
        self.sequence_length = sequence_length
        self.labels = examples.labels
        self.trained = np.arange(len(examples))
        self.left_out = None
        self._vocabulary = tokenizer.vocabulary
        self._pair = examples.second_texts is not None
        self._marks = 3 if self._pair else 2
        self._ids, self._starts = encode_cached(tokenizer, examples.texts + (examples.second_texts or []))
        self.tokens = self._count_tokens()

    def with_texts(self, texts: list[str]) -> "TextRows":
        """The same rows with their texts in each batch, for a network that cuts them itself."""
        rows = copy(self)
        rows.texts = np.array([text.encode() for text in texts], object)
        return rows

    @property
    def cut(self) -> str | None:
        """Says how many examples lose tokens because they are longer than a row, if any."""
        return say_cut(self.tokens, self.sequence_length, "example")

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """The inputs and labels of some rows, in `length` columns."""
        first, first_lengths = self._pieces(indices)
        second, second_lengths = first, first_lengths * 0
        if self._pair:
            second, second_lengths = self._pieces(indices + len(self.trained))
        first_lengths, second_lengths = balanced_lengths(first_lengths, second_lengths, length - self._marks)
        batch = assemble(
            self._ids, first, first_lengths, second, second_lengths,
            length, self._vocabulary, pair=self._pair,
        )  # fmt: skip
        texts = {} if self.texts is None else {"texts": self.texts[indices]}
        return batch | {"labels": self.labels[indices]} | texts

    def _count_tokens(self) -> np.ndarray:
        """(examples,) Tokens of the whole examples, marks included."""
        count, lengths = len(self.trained), np.diff(self._starts)
        return self._marks + (lengths[:count] + lengths[count:] if self._pair else lengths)

    def _pieces(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Start and length of texts in the encoded ids."""
        return self._starts[indices], self._starts[indices + 1] - self._starts[indices]
