"""One or two pieces of token ids -> the inputs of an encoder, for a whole batch at once."""

import numpy as np

from mbert_cli.text.batch import Batch
from mbert_cli.text.vocabulary import Vocabulary


def balanced_lengths(
    first: np.ndarray, second: np.ndarray, room: int | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of two pieces after taking single tokens off the longer one until both fit.

    Args:
        first: (batch,) Tokens of the first piece.
        second: (batch,) Tokens of the second piece.
        room: Tokens that fit, for all rows or (batch,) for each.

    Returns:
        Both lengths, (batch,) each. If both pieces are equally long, the second loses a token first, as in BERT.
    """
    kept = np.minimum(first, np.maximum(room - second, (room + 1) // 2))
    return kept, np.minimum(second, room - kept)


def assemble(
    ids: np.ndarray,
    first: np.ndarray,
    first_lengths: np.ndarray,
    second: np.ndarray,
    second_lengths: np.ndarray,
    sequence_length: int,
    vocabulary: Vocabulary,
    *,
    pair: bool = True,
) -> Batch:
    """Builds `[CLS] A [SEP] B [SEP]`, or `[CLS] A [SEP]` where `pair` is false.

    Args:
        ids: (tokens,) All token ids; pieces are runs of them.
        first: (batch,) Where A starts in `ids`.
        first_lengths: (batch,) Tokens of A.
        second: (batch,) Where B starts in `ids`; unused without pairs.
        second_lengths: (batch,) Tokens of B; 0 without pairs.
        sequence_length: Length of the rows; the pieces and their marks fit.
        vocabulary: Knows the ids of the marks.
        pair: Whether there is a B.

    Returns:
        `token_ids`, `segment_ids` and `padding_mask`, (batch, length) int32.
    """
    column = np.arange(sequence_length)  # (length,)
    first_end = (first_lengths + 1)[:, None]  # (batch, 1), the column of A's [SEP]
    end = first_end + (second_lengths + 1)[:, None] if pair else first_end
    in_first = (column > 0) & (column < first_end)  # (batch, length)
    in_second = (column > first_end) & (column < end)
    source = column + np.where(in_first, (first - 1)[:, None], second[:, None] - first_end - 1)
    inside = in_first | in_second
    token_ids = np.full(inside.shape, vocabulary.pad_id, np.int32)
    token_ids[inside] = ids[source[inside]]
    token_ids[:, 0] = vocabulary.cls_id
    token_ids[(column == first_end) | (column == end)] = vocabulary.sep_id
    real = column <= end
    return {
        "token_ids": token_ids,
        "segment_ids": ((column > first_end) & real).astype(np.int32),
        "padding_mask": real.astype(np.int32),
    }
