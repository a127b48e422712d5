"""Texts and their words -> rows in which words are masked, for a masked LM to fill."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.words import Word
from mbert_cli.text.batch import Batch
from mbert_cli.text.rows import assemble
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.text.wordpiece import Tokenizer


@dataclass(frozen=True)
class PlacedWords:
    """The words of one piece in some texts.

    Attributes:
        ids: (tokens,) int32 ids of all texts, one after the other.
        starts: (texts + 1,) Where each text starts in them, and the last one ends.
        texts: (words,) The text of each word.
        firsts: (words,) Its first character there.
        tokens: (words,) Its place among all ids.
    """

    ids: np.ndarray
    starts: np.ndarray
    texts: np.ndarray
    firsts: np.ndarray
    tokens: np.ndarray


@dataclass(frozen=True)
class MaskedRow:
    """A text, or a window of a longer one, some of whose words are masked.

    Attributes:
        first: Its first token among all ids.
        length: Its tokens.
        words: Which words are masked, indices into `PlacedWords`.
    """

    first: int
    length: int
    words: np.ndarray


def place_words(texts: list[str], words: Sequence[Sequence[Word]], tokenizer: Tokenizer) -> PlacedWords:
    """Finds the words that are one piece of the vocabulary.

    Args:
        texts: The texts.
        words: Those of each text that may be replaced.
        tokenizer: Cuts the texts.
    """
    ids, starts, firsts, ends = tokenizer.encode_with_offsets(texts)
    numbers, characters, tokens = [], [], []
    for number, found in enumerate(words):
        start, end = starts[number], starts[number + 1]
        spans = np.array(found, np.int64).reshape(-1, 2)
        low = np.searchsorted(firsts[start:end], spans[:, 0]) + start
        high = np.searchsorted(firsts[start:end], spans[:, 1]) + start
        alone = high - low == 1
        low, spans = low[alone], spans[alone]
        whole = (firsts[low] == spans[:, 0]) & (ends[low] == spans[:, 1])
        whole &= ids[low] != tokenizer.vocabulary.unknown_id
        numbers.append(np.full(whole.sum(), number))
        characters.append(spans[whole, 0])
        tokens.append(low[whole])
    return PlacedWords(ids, starts, *(_joined(parts) for parts in (numbers, characters, tokens)))


def masked_rows(words: PlacedWords, options: AugmentOptions) -> list[MaskedRow]:
    """Rows in which each word is masked once.

    The words that are masked together stand far from each other: every n-th one.

    Args:
        words: The words.
        options: How long a row may be, and how much of it is masked.
    """
    room = window_length(options)
    rows = []
    bounds = np.searchsorted(words.texts, np.arange(len(words.starts)))
    for number, (start, end) in enumerate(zip(words.starts, words.starts[1:], strict=False)):
        own = np.arange(bounds[number], bounds[number + 1])
        for first, length, inside in _windows(words.tokens, own, int(start), int(end), room):
            masked = max(1, int(options.masked_share * _row_length(length, options)))
            groups = -(-len(inside) // masked)
            rows += [MaskedRow(first, length, inside[group::groups]) for group in range(groups)]
    return rows


def window_length(options: AugmentOptions) -> int:
    """Tokens of a text that a row has room for, beside the marks and the original behind it."""
    return (options.sequence_length - 3) // 2 if options.sees_original else options.sequence_length - 2


def batches(
    words: PlacedWords, rows: list[MaskedRow], options: AugmentOptions, vocabulary: Vocabulary, step: int
) -> Iterator[tuple[Batch, list[np.ndarray]]]:
    """The inputs of a masked LM, rows of like length together.

    Args:
        words: The words.
        rows: The rows.
        options: How many rows are one batch, and whether the original follows.
        vocabulary: Knows the ids of the marks.
        step: Lengths and numbers of masks are multiples of it.

    Yields:
        A batch with `masked_positions`, and the words that are masked in each of its rows, in the order of these.
    """
    order = sorted(range(len(rows)), key=lambda row: (rows[row].length, len(rows[row].words)))
    for start in range(0, len(order), options.batch_size):
        chosen = [rows[row] for row in order[start : start + options.batch_size]]
        yield _batch(words, chosen, options, vocabulary, step), [row.words for row in chosen]


def _batch(
    words: PlacedWords, rows: list[MaskedRow], options: AugmentOptions, vocabulary: Vocabulary, step: int
) -> Batch:
    firsts = np.array([row.first for row in rows])
    lengths = np.array([row.length for row in rows])
    longest = _row_length(int(lengths.max()), options)
    width = min(-(-longest // step) * step, options.sequence_length)
    batch = assemble(
        words.ids, firsts, lengths, firsts, lengths, width, vocabulary, pair=options.sees_original
    )
    most = max(len(row.words) for row in rows)
    positions = np.zeros((len(rows), -(-most // step) * step), np.int32)
    for number, row in enumerate(rows):
        columns = words.tokens[row.words] - row.first + 1  # behind [CLS]
        positions[number, : len(columns)] = columns
        batch["token_ids"][number, columns] = vocabulary.mask_id
    return batch | {"masked_positions": positions}


def _windows(
    tokens: np.ndarray, own: np.ndarray, start: int, end: int, room: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Start, length and words of the windows over one text, each word where most of the text is on both sides."""
    if not len(own):
        return
    if end - start <= room:
        yield start, end - start, own
        return
    firsts = np.append(np.arange(start, end - room, max(1, room // 2)), end - room)
    places = tokens[own, None]
    margins = np.minimum(places - firsts, firsts + room - 1 - places)  # (words, windows)
    best = margins.argmax(axis=1)
    for window in np.unique(best):
        yield int(firsts[window]), room, own[best == window]


def _row_length(length: int, options: AugmentOptions) -> int:
    return 2 * length + 3 if options.sees_original else length + 2


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
