"""Pieces are cut to fit and laid out as an encoder reads them."""

import numpy as np
import pytest

from mbert_cli.text.rows import assemble, balanced_lengths
from mbert_cli.text.vocabulary import RESERVED, Vocabulary

VOCABULARY = Vocabulary((*RESERVED, *(f"t{i}" for i in range(5, 40))))
CLS, SEP = VOCABULARY.cls_id, VOCABULARY.sep_id
IDS = np.arange(5, 40)


@pytest.mark.parametrize("room", [2, 3, 7, 8])
def test_lengths_equal_those_of_popping_single_tokens(room):
    firsts, seconds = (grid.ravel() for grid in np.meshgrid(np.arange(12), np.arange(12)))
    got = np.stack(balanced_lengths(firsts, seconds, room), axis=-1)
    for first, second, result in zip(firsts, seconds, got, strict=True):
        while first + second > room:
            if first > second:
                first -= 1
            else:
                second -= 1
        assert result.tolist() == [first, second]


def test_pair_has_marks_segments_and_padding():
    batch = assemble(
        IDS, np.array([0, 10]), np.array([2, 1]), np.array([20, 30]), np.array([3, 1]), 9, VOCABULARY
    )
    np.testing.assert_array_equal(
        batch["token_ids"],
        [[CLS, 5, 6, SEP, 25, 26, 27, SEP, 0], [CLS, 15, SEP, 35, SEP, 0, 0, 0, 0]],
    )
    np.testing.assert_array_equal(
        batch["segment_ids"], [[0, 0, 0, 0, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0, 0, 0, 0]]
    )
    np.testing.assert_array_equal(
        batch["padding_mask"], [[1, 1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0, 0, 0, 0]]
    )
    assert {array.dtype for array in batch.values()} == {np.dtype(np.int32)}


def test_single_text_has_one_segment():
    zero = np.zeros(2, np.int64)
    batch = assemble(IDS, np.array([0, 0]), np.array([3, 0]), zero, zero, 5, VOCABULARY, pair=False)
    np.testing.assert_array_equal(batch["token_ids"], [[CLS, 5, 6, 7, SEP], [CLS, SEP, 0, 0, 0]])
    np.testing.assert_array_equal(batch["segment_ids"], np.zeros((2, 5)))
    np.testing.assert_array_equal(batch["padding_mask"], [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
