"""`mbert finetune`: a teacher or a student -> a task model."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.commands.inputs import find_run, origin_of, with_input
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
from mbert_cli.commands.task_set import TaskSet, encode_set
from mbert_cli.data.examples import TaskData
from mbert_cli.data.task_batches import Rows, TaskBatches
from mbert_cli.data.tasks import load_task
from mbert_cli.data.wordpiece import Tokenizer
from mbert_cli.errors import UserError
from mbert_cli.evaluate.metrics import score_name
from mbert_cli.evaluate.predict import predict_outputs
from mbert_cli.model.heads import TASK_HEADS, build_task_network
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.train.class_weights import balanced_weights
from mbert_cli.train.losses import TASK_LOSSES, WEIGHTED_BY, TaskLoss
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import FinetuneTrainOptions, LossOptions
from mbert_cli.train.stage import Stage, make_schedule
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.names import assign_variables
from mbert_cli.weights.store import load_weights

SCORE = "score"
"""The figure that decides which epoch is best: the mean of the task's official ones."""

HEADS = frozenset(name for name, _ in TASK_HEADS.values())
NULL_THRESHOLD = "null_threshold"

PRETRAINING_HEADS = ("masked_language_model", "next_sentence")
"""Parts of a pre-trained run that a task model leaves behind."""


def run(invocation: Invocation) -> None:
    """Fine-tunes a pre-trained run on a task and keeps the epoch that is best on the validation set."""
    use_streams()
    recipe: FinetuneRecipe = invocation.loaded.recipe
    key, named, verbs = origin_of(recipe)
    source = find_run(invocation, named, key, verbs)
    recipe = with_input(recipe, key, source)
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
    train, held_out = (
        encode_set(task, examples, recipe.task, tokenizer) for examples in (task.train, task.validation)
    )
    batches = _batches(recipe, train)
    network = _build_network(recipe, description, source.final)
    loss = _loss(recipe, task, train.rows)
    stage = _stage(recipe, batches.steps_per_epoch, loss)
    show_plan(invocation, [stage], {"task model": network}, recipe.train)
    _show_task(task, train.rows)
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
            validate=_validation(network, held_out, _batches(recipe, held_out), task.kind),
            best_metric=SCORE,
        )
        known = {
            "steps": stage.steps,
            "parameters": network.count_params(),
            "score": figures[f"validation/{SCORE}"],
            "score_name": score_name(held_out.judge.metrics),
        }
        description = description.model_copy(
            update={"null_threshold": figures.get(f"validation/{NULL_THRESHOLD}")}
        )

        def write(directory: Path) -> None:
            save_network(directory, network, description, source.final / VOCABULARY)
            write_summary(directory, known | figures)

        run_dir.finish(write)
    show_result(run_dir, figures)


def _loss(recipe: FinetuneRecipe, task: TaskData, rows: Rows) -> TaskLoss:
    """What is minimised, with the factors that the recipe wants."""
    loss, options = TASK_LOSSES[task.kind], recipe.loss
    if options == LossOptions():
        return loss
    if not loss.is_weighted:
        raise UserError(
            "loss.class_weights and loss.focal_gamma are for tasks with labels. "
            f"Received: {task.name}, a task of {task.kind.replace('_', ' ')}",
            "Leave the loss section out.",
        )
    weights = options.class_weights
    if weights == "balanced":
        weights = balanced_weights(rows.labels, len(task.labels))
    elif weights is not None and len(weights) != len(task.labels):
        raise UserError(
            f"loss.class_weights must have a factor for each label: {', '.join(task.labels)}. "
            f"Received: {len(weights)} factors",
            "List them in the order of the labels, or set loss.class_weights to balanced.",
        )
    if weights is not None:
        named = ", ".join(f"{label} {weight:.3g}" for label, weight in zip(task.labels, weights, strict=True))
        console.info(f"class weights: {named}")
        weights = [float(weight) for weight in weights]
    weighted = partial(loss.function, class_weights=weights, focal_gamma=options.focal_gamma)
    return replace(loss, function=weighted)


def _batches(recipe: FinetuneRecipe, encoded: TaskSet) -> TaskBatches:
    options = recipe.train
    return TaskBatches(encoded.rows, options.batch_size, recipe.seed, dynamic_length=options.dynamic_length)


def _build_network(recipe: FinetuneRecipe, description: ModelDescription, source: Path) -> keras.Model:
    """A task network with fresh weights, whose encoder is the source's unless the recipe wants a baseline."""
    network = build_task_network(
        description.size,
        kind=description.kind,
        vocab_size=description.vocabulary.size,
        num_labels=len(description.labels),
        seed=recipe.seed,
        dropout_rate=recipe.dropout_rate,
        dtype=dtype_policy(recipe.train.precision),
    )
    if recipe.pretrained:
        weights = load_weights(source / WEIGHTS)
        head, is_pooled = TASK_HEADS[description.kind]
        before = ModelDescription.load(source)
        if not _keeps_head(description, before):
            weights = {name: array for name, array in weights.items() if name.split("/")[0] not in HEADS}
        unused = PRETRAINING_HEADS if is_pooled else (*PRETRAINING_HEADS, "pooler")
        fresh = [head] if TASK_HEADS[before.kind][1] else [head, "pooler"]
        assign_variables(network, weights, allow_missing=fresh, allow_unused=unused)
    return network


def _keeps_head(description: ModelDescription, source: ModelDescription) -> bool:
    """Whether the source answers the same, so that its head is of use; says so where it has one."""
    if source.verb != "finetune":
        return False
    keeps = (source.kind, source.labels) == (description.kind, description.labels)
    console.info(f"The head {'is kept: the labels are the same' if keeps else 'is a fresh one'}")
    return keeps


def _stage(recipe: FinetuneRecipe, steps_per_epoch: int, loss: TaskLoss) -> Stage:
    steps = min(recipe.train.epochs * steps_per_epoch, recipe.train.max_steps or sys.maxsize)
    return Stage(
        name="fine-tuning",
        steps=steps,
        loss_weights={loss.minimized: 1.0},
        schedule=make_schedule(recipe.train.optimizer, steps),
    )


def _objective_of(network: keras.Model, loss: TaskLoss, dynamic_length: bool) -> Callable[[Stage], Objective]:
    def losses(batch, training):
        return loss.function(network(inputs_of(network, batch), training=training), batch)

    return lambda stage: Objective(network, losses, stage.loss_weights, WEIGHTED_BY, dynamic_length)


def _validate_every_epoch(options: FinetuneTrainOptions, steps_per_epoch: int) -> FinetuneTrainOptions:
    return options.model_copy(update={"validate_every": steps_per_epoch})


def _validation(
    network: keras.Model, held_out: TaskSet, batches: TaskBatches, kind: str
) -> Callable[[Objective], dict[str, float]]:
    def validate(objective: Objective) -> dict[str, float]:
        predicted = held_out.judge.decide(predict_outputs(network, batches.in_order(), kind))
        result = held_out.judge.score(predicted)
        return result.figures | result.details | {SCORE: result.value}

    return validate


def _show_task(task: TaskData, rows: Rows) -> None:
    num_types = len(task.labels) // 2
    what = {
        "regression": "a number",
        "question_answering": "a piece of a text",
        "token_classification": f"entities of {num_types} {'type' if num_types == 1 else 'types'}",
    }
    console.info(
        f"{task.name}: {what.get(task.kind, f'{len(task.labels)} labels')}, {len(task.train):,} training and "
        f"{len(task.validation):,} validation examples"
    )
    for note in (*task.train.notes, rows.cut, rows.left_out):
        if note:
            console.info(note)
