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


def _refuse_text(target: Path, reads_texts: bool) -> None:
    """Checks that what stands for a run is no text: the name of nothing, of several words or of no folder.

    Args:
        target: What was typed.
        reads_texts: Whether a flag says what is read, so that one word is a run that was misspelt.
    """
    has_words = len(str(target).split()) > 1
    is_text = has_words or (len(target.parts) == 1 and not reads_texts)
    if is_text and not target.exists() and target.suffix != ARTIFACT:
        typed = f"--text {shlex.quote(str(target))}"
        raise UserError(
            f"`mbert predict` takes a run or a .tflite file; what it reads must be named by a flag. Received: {target}",
            typed if has_words else f"{typed}, or name a run: `mbert runs` lists them.",
        )


def resolve(invocation: Invocation[PredictRecipe], inspection: Inspection) -> Ready:
    """Looks at the model."""
    if invocation.targets:
        reads_texts = bool(invocation.texts or invocation.file or invocation.questions)
        _refuse_text(invocation.targets[0], reads_texts)
    models = look_at_models(inspection, invocation, "batch_size")
    return Ready(invocation, invocation.recipe, models.value[0])
