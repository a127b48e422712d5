"""Rows of a batch that are computed apart have the random numbers of the whole."""

import keras
import numpy as np

from mbert_cli.model.dense import Dropout, LayerWithParts
from mbert_cli.model.own_rows import OwnRows, computing, draw_rows


def test_parts_draw_what_the_whole_does():
    whole = np.arange(24.0).reshape(6, 4)
    parts = []
    for index in range(3):
        with computing(OwnRows(index, 3)):
            parts.append(draw_rows(lambda shape: whole[: shape[0]], (2, 4)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(draw_rows(lambda shape: whole[: shape[0]], (2, 4)), whole[:2])


def test_dropout_keeps_the_values_of_a_part_that_it_keeps_of_the_whole():
    def kept(rows: int) -> np.ndarray:
        dropout = Dropout(LayerWithParts(seed=3, name="layer"), "dropout", 0.5)
        return keras.ops.convert_to_numpy(dropout(np.ones((rows, 6), "float32"), training=True))

    whole = kept(4)
    with computing(OwnRows(1, 2)):
        np.testing.assert_array_equal(kept(2), whole[2:])
    assert 0 < (whole == 0).sum() < whole.size
