"""What `mbert predict` needs: a task model."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.targets import look_at_models
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.runs.artifacts import ARTIFACT
from mbert_cli.tasks.model import TaskModel


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe.
        model: The model that is asked.
    """

    invocation: Invocation[PredictRecipe]
    recipe: PredictRecipe
    model: TaskModel


def _refuse_text(target: Path) -> None:
    """Checks that what stands for a run is no text: one of several words that is the name of nothing."""
    if len(str(target).split()) > 1 and not target.exists() and target.suffix != ARTIFACT:
        raise UserError(
            f"`mbert predict` takes a run or a .tflite file; what it reads must be named by a flag. Received: {target}",
            f"--text {shlex.quote(str(target))}",
        )


def resolve(invocation: Invocation[PredictRecipe], inspection: Inspection) -> Ready:
    """Looks at the model."""
    if invocation.targets:
        _refuse_text(invocation.targets[0])
    models = look_at_models(inspection, invocation, "batch_size")
    return Ready(invocation, invocation.recipe, models.value[0])
