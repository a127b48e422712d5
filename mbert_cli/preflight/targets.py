"""The task models that a verb works on: runs and artifacts, opened once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mbert_cli.model.options import AS_IMPORTED
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.tasks.chosen_client import with_chosen_client
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel, find_target, open_task_model
from mbert_cli.tasks.row_length import refuse_batch_size, with_chosen_length


def find_targets(invocation: Invocation[Any]) -> Sequence[Path]:
    """What the command names, else the newest complete `finetune` run; raises as `find_target`."""
    first = find_target(invocation)
    return invocation.targets or (first,)


def look_at_models(
    inspection: Inspection,
    invocation: Invocation[Any],
    batch_size_key: str | None = None,
    find: Callable[[Invocation[Any]], Sequence[Path]] = find_targets,
) -> Looked[list[TaskModel]]:
    """Opens the models that a command works on, with rows as long as it wants them.

    Args:
        inspection: Receives what is found.
        invocation: The command.
        batch_size_key: The key of the recipe that sets the batch size, which artifacts do not take.
        find: Returns the runs and artifacts.
    """

    def check() -> tuple[str, list[TaskModel]]:
        targets = find(invocation)
        if batch_size_key is not None:
            refuse_batch_size(invocation, batch_size_key, targets)
        models = [opened_model(path, invocation) for path in targets]
        return "; ".join(map(described, models)), models

    return inspection.look("task model", check)


def opened_model(path: Path, invocation: Invocation[Any]) -> TaskModel:
    """A run or an artifact as a command wants it.

    Raises:
        UserError: It is neither, or cannot be as it is wanted.
    """
    embedding = getattr(invocation.recipe, "embedding", AS_IMPORTED)
    model = with_chosen_client(open_task_model(path, embedding), invocation)
    return with_chosen_length(model, invocation)


def described(model: TaskModel) -> str:
    """A model in words: `runs/sst2: labels negative, positive`."""
    if model.description.embedding:
        return f"{model.path}: vectors of {model.description.size.hidden_dim}, {model.description.embedding}"
    what = "labels" if kind_of(model.description.kind).has_labels else "outputs"
    return f"{model.path}: {what} {', '.join(model.description.output_names or ())}"
