"""The parts of a batch that others rely on."""

import numpy as np

from mbert_cli.data.batch import INPUT_KEYS, PRETRAINING_KEYS, TASK_KEYS, rows_of


def test_both_kinds_of_batch_begin_with_the_inputs_of_an_encoder():
    assert PRETRAINING_KEYS[:3] == TASK_KEYS[:3] == INPUT_KEYS


def test_workers_share_out_the_rows_of_one_batch():
    batch = {"labels": np.arange(5)}
    np.testing.assert_array_equal(rows_of(batch, 0, 2)["labels"], [0, 2, 4])
    np.testing.assert_array_equal(rows_of(batch, 1, 2)["labels"], [1, 3])
