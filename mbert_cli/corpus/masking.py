"""Which tokens of a batch are predicted, and what stands in their place."""

import numpy as np

from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.text.batch import Batch
from mbert_cli.text.vocabulary import Vocabulary

MASK_RATE = 0.8
KEEP_RATE = 0.1


def mask_tokens(
    token_ids: np.ndarray, random: np.ndarray, vocabulary: Vocabulary, options: PretrainingOptions
) -> Batch:
    """Masks tokens as BERT does; the marks, padding and a `[MASK]` of the text itself are never masked.

    As many tokens are predicted as `masking_rate` of the row's tokens, the three marks counted, rounded, at
    least one and at most `max_predictions`. 80 % of them become `[MASK]`, 10 % stay, 10 % become any
    ordinary token.

    Args:
        token_ids: (batch, length) int32. Not changed.
        random: (batch, length + 2 * predictions) float64 in [0, 1).
        vocabulary: Knows the marks, the pieces that continue words, and the ordinary tokens.
        options: Rate, maximum and whole-word masking.

    Returns:
        `token_ids` with masks, and `masked_positions`, `masked_ids` and `masked_weights`.
    """
    length, slots = token_ids.shape[1], options.max_predictions
    is_mark = np.isin(token_ids, (vocabulary.cls_id, vocabulary.sep_id, vocabulary.mask_id))
    is_real = token_ids != vocabulary.pad_id
    candidates = is_real & ~is_mark
    budget = np.rint(is_real.sum(axis=1) * options.masking_rate).astype(np.int64)
    budget = np.clip(budget, 1, np.minimum(slots, candidates.sum(axis=1)))  # (batch,)
    choose = _choose_words if options.whole_word_masking else _choose_tokens
    positions, used = choose(
        random[:, :length], candidates, budget, slots, vocabulary.is_continuation[token_ids]
    )
    originals = np.take_along_axis(token_ids, positions, axis=1)
    return {
        "token_ids": _replace(token_ids, positions, used, random[:, length:], vocabulary),
        "masked_positions": np.where(used, positions, 0).astype(np.int32),
        "masked_ids": np.where(used, originals, 0).astype(np.int32),
        "masked_weights": used.astype(np.float32),
    }


def _choose_tokens(
    random: np.ndarray, candidates: np.ndarray, budget: np.ndarray, slots: int, _: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The candidates with the smallest numbers: ascending positions and used slots, (batch, slots) each."""
    order = np.argsort(np.where(candidates, random, 2.0), axis=1)
    return _first_slots(order, np.arange(order.shape[1]) < budget[:, None], slots)


def _choose_words(
    random: np.ndarray, candidates: np.ndarray, budget: np.ndarray, slots: int, continues: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whole words in random order; one that does not fit in what is left of the budget is passed over.

    A row in which no word fits takes the first pieces of its first word.
    """
    rows, length = random.shape
    column = np.arange(length)
    begins = candidates & ~(continues & np.roll(candidates, 1, axis=1))
    head = np.maximum.accumulate(np.where(begins, column, 0), axis=1)  # column of each piece's first one
    word_random = np.where(candidates, np.take_along_axis(random, head, axis=1), 2.0)
    order = np.argsort(word_random, axis=1, kind="stable")  # pieces of a word stay together
    sizes = np.zeros((rows, length), np.int64)
    np.add.at(sizes, (np.arange(rows)[:, None], head), candidates)
    sorted_head = np.take_along_axis(head, order, axis=1)
    is_first = np.take_along_axis(begins, order, axis=1)
    sorted_size = np.take_along_axis(sizes, sorted_head, axis=1)
    left = budget.copy()
    taken = np.zeros((rows, length), bool)  # by sorted column
    current = np.zeros(rows, bool)
    for index in range(length):  # over the columns; all rows at once
        size = sorted_size[:, index]
        first = is_first[:, index]
        current = np.where(first, size <= left, current)
        left = left - np.where(first & current, size, 0)
        taken[:, index] = current
    taken &= np.take_along_axis(candidates, order, axis=1)
    nothing = ~taken.any(axis=1)
    taken[nothing] = column < budget[nothing, None]
    return _first_slots(order, taken, slots)


def _first_slots(order: np.ndarray, taken: np.ndarray, slots: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions that are taken, ascending, in the first slots of each row."""
    length = order.shape[1]
    positions = np.sort(np.where(taken, order, length), axis=1)[:, :slots]
    if slots > length:
        positions = np.pad(positions, ((0, 0), (0, slots - length)), constant_values=length)
    used = positions < length
    return np.where(used, positions, 0), used


def _replace(
    token_ids: np.ndarray, positions: np.ndarray, used: np.ndarray, random: np.ndarray, vocabulary: Vocabulary
) -> np.ndarray:
    slots = positions.shape[1]
    kind, which = random[:, :slots], random[:, slots:]
    ordinary = vocabulary.ordinary_ids
    others = ordinary[(which * len(ordinary)).astype(np.int64)]
    originals = np.take_along_axis(token_ids, positions, axis=1)
    new = np.where(
        kind < MASK_RATE, vocabulary.mask_id, np.where(kind < MASK_RATE + KEEP_RATE, originals, others)
    )
    result = token_ids.copy()
    row, slot = np.nonzero(used)
    result[row, positions[row, slot]] = new[row, slot]
    return result
