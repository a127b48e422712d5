"""What `mbert finetune` needs: a run to start from, a task that can be read, and room to train."""

from dataclasses import dataclass

from mbert_cli.errors import UserError
from mbert_cli.examples.texts import TaskData
from mbert_cli.page import PRINTED
from mbert_cli.preflight.inputs import (
    look_at_length,
    look_at_model,
    origin_of,
    with_found,
    with_learning_rate,
)
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.machine import look_at_extras, look_at_finetuning
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.task import look_at_task
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.weights.saved_model import RunModel


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe, with the run that it starts from and the learning rate written down.
        source: The run that it starts from.
        task: The task; None where it does not come from files, and is read by the command.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[FinetuneRecipe]
    recipe: FinetuneRecipe
    source: RunModel
    task: TaskData | None
    contents: Contents | None


def resolve(invocation: Invocation[FinetuneRecipe], inspection: Inspection) -> Ready:
    """Looks at source, task, run, length and machine."""
    _refuse_delivery(invocation)
    recipe = invocation.recipe
    key, named, verbs = origin_of(recipe)
    source = look_at_model(inspection, invocation, named, key, verbs)
    length = recipe.task.sequence_length
    look_at_length(inspection, "sequence length", length, lambda: source.value.description.size)
    task = look_at_task(inspection, recipe.task, recipe.loss)
    inputs = {key: source.found.run} if source.found else {}
    recipe = with_found(recipe, inputs)
    contents = look_at_run(inspection, invocation, recipe, inputs)
    if source.found:
        recipe = with_learning_rate(recipe, source.found.description.size)
        look_at_finetuning(inspection, invocation.directory, recipe, source.found.description, task.found)
    look_at_extras(inspection, recipe.train)
    return Ready(invocation, recipe, source.value, task.value, contents.value)


def _refuse_delivery(invocation: Invocation[FinetuneRecipe]) -> None:
    """A fine-tuning without a search has no table that could go elsewhere."""
    if invocation.recipe.search is None and invocation.delivery != PRINTED:
        raise UserError(
            "--format and --out are for the table of a search. Received: a recipe without one",
            "Leave them out; `mbert runs RUN` takes them, for every run.",
        )
