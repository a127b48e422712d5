"""How long the rows of a task model are, where a command chooses."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbert_cli.errors import UserError
from mbert_cli.model.sequence_length import require_length
from mbert_cli.recipe.idle_keys import UNTYPED
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.runs.artifacts import ARTIFACT
from mbert_cli.tasks.model import TaskModel

if TYPE_CHECKING:
    from mbert_cli.tflite.interpreter import Artifact

LENGTH_KEY = "task.sequence_length"
NOT_CHOSEN = (None, *UNTYPED)
"""Origins of a value that nobody typed for this command: the model's own length counts."""


def chosen_length(invocation: Invocation[Any]) -> int | None:
    """What `task.sequence_length` says, if it was set in the recipe or on the command line."""
    if invocation.loaded.origins.get(LENGTH_KEY) in NOT_CHOSEN:
        return None
    length: int = invocation.recipe.task.sequence_length
    return length


def refuse_batch_size(invocation: Invocation[Any], key: str, targets: Sequence[Path]) -> None:
    """Refuses a batch size that was typed where no run is there to take it; a recipe may have one for its runs.

    Args:
        invocation: The command.
        key: The key of the verb's recipe.
        targets: What the verb works on.

    Raises:
        UserError: All of them are artifacts, which take one example at a time.
    """
    if invocation.loaded.origins.get(key) != "--set" or any(path.suffix != ARTIFACT for path in targets):
        return
    raise UserError(
        f"An artifact takes one example at a time. Received: {key} for {', '.join(map(str, targets))}",
        f"Leave {key} out.",
    )


def with_chosen_length(model: TaskModel, invocation: Invocation[Any]) -> TaskModel:
    """The model with rows as long as the command wants them.

    Raises:
        UserError: It is an artifact without such a length, or the position table is shorter.
    """
    wanted = chosen_length(invocation)
    if wanted is None:
        return model
    if model.artifact is not None:
        return _with_one_length(model, model.artifact, wanted)
    require_length(wanted, model.description.size, LENGTH_KEY)
    return replace(model, sequence_length=wanted)


def _with_one_length(model: TaskModel, artifact: "Artifact", wanted: int) -> TaskModel:
    lengths = artifact.lengths
    if wanted not in lengths:
        known = " or ".join(map(str, lengths))
        other = f"Set {LENGTH_KEY} to one of these" if len(lengths) > 1 else f"Leave {LENGTH_KEY} out"
        raise UserError(
            f"An artifact reads the {known} tokens that it was exported with. "
            f"Received: {LENGTH_KEY} {wanted} for {model.path}",
            f"{other}, or export one of this length: `mbert export-tflite RUN --length {wanted}`.",
        )
    return model.with_artifact(artifact.at(wanted))
