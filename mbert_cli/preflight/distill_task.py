"""What `mbert distill --strategy task` needs: a fine-tuned teacher, a student that fits it, and the teacher's task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training
from mbert_cli.distill.layer_map import HeadMatch, describe_places, map_places, match_heads, with_smoke_heads
from mbert_cli.distill.options import CacheOptions
from mbert_cli.distill.recordings import recordings_folder
from mbert_cli.distill.strategies.task import TaskStudent, outer_layers, require_losses, task_stages
from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.preflight.finetune import with_learning_rate
from mbert_cli.preflight.hosts import look_at_division
from mbert_cli.preflight.inputs import look_at_length, look_at_model, recorded_input, with_found
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.preflight.machine import look_at_extras, look_at_training
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.task import largest_batch, look_at_task, network_for
from mbert_cli.preflight.vocabulary import require_shared_vocabulary
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import TaskDistillRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.lineage import PRETRAINED, TASK_MODELS
from mbert_cli.shell_words import path_word
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.label_order import TEACHING, match_outputs
from mbert_cli.tasks.model import require_head
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_model import RunModel

STUDENT_SOURCES = (*PRETRAINED, *(kind for kind in TASK_MODELS if kind not in PRETRAINED))
"""Kinds of runs that a student may start from."""


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe, with the runs that it works on and the learning rate written down.
        teacher: The teacher's run.
        source: The run that the student starts from; None where it is drawn anew.
        size: The student's encoder.
        places: For each place of the student the teacher's that it learns from.
        heads: How attention is compared.
        inputs: The runs under the keys which name them.
        options: The recipe section of the task.
        task: The task; None where it does not come from files, and is read by the command.
        columns: The teacher's output for each of the task's; None with the task.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[TaskDistillRecipe]
    recipe: TaskDistillRecipe
    teacher: RunModel
    source: RunModel | None
    size: Architecture
    places: Sequence[int]
    heads: HeadMatch
    inputs: Mapping[str, Run]
    options: AnyTask
    task: TaskData | None
    columns: tuple[int, ...] | None
    contents: Contents | None


def resolve(invocation: Invocation[TaskDistillRecipe], inspection: Inspection) -> Ready:
    """Looks at teacher, student, task, labels, lengths, layers, run and machine."""
    recipe = invocation.recipe
    teacher = look_at_model(
        inspection, invocation, recipe.teacher, "teacher", TASK_MODELS, _require_task_model
    )
    source = _look_at_source(inspection, invocation)
    size = _look_at_size(source, recipe)
    _look_at_fit(inspection, recipe, teacher, source, size)
    if invocation.smoke and teacher.found and size.found:
        transfer = with_smoke_heads(recipe.distill, teacher.found.description.size, size.found)
        recipe = recipe.model_copy(update={"distill": transfer})
    places = inspection.look("layers", lambda: _map_layers(recipe, teacher.value, size.value))
    options: Looked[AnyTask] = Looked(recipe.task)
    if recipe.task is None:
        options = inspection.look("task", lambda: _refuse(teacher.value))
    heads = inspection.look("heads", lambda: _match_heads(recipe, teacher.value, size.value))
    task, columns = _look_at_task(inspection, recipe, teacher)
    inputs = {
        key: looked.found.run for key, looked in (("teacher", teacher), ("source", source)) if looked.found
    }
    recipe = with_found(recipe, inputs)
    contents: Looked[Contents | None] = Looked(None)
    if size.found:
        recipe = with_learning_rate(recipe, size.found)
        contents = look_at_run(inspection, invocation, recipe, inputs)
    if size.found and teacher.found:
        _look_at_machine(inspection, invocation.directory, recipe, size.found, teacher.found, task.found)
    inspection.look("cache", lambda: _find_folder(recipe.cache))
    look_at_extras(inspection, recipe.train)
    return Ready(
        invocation, recipe, teacher.value, source.value, size.value, places.value, heads.value, inputs,
        options.value, task.value, columns.value, contents.value,
    )  # fmt: skip


def _require_task_model(model: RunModel) -> None:
    require_head(model.description, model.path)
    if model.description.embedding:
        raise UserError(
            f"A teacher of a task answers it. Received: {model.path}, whose texts become vectors",
            f"Fine-tune it first: `mbert finetune --source {path_word(model.path)}`. "
            "On texts without a task it teaches as it is, with --strategy general.",
        )


def _look_at_source(
    inspection: Inspection, invocation: Invocation[TaskDistillRecipe]
) -> Looked[RunModel | None]:
    named = invocation.recipe.source or recorded_input(invocation, "source")
    if named is None:
        return Looked(None)
    looked = look_at_model(inspection, invocation, named, "source", STUDENT_SOURCES)
    return Looked(looked.found, looked.failure)


def _look_at_size(source: Looked[RunModel | None], recipe: TaskDistillRecipe) -> Looked[Architecture]:
    if source.failure is not None:
        return Looked(failure=source.failure)
    return Looked(source.found.description.size if source.found else recipe.model.resolve())


def _look_at_fit(
    inspection: Inspection,
    recipe: TaskDistillRecipe,
    teacher: Looked[RunModel],
    source: Looked[RunModel | None],
    size: Looked[Architecture],
) -> None:
    """Whether both read the same tokens, and as many as the task has."""
    if source.found:
        student = source.found
        inspection.look("vocabularies", lambda: _compare_vocabularies(teacher.value, student))
    if recipe.task is None:
        return
    length = recipe.task.sequence_length
    look_at_length(inspection, "sequence length, student", length, lambda: size.value)
    look_at_length(inspection, "sequence length, teacher", length, lambda: teacher.value.description.size)


def _compare_vocabularies(teacher: RunModel, student: RunModel) -> tuple[str, None]:
    require_shared_vocabulary(teacher, student)
    return "equal in teacher and student", None


def _map_layers(
    recipe: TaskDistillRecipe, teacher: RunModel, size: Architecture
) -> tuple[str, Sequence[int]]:
    if not recipe.distill.intermediate_epochs:
        return "not compared", range(size.num_layers + 1)
    require_losses(recipe.distill)
    places = map_places(teacher.description.size, size, recipe.distill)
    return describe_places(places), places


def _match_heads(recipe: TaskDistillRecipe, teacher: RunModel, size: Architecture) -> tuple[str, HeadMatch]:
    if not recipe.distill.intermediate_epochs:
        return "not compared", HeadMatch()
    heads = match_heads(teacher.description.size, size, recipe.distill)
    return str(heads), heads


def _look_at_task(
    inspection: Inspection, recipe: TaskDistillRecipe, teacher: Looked[RunModel]
) -> tuple[Looked[TaskData | None], Looked[tuple[int, ...] | None]]:
    """The task, and the teacher's output for each of its labels."""
    task = look_at_task(inspection, recipe.task, recipe.loss) if recipe.task else Looked[TaskData | None]()
    if task.found is None:
        return task, Looked()
    data = task.found

    def match() -> tuple[str, tuple[int, ...] | None]:
        columns = match_outputs(data, teacher.value.description, str(teacher.value.path), TEACHING)
        is_moved = columns != tuple(range(len(columns)))
        return "the teacher's, in another order" if is_moved else "the teacher's", columns

    return task, inspection.look("labels", match)


def _find_folder(options: CacheOptions) -> tuple[str, None]:
    """Where what the teacher says is kept."""
    if not options.budget_gigabytes:
        return "nothing is kept of what the teacher says", None
    folder = recordings_folder(options.folder)
    return f"{folder or 'a temporary folder'}, for up to {options.budget_gigabytes:g} GB", None


def _refuse(teacher: RunModel) -> tuple[str, AnyTask]:
    raise UserError(
        "A distillation on a task needs the examples of its teacher's task. "
        f"Received: no task, for {teacher.path}, which does not say where its own are",
        f"Name a task of its kind: --set {kind_of(teacher.description.kind).settings}.",
    )


def _look_at_machine(
    inspection: Inspection,
    run: Path,
    recipe: TaskDistillRecipe,
    size: Architecture,
    teacher: RunModel,
    task: TaskData | None,
) -> None:
    """Disk and memory for teacher, student and projections, for the longest text that is known."""
    if recipe.task is None:
        return
    options, theirs = recipe.train, teacher.description.size
    networks = [network_for(task, one, teacher.description.vocabulary.size) for one in (size, theirs)]
    plan = _stages(recipe, networks[0])
    rows, length = largest_batch(
        task, options.batch_size, recipe.task.sequence_length, options.dynamic_length
    )
    training = Training(
        "student",
        networks[0],
        rows,
        {length: 1.0},
        teacher=networks[1] if any(stage.compare for stage in plan) else None,
        sharing=recipe.distill.projections,
        repeats_blocks=options.rematerialize,
    )
    division = recipe.hosts.model_parallel
    look_at_division(inspection, division, {"the student": size, "the teacher": theirs})
    look_at_training(inspection, run, training, plan, options, model_parallel=division)


def _stages(recipe: TaskDistillRecipe, network: Network) -> list[Stage]:
    """The stages as far as room depends on them: whichever places of the teacher they compare, for however long."""
    size, options = network.size, recipe.distill
    layers = outer_layers(size, network.task_head or CLASSIFIER)
    student = TaskStudent(range(size.num_layers + 1), "labels", layers)
    steps = {"intermediate_steps": options.intermediate_epochs, "prediction_steps": 1}
    return task_stages(options, student, recipe.train.optimizer, **steps)
