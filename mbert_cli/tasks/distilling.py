"""Distillation on a task: a fine-tuned teacher, a student, and how the one learns from the other.

The training itself is that of `mbert_cli.tasks.training`; here is what it is given.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import keras

from mbert_cli import console
from mbert_cli.backend import Tensor
from mbert_cli.display import Display
from mbert_cli.distill.layer_map import HeadMatch
from mbert_cli.distill.pair import DistillationPair
from mbert_cli.distill.projections import build_projections
from mbert_cli.distill.strategies.task import SOFT_TARGETS, TaskStudent, outer_layers, task_stages
from mbert_cli.distill.warm_start import warm_start
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.task_columns import client_of
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.unlabelled_files import unlabelled_patterns
from mbert_cli.hosts.forward import forward_of
from mbert_cli.losses.loss import Loss, measure
from mbert_cli.losses.options import LossOptions
from mbert_cli.losses.tasks import TaskLoss
from mbert_cli.model.heads import with_columns
from mbert_cli.model.options import Architecture
from mbert_cli.recipe.schema import TaskDistillRecipe
from mbert_cli.runs.content import Content
from mbert_cli.runs.lineage import DISTILL_TASK
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.label_order import TEACHING, match_outputs
from mbert_cli.tasks.teacher_outputs import TaughtTask, identify_teacher
from mbert_cli.tasks.training import Material, Method, batches_of, build_task_model, collect, watch_for_chance
from mbert_cli.tasks.unlabelled_rows import with_unlabelled
from mbert_cli.text.batch import Batch
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import RunModel, SavedModel
from mbert_cli.weights.saved_network import load_task_network

TAUGHT_ROWS = 256
"""Rows that a teacher answers to learn how good answering by frequencies alone is."""

_ROWS_AT_ONCE = 32


@dataclass(frozen=True)
class TaskTeacher:
    """A fine-tuned model that teaches a task.

    Attributes:
        network: Its network, with outputs in the order of the task, and what its encoder computes where layers are
            compared.
        identity: A digest of whatever decides what it says.
    """

    network: keras.Model
    identity: str


def collect_for_student(
    task: TaskData, options: AnyTask, loss: LossOptions, teacher: SavedModel, size: Architecture
) -> Material:
    """Encodes the sets of a task for a student, which has the vocabulary of its teacher, and unlabelled text with them.

    Args:
        task: The task.
        options: Its recipe section.
        loss: The loss section of the recipe.
        teacher: The teacher.
        size: The student's encoder.

    Raises:
        UserError: As `collect` and `with_unlabelled`.
    """
    material = collect(task, options, loss, teacher)
    rows = with_unlabelled(
        material.train.rows, task, options, Tokenizer(teacher.vocabulary, client_of(options))
    )
    changes: dict[str, object] = {"verb": DISTILL_TASK, "size": size}
    if unlabelled_patterns(options):
        # Whoever scores the student has no teacher, and need not have these files.
        changes["task"] = options.model_copy(update={"unlabelled": None})
    description = material.description.model_copy(update=changes)
    return replace(material, description=description, train=replace(material.train, rows=rows))


def load_task_teacher(
    saved: RunModel,
    task: TaskData,
    recipe: TaskDistillRecipe,
    content: Content,
    columns: tuple[int, ...] | None = None,
) -> TaskTeacher:
    """Loads a fine-tuned model that answers as a task asks, its labels matched by name with the task's.

    Args:
        saved: The teacher's run.
        task: The task.
        recipe: Says the precision, and what is compared.
        content: What the teacher's run holds.
        columns: Its output for each of the task's, where they were matched before.

    Raises:
        UserError: The teacher answers something else, or knows other labels.
    """
    columns = columns or match_outputs(task, saved.description, str(saved.path), TEACHING)
    network = load_task_network(
        saved,
        kind_of(task.kind).head,
        recipe.train.precision,
        returns_trace=recipe.distill.intermediate_epochs > 0,
        returns_projections=_compares_relations(recipe),
    )
    network = with_columns(network, columns)
    network.trainable = False
    return TaskTeacher(network, identify_teacher(content, columns, recipe.train.precision))


def build_student(
    recipe: TaskDistillRecipe, description: ModelDescription, source: SavedModel | None
) -> keras.Model:
    """The student with the weights of its source, or with fresh ones.

    Args:
        recipe: That of the distillation.
        description: The student.
        source: The run that it starts from; None without one.
    """
    return build_task_model(
        description,
        source,
        recipe.train.precision,
        recipe.seed,
        recipe.dropout_rate,
        returns_trace=recipe.distill.intermediate_epochs > 0,
        returns_projections=_compares_relations(recipe),
    )


def start_from_teacher(recipe: TaskDistillRecipe, student: keras.Model, teacher: keras.Model) -> None:
    """Begins a student that is drawn anew with parts of its teacher's weights, and says which."""
    parts = recipe.distill.warm_start
    report = warm_start(student, teacher, parts)
    for sentence in report.sentences(parts):
        console.info(sentence)


def _compares_relations(recipe: TaskDistillRecipe) -> bool:
    return recipe.distill.intermediate_epochs > 0 and recipe.distill.factors.attention_relations > 0


def plan_task(recipe: TaskDistillRecipe, material: Material, places: Sequence[int]) -> list[Stage]:
    """The stages of a distillation on a task.

    Args:
        recipe: That of the distillation.
        material: What is learned from.
        places: The teacher's place for each place of the student.
    """
    options, train, description = recipe.distill, recipe.train, material.description
    steps_per_epoch = batches_of(train, recipe.seed, material.train).steps_per_epoch
    layers = outer_layers(description.size, kind_of(description.kind).head)
    student = TaskStudent(places, material.loss.minimized, layers)
    return task_stages(
        options,
        student,
        train.optimizer,
        intermediate_steps=min(
            options.intermediate_epochs * steps_per_epoch, options.intermediate_max_steps or sys.maxsize
        ),
        prediction_steps=min(train.epochs * steps_per_epoch, train.max_steps or sys.maxsize),
    )


def project_student(
    recipe: TaskDistillRecipe, plan: Sequence[Stage], student: Architecture, teacher: Architecture
) -> dict[int, keras.layers.Layer]:
    """The projections that the stages need, by the student's place."""
    compared = [comparison for stage in plan for comparison in stage.compare]
    return build_projections(
        compared, teacher.hidden_dim, student.hidden_dim, recipe.seed, recipe.distill.projections
    )


def task_distillation(
    recipe: TaskDistillRecipe,
    plan: Sequence[Stage],
    taught: TaughtTask,
    loss: TaskLoss,
    network: keras.Model,
    projections: Mapping[int, keras.layers.Layer],
    heads: HeadMatch,
) -> Method:
    """Learning from a teacher's layers and answers, and from the labels as far as the recipe wants it.

    Args:
        recipe: That of the distillation.
        plan: The stages.
        taught: The teacher and what it teaches.
        loss: That of the task.
        network: The student.
        projections: By the student's place.
        heads: How attention is compared.
    """

    def build(stage: Stage) -> Objective:
        pair = DistillationPair(
            taught.teacher_of(stage),
            network,
            stage.compare,
            output_losses=soft_targets_of(loss, recipe.distill.temperature),
            student_losses=loss.losses,
            projections=projections,
            head_map=heads.head_map,
            relation_heads=heads.relation_heads,
        )
        return Objective(
            network,
            pair,
            stage.loss_weights,
            pair.known_losses,
            recipe.train.dynamic_length,
            companions=pair.companions,
        )

    return Method(plan, build, recipe.train, recipe.seed)


def watch_student(
    display: Display,
    recipe: TaskDistillRecipe,
    plan: Sequence[Stage],
    material: Material,
    teacher: keras.Model,
) -> Display:
    """Warns when a student learns no more of the answers than how frequent they are.

    Args:
        display: What shows the progress.
        recipe: That of the distillation.
        plan: The stages, of which the last teaches answers.
        material: What is learned from; where the teacher alone labels some of it, nothing is said.
        teacher: The teacher's network.
    """
    rows, loss = material.train.rows, material.loss
    if recipe.task is not None and unlabelled_patterns(recipe.task):
        return display
    sample = TaskBatches(rows, min(TAUGHT_ROWS, len(rows.trained)))(0)
    answers = answers_of(teacher, sample)
    chance = taught_chance(loss, plan[-1], sample, answers, recipe.distill.temperature)
    earlier = sum(stage.steps for stage in plan[:-1])
    return watch_for_chance(display, material.description.size, plan[-1], chance, earlier)


def answers_of(teacher: keras.Model, batch: Batch) -> Tensor:
    """The logits of a teacher, few rows at a time: the attention of all rows of a Trace may take gigabytes.

    Args:
        teacher: Its network.
        batch: Its inputs, and whatever else.
    """
    forward = forward_of(keras.Model(teacher.input, {"logits": teacher.output["logits"]}))
    inputs = {name: batch[name] for name in teacher.input}
    starts = range(0, len(next(iter(inputs.values()))), _ROWS_AT_ONCE)
    cut = ({name: array[start : start + _ROWS_AT_ONCE] for name, array in inputs.items()} for start in starts)
    return keras.ops.concatenate([forward(part)["logits"] for part in cut])


def taught_chance(loss: TaskLoss, stage: Stage, batch: Batch, answers: Tensor, temperature: float) -> float:
    """The loss of the same outputs for every row, as `frequency_loss`, beside labels and a teacher's answers.

    Args:
        loss: Of the task.
        stage: Says how much each of the two counts.
        batch: A task batch.
        answers: The teacher's for it.
        temperature: Of its answers.
    """
    outputs = {"logits": loss.constant_logits(batch)}
    if outputs["logits"].shape != tuple(answers.shape):
        return inf  # the batch lacks a rare label, so that no logit is known for it
    soft = soft_targets_of(loss, temperature)[SOFT_TARGETS]
    found = measure(loss.losses, outputs, batch)
    found[SOFT_TARGETS] = soft.function({"logits": answers}, outputs, batch, soft.weights(batch))
    return float(sum(weight * float(found[name]) for name, weight in stage.loss_weights.items()))


def soft_targets_of(loss: TaskLoss, temperature: float) -> dict[str, Loss]:
    """How far a student's answers are from its teacher's, at a temperature."""
    soft = loss.soft
    return {SOFT_TARGETS: replace(soft, function=partial(soft.function, temperature=temperature))}
