"""What `mbert eval` needs: task models, and a task to score them on."""

from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.preflight.cluster import look_at_cluster
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.targets import look_at_models
from mbert_cli.preflight.task import look_at_task
from mbert_cli.recipe.contents import input_files
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import EvalRecipe
from mbert_cli.runs.listing import FINAL
from mbert_cli.runs.manifest import MANIFEST
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe.
        models: The models, in the order in which they are named; where the task was read, with their outputs in the
            order of its labels.
        options: The recipe section of the task that they are scored on.
        task: The task; None where it does not come from files, or test sets are answered.
    """

    invocation: Invocation[EvalRecipe]
    recipe: EvalRecipe
    models: Sequence[TaskModel]
    options: AnyTask
    task: TaskData | None


def resolve(invocation: Invocation[EvalRecipe], inspection: Inspection) -> Ready:
    """Looks at models and task."""
    recipe = invocation.recipe
    if invocation.submission:
        _refuse_other_sets(invocation)
    models = look_at_models(inspection, invocation, "evaluate.batch_size")
    first = models.found[0].description.task if models.found else None
    options = recipe.task or first
    task = None
    if models.found and models.found[0].description.embedding and isinstance(options, ImportedTask):
        inspection.look("task", lambda: _refuse_no_pairs(models.value[0]))
    elif options and not invocation.submission:
        task = look_at_task(inspection, options, split=recipe.evaluate.split)
    found = models.value
    if task and (data := task.found):
        found = inspection.look("labels", lambda: _answering(found, data)).value
    if not invocation.submission:
        files = [
            path / FINAL / MANIFEST if path.is_dir() else path for path in (model.path for model in found)
        ]
        look_at_cluster(inspection, invocation, recipe.cluster, [*files, *input_files(recipe)])
    return Ready(invocation, recipe, found, recipe.task or found[0].own_task, task.value if task else None)


def _answering(models: list[TaskModel], task: TaskData) -> tuple[str, list[TaskModel]]:
    return ", ".join(task.output_names), [model.answering(task) for model in models]


def _refuse_no_pairs(model: TaskModel) -> tuple[str, None]:
    raise UserError(
        "Vectors are scored on pairs of texts with a number that says how alike they are. "
        f"Received: no task, for {model.path}",
        f"Name one: --set {kind_of(model.description.kind).settings}, or a file of pairs with task.source=file, "
        "task.kind=regression, task.train, task.validation, task.second_text and task.label.",
    )


def _refuse_other_sets(invocation: Invocation[EvalRecipe]) -> None:
    """Refuses the choice of a set where the leaderboard's are answered."""
    for key in ("evaluate.split", "evaluate.max_examples"):
        if invocation.loaded.origins.get(key) == "--set":
            raise UserError(
                f"A submission answers the whole of the test sets. Received: {key} beside --submission",
                f"Leave {key} out.",
            )
