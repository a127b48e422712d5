"""Training rows of a task on which ranges of activations are measured."""

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.batches import real_rows
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.sampling import thin
from mbert_cli.examples.texts import TaskData
from mbert_cli.spread import spread_places
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.batch import Batch

ROWS_AT_ONCE = 32
"""Rows that are encoded at once."""


def calibration_rows(
    model: TaskModel, options: AnyTask, max_examples: int, task: TaskData | None = None
) -> Batch:
    """Rows of the training set, spread evenly.

    Args:
        model: The run's model, as an artifact of the longest length sees a task.
        options: The task's recipe section.
        max_examples: Most of them; a long text of which there are several windows counts for one each.
        task: The task with its training set, where it was read already.

    Returns:
        token_ids, segment_ids and padding_mask, (rows, length) int32.

    Raises:
        UserError: The task cannot be read, or has no training example.
    """
    task = task or load_task(options, "train")
    if not len(task.train):
        raise UserError(
            f"Ranges of activations are measured on training rows. Received: none in {task.name}",
            "Add some, or choose --quantize dynamic_int8, which needs none.",
        )
    encoded = model.answering(task).encode(task, thin(task.train, max_examples), options)
    batches = [real_rows(batch) for batch in model.batches(encoded, ROWS_AT_ONCE).in_order()]
    rows = {
        name: np.concatenate([batch[name] for batch in batches])
        for name in ("token_ids", "segment_ids", "padding_mask")
    }
    chosen = spread_places(len(rows["token_ids"]), max_examples)
    return {name: values[chosen] for name, values in rows.items()}
