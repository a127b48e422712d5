"""Rows with what a teacher said of them: batches as before, and the arrays of the same rows beside them."""

import numpy as np
import pytest

from mbert_cli.distill.taught_rows import TaughtRows
from mbert_cli.examples.batches import TaskBatches


def test_a_batch_has_what_was_said_of_its_own_rows(record_all, number_rows):
    rows = number_rows([3, 8, 5, 8, 2])
    batches = TaskBatches(TaughtRows(rows, record_all(rows)), 2, dynamic_length=True)
    plain = TaskBatches(rows, 2, dynamic_length=True)
    for step in range(2 * batches.steps_per_epoch):
        batch, without = batches(step), plain(step)
        assert batch.keys() - without.keys() == {"teacher_logits", "teacher_hidden_1"}
        for name, array in without.items():
            np.testing.assert_array_equal(batch[name], array)
        np.testing.assert_array_equal(batch["teacher_logits"][:, 0], batch["token_ids"][:, 0])
        assert batch["teacher_hidden_1"].shape == (*batch["token_ids"].shape, 3)


def test_a_recording_with_a_part_missing_is_not_learned_from(open_recording, number_rows):
    rows = number_rows([3, 8])
    with pytest.raises(ValueError, match="Received: 1 missing"):
        TaughtRows(rows, open_recording(rows))
