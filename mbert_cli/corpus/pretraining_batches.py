"""Batches for masked language modelling and next-sentence prediction, drawn fresh at every step.

A batch is a pure function of (store, options, batch size, seed, step): row *k* of step *s* depends on
nothing but one row of random numbers, so workers that share a batch out draw the same rows. All work is on
whole batches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mbert_cli.corpus.masking import mask_tokens
from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.corpus.store import Split, TokenStore
from mbert_cli.corpus.store_format import write_again
from mbert_cli.errors import UserError
from mbert_cli.hosts.shares import RowShare
from mbert_cli.text.batch import Batch
from mbert_cli.text.rows import assemble, balanced_lengths

_PAIR_DRAWS = 9
"""Random numbers that one row needs before masking: see `_draw_pairs`."""

_MARKS = 3
"""[CLS], [SEP], [SEP]."""


@dataclass(frozen=True)
class _Pairs:
    """Runs of tokens in the store, (batch,) int64 each, and `next_sentence`, (batch,) int32."""

    first: np.ndarray
    first_lengths: np.ndarray
    second: np.ndarray
    second_lengths: np.ndarray
    next_sentence: np.ndarray


class PretrainingBatches:
    """Pre-training batches as `mbert_cli.text.batch` describes them.

    Segment A is a run of consecutive sentences of a document that is drawn in proportion to its tokens. B
    is what follows A (`next_sentence` 0) or, half of the time, a run of sentences of another document,
    drawn in the same way (`next_sentence` 1). Where a single sentence fills the example, it is cut at a
    random token, so that long sentences give no clue to the label; a document of a single token has nothing
    that follows, and its B is always random. A store with one document takes its random B from elsewhere in
    that document.

    Args:
        store: The token store.
        options: Length, masking and short sequences.
        batch_size: Rows of a batch.
        seed: Together with the step it decides everything that is random.
        split: Documents to draw from.
        masks_text: Whether words are masked. If not, the same texts come as they are, and batches have none of the
            arrays that begin with `masked_`.

    Raises:
        UserError: The split has no document.
    """

    def __init__(
        self,
        store: TokenStore,
        options: PretrainingOptions,
        batch_size: int,
        seed: int,
        split: Split = "train",
        masks_text: bool = True,
    ) -> None:
        self._documents = store.documents(split)
        if not len(self._documents):
            raise UserError(
                f"The {split} part of a token store must have a document. "
                f"Received: {store.directory} with none",
                "Prepare a corpus with more documents, or hold out another share of them. "
                f"{write_again(store.directory)} --set store.validation_share=0.1",
            )
        self._store = store
        self._vocabulary = store.vocabulary
        self._options = options
        self._batch_size = batch_size
        self._seed = seed
        self._masks_text = masks_text
        self._draws = _PAIR_DRAWS + options.sequence_length + 2 * options.max_predictions

    def __call__(self, step: int) -> Batch:
        """The global batch of a step, counted from 0."""
        return self._batch(self._random(step))

    def shard(self, index: int, count: int) -> Callable[[int], Batch]:
        """A function like this one that returns part `index` of `count` of the rows of the same global batch."""
        rows = RowShare(index, count).of(self._batch_size)
        return lambda step: self._batch(self._random(step)[rows])

    def _random(self, step: int) -> np.ndarray:
        """Evenly distributed in [0, 1), (batch, draws) float64."""
        return np.random.Generator(np.random.Philox(key=[self._seed, step])).random(
            (self._batch_size, self._draws)
        )

    def _batch(self, random: np.ndarray) -> Batch:
        pairs = self._draw_pairs(random[:, :_PAIR_DRAWS])
        batch = assemble(
            self._store.tokens, pairs.first, pairs.first_lengths, pairs.second, pairs.second_lengths,
            self._options.sequence_length, self._vocabulary,
        )  # fmt: skip
        batch |= {"next_sentence": pairs.next_sentence}
        if not self._masks_text:
            return batch
        return batch | mask_tokens(
            batch["token_ids"], random[:, _PAIR_DRAWS:], self._vocabulary, self._options
        )

    def _draw_pairs(self, random: np.ndarray) -> _Pairs:
        """Chooses A and B of every row; random is (batch, 9)."""
        room = self._room(random[:, 0], random[:, 1])
        document, start, end = self._draw_run(random[:, 2], room)
        cut = self._cut(start, end, random[:, 3])  # token where A ends
        starts = self._store.sentence_starts
        chunk = starts[start], starts[end]
        other, other_end = self._draw_other(random[:, 4], document, chunk, room - (cut - chunk[0]))
        is_random = ((random[:, 5] < 0.5) | (cut == chunk[1])) & (other_end > other)
        second = np.where(is_random, other, cut)
        lengths = cut - chunk[0], np.where(is_random, other_end, chunk[1]) - second
        kept = balanced_lengths(*lengths, room)
        # What does not fit comes off both ends, a random share of it off the front.
        skipped = [
            ((length - keep + 1) * draw).astype(np.int64)
            for length, keep, draw in zip(lengths, kept, (random[:, 6], random[:, 7]), strict=True)
        ]
        return _Pairs(
            first=chunk[0] + skipped[0],
            first_lengths=kept[0],
            second=second + skipped[1],
            second_lengths=kept[1],
            next_sentence=is_random.astype(np.int32),
        )

    def _room(self, is_short: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Tokens of A and B together: what fits, or for short examples 2 to that, evenly."""
        full = self._options.sequence_length - _MARKS
        short = 2 + (length * (full - 1)).astype(np.int64)
        return np.where(is_short < self._options.short_sequence_rate, short, full)

    def _draw_run(self, random: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A document, and consecutive sentences of it that fill the room where it is long enough."""
        total = int(self._documents.token_ends[-1])
        return self._run_at((random * total).astype(np.int64), room)

    def _run_at(self, position: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Document, first sentence and sentence behind the last one of the run at a token of the split.

        The positions of a document are squeezed into those that leave enough room before its end, so every
        part of a long document is equally likely and a short one is taken from its start.
        """
        documents = self._documents
        document = np.searchsorted(documents.token_ends, position, side="right")
        before = np.where(document > 0, documents.token_ends[document - 1], 0)
        length = documents.token_ends[document] - before
        spare = np.maximum(length - room, 0)
        token = documents.first_token[document] + (position - before) * spare // length
        starts = self._store.sentence_starts
        start = np.searchsorted(starts, token, side="right") - 1
        end = np.searchsorted(starts, starts[start] + room, side="left")
        return document, start, np.minimum(end, documents.last_sentence[document])

    def _cut(self, start: np.ndarray, end: np.ndarray, random: np.ndarray) -> np.ndarray:
        """Token where A ends: before any sentence but the first, or inside of a single sentence."""
        starts = self._store.sentence_starts
        sentence = start + 1 + (random * (end - start - 1)).astype(np.int64)
        tokens = starts[end] - starts[start]
        inside = starts[start] + 1 + (random * (tokens - 1)).astype(np.int64)
        cut: np.ndarray = np.where(end - start > 1, starts[sentence], np.minimum(inside, starts[end]))
        return cut

    def _draw_other(
        self, random: np.ndarray, document: np.ndarray, chunk: tuple[np.ndarray, np.ndarray], room: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """First token and end of a run outside of the row's document; empty where nothing is outside."""
        ends = self._documents.token_ends
        starts = self._store.sentence_starts
        if len(self._documents) == 1:
            return self._draw_elsewhere(random, chunk, room)
        before = np.where(document > 0, ends[document - 1], 0)
        length = ends[document] - before
        position = (random * (ends[-1] - length)).astype(np.int64)
        position += np.where(position >= before, length, 0)
        _, start, end = self._run_at(position, np.maximum(room, 1))
        return starts[start], starts[end]

    def _draw_elsewhere(
        self, random: np.ndarray, chunk: tuple[np.ndarray, np.ndarray], room: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Does what `_draw_other` does for a single document: a run before or after the row's own chunk."""
        first = int(self._documents.first_token[0])
        last = first + int(self._documents.token_ends[-1])
        taken = chunk[1] - chunk[0]
        token = first + (random * (last - first - taken)).astype(np.int64)
        behind = token >= chunk[0]
        token = np.where(behind, np.minimum(token + taken, last - 1), token)
        starts = self._store.sentence_starts
        start = starts[np.searchsorted(starts, token, side="right") - 1]
        end = np.minimum(start + np.maximum(room, 1), np.where(behind, last, chunk[0]))
        return start, np.where(taken == last - first, start, end)
