"""What a task model learns from and how: what its recipes share, the network, the stage."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from mbert_cli import console
from mbert_cli.display import Display
from mbert_cli.errors import UserError
from mbert_cli.examples.batches import Rows, TaskBatches, require_trained
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.task_columns import client_of
from mbert_cli.examples.texts import TaskData
from mbert_cli.figures import in_words
from mbert_cli.losses.loss import measure
from mbert_cli.losses.options import LossOptions
from mbert_cli.losses.tasks import TASK_LOSSES, TaskLoss
from mbert_cli.losses.weights import class_factors
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.tasks.chance import SAMPLE_ROWS, ChanceWatch, frequency_loss
from mbert_cli.tasks.chosen_client import say_other_cutting
from mbert_cli.tasks.kinds import KINDS, kind_of
from mbert_cli.tasks.label_order import match_answers
from mbert_cli.tasks.learning_rate import rate_to_try
from mbert_cli.tasks.task_set import TaskSet, describe_set, encode_set
from mbert_cli.text.batch import Batch
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import FinetuneTrainOptions
from mbert_cli.train.stage import Stage, make_schedule
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.saved_network import dtype_policy
from mbert_cli.weights.variables import assign_variables

PRETRAINING_HEADS = ("masked_language_model", "next_sentence")
"""Parts of a pre-trained run that a task model leaves behind."""


@dataclass(frozen=True)
class Material:
    """What all trainings from one source on one task share, whatever their rates, batches, epochs and seeds.

    Attributes:
        source: The model that is started from.
        description: The task model.
        train: The examples to learn from.
        held_out: Those that decide which epoch is best.
        loss: What is minimised.
    """

    source: SavedModel
    description: ModelDescription
    train: TaskSet
    held_out: TaskSet
    loss: TaskLoss


@dataclass(frozen=True)
class Method:
    """How a task model learns.

    Attributes:
        plan: The stages.
        build: Stage -> what it minimises.
        options: How batches are made and what is saved.
        seed: Decides the order of the examples.
        observe: The display of the progress -> one that is told in its place.
        answering: What is validated; None for the network that trains.
        save_beside: Writes what lies beside the weights in final/.
    """

    plan: Sequence[Stage]
    build: Callable[[Stage], Objective]
    options: FinetuneTrainOptions
    seed: int
    observe: Callable[[Display], Display] = lambda display: display
    answering: keras.Model | None = None
    save_beside: Callable[[Path], object] = lambda directory: None


def collect(task: TaskData, options: AnyTask, loss: LossOptions, source: SavedModel) -> Material:
    """Encodes the sets of a task for a source.

    Args:
        task: The task.
        options: Its recipe section.
        loss: The loss section of the recipe.
        source: The model that is started from.

    Raises:
        UserError: There is no row to learn from, or the loss does not fit the task.
    """
    description = ModelDescription(
        verb="finetune",
        size=source.description.size,
        vocabulary=source.description.vocabulary,
        output_names=task.output_names,
        kind=task.kind,
        task=options,
        sets={name: describe_set(task, examples) for name, examples in task.sets.items()},
    )
    say_other_cutting(source, options)
    tokenizer = Tokenizer(source.vocabulary, client_of(options))
    train, held_out = (
        encode_set(task, examples, options, tokenizer) for examples in (task.train, task.validation)
    )
    minimized = task_loss(loss, task, require_trained(train.rows))
    return Material(source, description, train, held_out, minimized)


def task_loss(options: LossOptions, task: TaskData, rows: Rows) -> TaskLoss:
    """Returns the loss of a task with the factors that a recipe wants, and says which they are.

    Args:
        options: The loss section of the recipe.
        task: The task.
        rows: Its training examples, from whose labels balanced weights follow.

    Raises:
        UserError: The task has no labels, or another number of them than there are factors.
    """
    loss = TASK_LOSSES[kind_of(task.kind).loss]
    if options == LossOptions():
        return loss
    if not loss.is_weighted or rows.labels is None:
        raise UserError(
            "loss.class_weights and loss.focal_gamma are for tasks with labels. "
            f"Received: {task.name}, a task of {in_words(task.kind)}",
            "Leave the loss section out.",
        )
    weights = class_factors(options, task, rows.labels)
    if weights is not None:
        named = ", ".join(
            f"{label} {weight:.3g}" for label, weight in zip(task.output_names, weights, strict=True)
        )
        console.info(f"class weights: {named}")
    return loss.with_factors(weights, options.focal_gamma)


def build_network(recipe: FinetuneRecipe, material: Material) -> keras.Model:
    """A task network with fresh weights, whose encoder is the source's unless the recipe wants a baseline."""
    source = material.source if recipe.pretrained else None
    return build_task_model(
        material.description, source, recipe.train.precision, recipe.seed, recipe.dropout_rate
    )


def build_task_model(
    description: ModelDescription,
    source: SavedModel | None,
    precision: str,
    seed: int,
    dropout_rate: float,
    *,
    returns_trace: bool = False,
    returns_projections: bool = False,
) -> keras.Model:
    """The network of a task model that is to be trained.

    Args:
        description: The task model.
        source: Whose weights it takes, as far as it has them; None draws all.
        precision: float32 or bfloat16, of the layers.
        seed: Draws the weights.
        dropout_rate: Of the states that the head reads.
        returns_trace, returns_projections: As in `build_task_network`.
    """
    network = build_task_network(
        description.size,
        head=kind_of(description.kind).head,
        vocab_size=description.vocabulary.size,
        num_outputs=len(description.output_names or ()),
        seed=seed,
        dropout_rate=dropout_rate,
        dtype=dtype_policy(precision),
        draws_encoder=source is None,
        returns_trace=returns_trace,
        returns_projections=returns_projections,
    )
    if source is not None:
        _take_weights(network, source, description)
    return network


def _take_weights(network: keras.Model, source: SavedModel, description: ModelDescription) -> None:
    """Gives a task network the weights of its source: the encoder's, and those of a head that answers the same."""
    weights, head = source.weights, kind_of(description.kind).head
    columns = kept_outputs(description, source.description)
    heads = {kind.head.name for kind in KINDS.values()}
    own = {name: array for name, array in weights.items() if name.split("/")[0] in heads}
    weights = {name: array for name, array in weights.items() if name not in own}
    if columns is not None:
        weights |= {name: array[..., list(columns)] for name, array in own.items()}
    unused = PRETRAINING_HEADS if head.is_pooled else (*PRETRAINING_HEADS, "pooler")
    report = assign_variables(network, weights, allow_missing=[head.name, "pooler"], allow_unused=unused)
    if "pooler/kernel" in report.missing:
        console.info("The pooler is a fresh one: the source has none")


def kept_outputs(description: ModelDescription, source: ModelDescription) -> tuple[int, ...] | None:
    """The source's output for each label, where both answer the same; says what becomes of a head."""
    known, wanted = source.output_names, description.output_names or []
    if known is None:
        return None
    columns = match_answers(wanted, description.kind, source)
    what = "is a fresh one" if columns is None else "is kept: the labels are the same"
    if columns is not None and known != wanted:
        what += f", where the source has them as {', '.join(known)}"
    console.info(f"The head {what}")
    return columns


def stage_of(recipe: FinetuneRecipe, material: Material) -> Stage:
    """The one stage of a fine-tuning."""
    steps_per_epoch = batches_of(recipe.train, recipe.seed, material.train).steps_per_epoch
    steps = min(recipe.train.epochs * steps_per_epoch, recipe.train.max_steps or sys.maxsize)
    return Stage(
        name="fine-tuning",
        steps=steps,
        loss_weights={material.loss.minimized: 1.0},
        schedule=make_schedule(recipe.train.optimizer, steps),
    )


def batches_of(options: FinetuneTrainOptions, seed: int, encoded: TaskSet) -> TaskBatches:
    """A set in batches as a recipe wants them."""
    return TaskBatches(encoded.rows, options.batch_size, seed, dynamic_length=options.dynamic_length)


def fine_tuning(recipe: FinetuneRecipe, material: Material, network: keras.Model) -> Method:
    """Learning from the labels alone, with a warning where nothing is learned."""
    loss, stage = material.loss, stage_of(recipe, material)

    def losses(batch: Batch, training: bool) -> dict[str, Any]:
        return measure(loss.losses, network(inputs_of(network, batch), training=training), batch)

    def build(stage: Stage) -> Objective:
        return Objective(network, losses, stage.loss_weights, loss.losses, recipe.train.dynamic_length)

    def observe(display: Display) -> Display:
        rows = material.train.rows
        sample = TaskBatches(rows, min(SAMPLE_ROWS, len(rows.trained)))(0)
        return watch_for_chance(display, material.description.size, stage, frequency_loss(loss, sample))

    return Method([stage], build, recipe.train, recipe.seed, observe)


def watch_for_chance(
    display: Display, size: Architecture, stage: Stage, chance: float, start: int = 0
) -> ChanceWatch:
    """Warns when a training learns nothing; arguments as those of `ChanceWatch`, `size` is that of what learns."""
    rate = stage.schedule.peak
    other = rate_to_try(rate, size)
    advice = (
        f"Try a {'lower' if other < rate else 'higher'} rate: "
        f"--set train.optimizer.learning_rate={other:g} --fresh"
    )
    return ChanceWatch(display, stage, chance, advice, console.warning, start)
