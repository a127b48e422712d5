"""`mbert finetune`: a teacher or a student -> a task model."""

import sys
from collections.abc import Callable
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.commands.inputs import PRETRAINED, find_run, with_input
from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.plan import show_plan
from mbert_cli.commands.preflight import require_length
from mbert_cli.commands.pretraining import (
    open_run,
    say_when_complete,
    show_result,
    train_with_progress,
    write_summary,
)
from mbert_cli.commands.saved_model import (
    VOCABULARY,
    WEIGHTS,
    dtype_policy,
    load_run_vocabulary,
    save_network,
)
from mbert_cli.commands.task_model import say_what_is_cut
from mbert_cli.data.examples import TaskData
from mbert_cli.data.task_batches import TaskBatches
from mbert_cli.data.tasks import load_task
from mbert_cli.data.wordpiece import Tokenizer
from mbert_cli.evaluate.metrics import score, score_name
from mbert_cli.evaluate.outputs import OUTPUT_KINDS
from mbert_cli.evaluate.predict import predict_outputs
from mbert_cli.model.heads import build_classifier_network
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.train.losses import TASK_LOSSES, WEIGHTED_BY, TaskLoss
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import FinetuneTrainOptions
from mbert_cli.train.stage import Stage, make_schedule
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.names import assign_variables
from mbert_cli.weights.store import load_weights

SCORE = "score"
"""The figure that decides which epoch is best: the mean of the task's official ones."""

PRETRAINING_HEADS = ("masked_language_model", "next_sentence")
"""Parts of a pre-trained run that a task model leaves behind."""


def run(invocation: Invocation) -> None:
    """Fine-tunes a pre-trained run on a task and keeps the epoch that is best on the validation set."""
    use_streams()
    recipe: FinetuneRecipe = invocation.loaded.recipe
    source = find_run(invocation, recipe.source, "source", PRETRAINED)
    recipe = with_input(recipe, "source", source)
    pretrained = ModelDescription.load(source.final)
    require_length(recipe.task.sequence_length, pretrained.size)
    task = load_task(recipe.task)
    description = ModelDescription(
        verb="finetune",
        size=pretrained.size,
        vocabulary=pretrained.vocabulary,
        labels=task.labels,
        kind=task.kind,
        task=recipe.task,
    )
    tokenizer = Tokenizer(load_run_vocabulary(source.final, pretrained))
    batches, held_out = _batches(recipe, task, tokenizer)
    network = _build_network(recipe, description, source.final)
    loss = TASK_LOSSES[task.kind]
    stage = _stage(recipe, batches.steps_per_epoch, loss)
    show_plan(invocation, [stage], {"task model": network}, recipe.train)
    _show_task(task)
    say_what_is_cut(batches)
    if invocation.dry_run:
        return
    with open_run(invocation, recipe.model_dump(), recipe.seed) as run_dir:
        if say_when_complete(run_dir):
            return
        figures = train_with_progress(
            [stage],
            _objective_of(network, loss, recipe.train.dynamic_length),
            batches,
            options=_validate_every_epoch(recipe.train, batches.steps_per_epoch),
            run=run_dir,
            seed=recipe.seed,
            validate=_validation(network, task, held_out),
            best_metric=SCORE,
        )
        vocabulary = source.final / VOCABULARY

        def write(directory: Path) -> None:
            save_network(directory, network, description, vocabulary)
            value = figures[f"validation/{SCORE}"]
            scored = {"score": value, "score_name": score_name(task.metrics)}
            known = {"steps": stage.steps, "parameters": network.count_params()}
            write_summary(directory, known | scored | figures)

        run_dir.finish(write)
    show_result(run_dir, figures)


def _batches(recipe: FinetuneRecipe, task: TaskData, tokenizer: Tokenizer) -> tuple[TaskBatches, TaskBatches]:
    """Batches to train and to validate on."""
    options = recipe.train
    train, validation = (
        TaskBatches(
            examples,
            tokenizer,
            recipe.task,
            options.batch_size,
            recipe.seed,
            dynamic_length=options.dynamic_length,
        )
        for examples in (task.train, task.validation)
    )
    return train, validation


def _build_network(recipe: FinetuneRecipe, description: ModelDescription, source: Path) -> keras.Model:
    """A classifier with fresh weights, whose encoder is the source's unless the recipe wants a baseline."""
    network = build_classifier_network(
        description.size,
        vocab_size=description.vocabulary.size,
        num_labels=len(description.labels),
        seed=recipe.seed,
        dropout_rate=recipe.dropout_rate,
        dtype=dtype_policy(recipe.train.precision),
    )
    if recipe.pretrained:
        weights = load_weights(source / WEIGHTS)
        assign_variables(network, weights, allow_missing=["classifier"], allow_unused=PRETRAINING_HEADS)
    return network


def _stage(recipe: FinetuneRecipe, steps_per_epoch: int, loss: TaskLoss) -> Stage:
    steps = min(recipe.train.epochs * steps_per_epoch, recipe.train.max_steps or sys.maxsize)
    return Stage(
        name="fine-tuning",
        steps=steps,
        loss_weights=loss.loss_weights,
        schedule=make_schedule(recipe.train.optimizer, steps),
    )


def _objective_of(network: keras.Model, loss: TaskLoss, dynamic_length: bool) -> Callable[[Stage], Objective]:
    def losses(batch, training):
        return loss.function(network(inputs_of(network, batch), training=training), batch)

    return lambda stage: Objective(network, losses, stage.loss_weights, WEIGHTED_BY, dynamic_length)


def _validate_every_epoch(options: FinetuneTrainOptions, steps_per_epoch: int) -> FinetuneTrainOptions:
    return options.model_copy(update={"validate_every": steps_per_epoch})


def _validation(
    network: keras.Model, task: TaskData, held_out: TaskBatches
) -> Callable[[Objective], dict[str, float]]:
    kind = OUTPUT_KINDS[task.kind]

    def validate(objective: Objective) -> dict[str, float]:
        predicted = kind.decide(predict_outputs(network, held_out.in_order(), task.kind))
        result = score(task.metrics, task.validation.labels, predicted)
        return result.figures | {SCORE: result.value}

    return validate


def _show_task(task: TaskData) -> None:
    what = "a number" if task.kind == "regression" else f"{len(task.labels)} labels"
    console.info(
        f"{task.name}: {what}, {len(task.train.labels):,} training and "
        f"{len(task.validation.labels):,} validation examples"
    )
    if task.train.num_left_out:
        console.info(f"{task.train.num_left_out:,} lines of the training file lack a cell and are left out")
