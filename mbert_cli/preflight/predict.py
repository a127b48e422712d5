"""What `mbert predict` needs: a task model."""

from dataclasses import dataclass

from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.targets import look_at_models
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
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


def resolve(invocation: Invocation[PredictRecipe], inspection: Inspection) -> Ready:
    """Looks at the model."""
    models = look_at_models(inspection, invocation, "batch_size")
    return Ready(invocation, invocation.recipe, models.value[0])
