"""A masked LM that fills masks: the ids that it finds most likely there."""

from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from mbert_cli.augment.masked_rows import PlacedWords, batches, masked_rows
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.words import is_candidate
from mbert_cli.backend import Forward, compile_forward, in_streams, length_step
from mbert_cli.text.batch import Batch
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.saved_network import load_teacher

_SPARE = 3
"""Beside the word itself, which is no candidate, a vocabulary may have it with other capitals."""
_EXCLUDED = -1e9


class MaskedWords:
    """Candidates in place of words of one piece, by a masked LM.

    Args:
        model: A run with a head for masked words.
        options: How many candidates, and how rows are built.
        stop_words: Words that are no candidates, in lower case.

    Raises:
        UserError: As `load_teacher`.
    """

    def __init__(
        self, model: SavedModel, options: AugmentOptions, stop_words: frozenset[str] = frozenset()
    ) -> None:
        self.vocabulary = model.vocabulary
        self._options = options
        network, allowed = load_teacher(model), candidate_ids(self.vocabulary, stop_words)
        logits = network.output["masked_logits"] + _exclusions(self.vocabulary.size, allowed)
        count = min(options.candidates + 1 + _SPARE, len(allowed))
        likely = keras.Model(network.input, {"ids": ops.top_k(logits, count)[1]})
        self._count, self._alike = count, _alike(self.vocabulary)
        self._forward: Forward = compile_forward(likely)

    def fill(self, words: PlacedWords) -> np.ndarray:
        """The candidates in place of each word, without itself, whatever its case, and none twice.

        Args:
            words: The words.

        Returns:
            (words, candidates) int32 ids, the likeliest first; 0 behind them where there are fewer.
        """
        if not len(words.tokens):
            return np.zeros((0, self._options.candidates), np.int32)
        found = np.zeros((len(words.tokens), self._count), np.int32)
        rows = masked_rows(words, self._options)
        made = batches(words, rows, self._options, self.vocabulary, length_step())
        for ids, masked in self._filled(made):
            for row, places in zip(ids, masked, strict=True):
                found[places] = row[: len(places)]
        return _distinct(found, words.ids[words.tokens], self._alike, self._options.candidates)

    def _filled(
        self, made: Iterator[tuple[Batch, list[np.ndarray]]]
    ) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        def fill(one: tuple[Batch, list[np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
            batch, masked = one
            return ops.convert_to_numpy(self._forward(batch)["ids"]), masked

        yield fill(next(made))  # traces, which threads would do in an order of their own
        yield from in_streams(fill, made)


def _distinct(found: np.ndarray, own: np.ndarray, alike: np.ndarray, count: int) -> np.ndarray:
    """(words, count) The first ids of each row that are neither like the word's own nor like an earlier one; then 0."""
    classes = alike[found]
    kept = classes != alike[own][:, None]
    for column in range(1, found.shape[1]):
        kept[:, column] &= (classes[:, :column] != classes[:, column, None]).all(axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, :count]
    chosen = np.where(np.take_along_axis(kept, order, axis=1), np.take_along_axis(found, order, axis=1), 0)
    return np.pad(chosen, [(0, 0), (0, count - chosen.shape[1])])


def _alike(vocabulary: Vocabulary) -> np.ndarray:
    """(size,) A number for each token, the same for those that differ in case alone."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(token.casefold(), len(numbers)) for token in vocabulary.tokens])


def candidate_ids(vocabulary: Vocabulary, stop_words: frozenset[str] = frozenset()) -> np.ndarray:
    """Ids of the pieces that are whole words and may stand in place of another. (ids,) int32."""
    ids = [
        index
        for index in vocabulary.ordinary_ids
        if is_candidate(vocabulary.tokens[index])
        and vocabulary.tokens[index].lower() not in stop_words
        and index not in vocabulary.outside
    ]
    return np.array(ids, np.int32)


def _exclusions(vocab_size: int, allowed: np.ndarray) -> np.ndarray:
    """(vocab_size,) float32. What is added to logits, so that only allowed ids are among the likeliest."""
    added = np.full(vocab_size, _EXCLUDED, np.float32)
    added[allowed] = 0
    return added
