"""What a person is told of a task before a model is trained on it."""

from mbert_cli import console
from mbert_cli.examples.batches import Rows
from mbert_cli.examples.texts import TaskData
from mbert_cli.tasks.kinds import kind_of


def say_task(task: TaskData, rows: Rows) -> None:
    """Says what a task asks for, how many examples it has, and what of them is cut or left out.

    Args:
        task: The task.
        rows: Its training set.
    """
    console.info(
        f"{task.name}: {kind_of(task.kind).summary(task.output_names)}, {len(task.train):,} training and "
        f"{len(task.validation):,} validation examples"
    )
    for note in (*task.notes, *task.train.notes, rows.cut, rows.left_out):
        if note:
            console.info(note)
    for warning in task.warnings:
        console.warning(warning)
