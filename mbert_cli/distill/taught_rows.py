"""Rows of a task with what a teacher said of them, in place of a teacher that runs in every step."""

import numpy as np

from mbert_cli.distill.teacher_outputs import TeacherOutputs
from mbert_cli.examples.batches import Rows
from mbert_cli.text.batch import Batch


class TaughtRows:
    """Rows as `mbert_cli.examples.batches.Rows` describes them, whose batches also hold what a teacher said.

    Only rows that are trained on can be taken: nothing is recorded of others.

    Args:
        rows: The rows of a training set.
        outputs: A recording of them, with no part missing.
    """

    def __init__(self, rows: Rows, outputs: TeacherOutputs) -> None:
        if outputs.missing:
            raise ValueError(f"A recording must be complete. Received: {len(outputs.missing)} missing")
        self.rows = rows
        self.outputs = outputs
        self.sequence_length = rows.sequence_length
        self.labels = rows.labels
        self.tokens = rows.tokens
        self.trained = rows.trained
        self.cut = rows.cut
        self.left_out = rows.left_out

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """The inputs and targets of some rows, and the arrays that are recorded of them, in `length` columns."""
        return self.rows.take(indices, length) | self.outputs.read(indices, length)
