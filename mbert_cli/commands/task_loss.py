"""What a fine-tuning minimises: the loss of the task's kind, with factors for rare labels."""

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.batches import Rows
from mbert_cli.examples.texts import TaskData
from mbert_cli.losses.options import LossOptions
from mbert_cli.losses.tasks import TASK_LOSSES, TaskLoss
from mbert_cli.losses.weights import balanced_weights, require_factors


def task_loss(options: LossOptions, task: TaskData, rows: Rows) -> TaskLoss:
    """The loss of a task with the factors that a recipe wants.

    Args:
        options: The loss section of the recipe.
        task: The task.
        rows: Its training examples, from whose labels balanced weights follow.

    Raises:
        UserError: The task has no labels, or another number of them than there are factors.
    """
    loss = TASK_LOSSES[task.kind]
    if options == LossOptions():
        return loss
    if not loss.is_weighted:
        raise UserError(
            "loss.class_weights and loss.focal_gamma are for tasks with labels. "
            f"Received: {task.name}, a task of {task.kind.replace('_', ' ')}",
            "Leave the loss section out.",
        )
    require_factors(options, task)
    weights = options.class_weights
    if weights == "balanced":
        weights = balanced_weights(rows.labels, len(task.labels))
    if weights is not None:
        named = ", ".join(f"{label} {weight:.3g}" for label, weight in zip(task.labels, weights, strict=True))
        console.info(f"class weights: {named}")
        weights = [float(weight) for weight in weights]
    return loss.with_factors(weights, options.focal_gamma)
