"""`mbert finetune`: a teacher or a student -> a task model."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.backend import length_step, use_streams
from mbert_cli.commands.search import Watch, run_search
from mbert_cli.commands.task_loss import task_loss
from mbert_cli.evaluate.entities import chunk_labels, entity_types
from mbert_cli.evaluate.metrics import score_name
from mbert_cli.evaluate.predict import make_predictor
from mbert_cli.examples.batches import Rows, TaskBatches, require_trained
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.texts import TaskData
from mbert_cli.losses.loss import measure
from mbert_cli.losses.tasks import TaskLoss
from mbert_cli.model.heads import TASK_HEADS, build_task_network
from mbert_cli.model.sequence_length import require_length
from mbert_cli.preflight.inputs import find_model, origin_of, with_input, with_learning_rate
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.progress import train_with_progress
from mbert_cli.sessions.prolonging import say_continuation
from mbert_cli.sessions.result import show_result, write_summary
from mbert_cli.tasks.chance import SAMPLE_ROWS, ChanceWatch, frequency_loss
from mbert_cli.tasks.encoding import TaskSet, describe_set, encode_set
from mbert_cli.tasks.label_order import match_names
from mbert_cli.tasks.learning_rate import rate_to_try
from mbert_cli.tasks.pair_segments import reads_pairs, say_single_segment
from mbert_cli.tasks.seen_examples import warn_of_training_examples
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.engine import Display
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import FinetuneTrainOptions
from mbert_cli.train.stage import Stage, make_schedule
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import VOCABULARY
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.saved_network import dtype_policy, save_network
from mbert_cli.weights.variables import assign_variables

SCORE = "score"
"""The figure that decides which epoch is best: the mean of the task's official ones."""

HEADS = frozenset(name for name, _ in TASK_HEADS.values())
NULL_THRESHOLD = "null_threshold"

PRETRAINING_HEADS = ("masked_language_model", "next_sentence")
"""Parts of a pre-trained run that a task model leaves behind."""


@dataclass(frozen=True)
class _Material:
    """What all fine-tunings of one source on one task share, whatever their rates, batches, epochs and seeds.

    Attributes:
        source: The run that is started from.
        description: The task model.
        train: The examples to learn from.
        held_out: Those that decide which epoch is best.
        loss: What is minimised.
        contents: What the inputs of the run hold.
    """

    source: SavedModel
    description: ModelDescription
    train: TaskSet
    held_out: TaskSet
    loss: TaskLoss
    contents: Contents


def run(invocation: Invocation) -> None:
    """Fine-tunes a pre-trained run on a task and keeps the epoch that is best on the validation set."""
    use_streams()
    recipe: FinetuneRecipe = invocation.loaded.recipe
    key, named, verbs = origin_of(recipe)
    source = find_model(invocation, named, key, verbs)
    recipe = with_input(recipe, key, source.run)
    pretrained = source.description
    require_length(recipe.task.sequence_length, pretrained.size)
    recipe = with_learning_rate(recipe, pretrained.size)
    task = load_task(recipe.task)
    say_single_segment(pretrained.size, reads_pairs(task, task.train))
    material = _collect(recipe, source, task)
    if recipe.search is not None:
        _show_task(task, material.train.rows)
        _search(invocation, recipe, material)
        return
    network = _build_network(recipe, material.description, source)
    show_plan(invocation, [_stage(recipe, material)], {"task model": network}, recipe.train)
    _show_task(task, material.train.rows)

    def plan_of(recipe: FinetuneRecipe) -> list[Stage]:
        return [_stage(recipe, material)]

    if invocation.dry_run:
        say_continuation(invocation, recipe, plan_of)
        return
    with open_run(invocation, recipe, material.contents, plan_of) as run_dir:
        if say_when_complete(run_dir):
            return
        figures = _fit(material, recipe, network, run_dir)
    show_result(run_dir, figures)


def _collect(recipe: FinetuneRecipe, source: SavedModel, task: TaskData) -> _Material:
    """Encodes the sets of a task for a source, and notes what both hold."""
    contents = input_contents(recipe)
    warn_of_training_examples(contents)
    description = ModelDescription(
        verb="finetune",
        size=source.description.size,
        vocabulary=source.description.vocabulary,
        labels=task.labels,
        kind=task.kind,
        task=recipe.task,
        sets={name: describe_set(task, examples) for name, examples in task.sets.items()},
    )
    tokenizer = Tokenizer(source.vocabulary)
    train, held_out = (
        encode_set(task, examples, recipe.task, tokenizer) for examples in (task.train, task.validation)
    )
    loss = task_loss(recipe.loss, task, require_trained(train.rows))
    return _Material(source, description, train, held_out, loss, contents)


def _search(invocation: Invocation, recipe: FinetuneRecipe, material: _Material) -> None:
    def train(trial: FinetuneRecipe, run_dir: RunDir, watch: Watch) -> None:
        network = _build_network(trial, material.description, material.source)
        _fit(material, trial, network, run_dir, watch)

    def steps_of(trial: FinetuneRecipe) -> int:
        return _stage(trial, material).steps

    run_search(invocation, recipe, material.contents, train, steps_of)


def _fit(
    material: _Material,
    recipe: FinetuneRecipe,
    network: keras.Model,
    run_dir: RunDir,
    watch: Watch | None = None,
) -> dict[str, float]:
    """Trains one task model from where its run stands and writes final/."""
    held_out, kind = material.held_out, material.description.kind
    batches, stage = _batches(recipe, material.train), _stage(recipe, material)
    figures = train_with_progress(
        [stage],
        _objective_of(network, material.loss, recipe.train.dynamic_length),
        batches,
        options=_validate_every_epoch(recipe.train, batches.steps_per_epoch),
        run=run_dir,
        seed=recipe.seed,
        validate=_validation(network, held_out, _batches(recipe, held_out), kind),
        best_metric=SCORE,
        watch=watch,
        observe=lambda display: _watch_for_chance(display, recipe, material, stage),
    )
    known = {
        "steps": stage.steps,
        "parameters": network.count_params(),
        "score": figures[f"validation/{SCORE}"],
        "score_name": score_name(held_out.judge.metrics),
        "set": material.description.sets["validation"].digest,
        "examples": material.description.sets["validation"].examples,
    }
    description = material.description.model_copy(
        update={"null_threshold": figures.get(f"validation/{NULL_THRESHOLD}")}
    )

    def write(directory: Path) -> None:
        save_network(directory, network, description, material.source.folder / VOCABULARY)
        write_summary(directory, known | figures)

    run_dir.finish(write)
    return figures


def _watch_for_chance(
    display: Display, recipe: FinetuneRecipe, material: _Material, stage: Stage
) -> ChanceWatch:
    """Warns when the training learns nothing."""
    rows = material.train.rows
    sample = TaskBatches(rows, min(SAMPLE_ROWS, len(rows.trained)))(0)
    rate = recipe.train.optimizer.learning_rate
    other = rate_to_try(rate, material.description.size)
    advice = (
        f"Try a {'lower' if other < rate else 'higher'} rate: "
        f"--set train.optimizer.learning_rate={other:g} --fresh"
    )
    return ChanceWatch(display, stage, frequency_loss(material.loss, sample), advice, console.warning)


def _batches(recipe: FinetuneRecipe, encoded: TaskSet) -> TaskBatches:
    options = recipe.train
    return TaskBatches(encoded.rows, options.batch_size, recipe.seed, dynamic_length=options.dynamic_length)


def _build_network(recipe: FinetuneRecipe, description: ModelDescription, source: SavedModel) -> keras.Model:
    """A task network with fresh weights, whose encoder is the source's unless the recipe wants a baseline."""
    network = build_task_network(
        description.size,
        kind=description.kind,
        vocab_size=description.vocabulary.size,
        num_labels=len(description.labels),
        seed=recipe.seed,
        dropout_rate=recipe.dropout_rate,
        dtype=dtype_policy(recipe.train.precision),
        draws_encoder=not recipe.pretrained,
    )
    if recipe.pretrained:
        weights = source.weights
        head, is_pooled = TASK_HEADS[description.kind]
        columns = kept_outputs(description, source.description)
        own = {name: array for name, array in weights.items() if name.split("/")[0] in HEADS}
        weights = {name: array for name, array in weights.items() if name not in own}
        if columns is not None:
            weights |= {name: array[..., list(columns)] for name, array in own.items()}
        unused = PRETRAINING_HEADS if is_pooled else (*PRETRAINING_HEADS, "pooler")
        report = assign_variables(network, weights, allow_missing=[head, "pooler"], allow_unused=unused)
        if "pooler/kernel" in report.missing:
            console.info("The pooler is a fresh one: the source has none")
    return network


def kept_outputs(description: ModelDescription, source: ModelDescription) -> tuple[int, ...] | None:
    """For each label the source's output of that name, where it answers the same; says so where it has a head."""
    if source.labels is None:
        return None
    columns = match_names(description.labels, source.labels) if source.kind == description.kind else None
    what = "is a fresh one" if columns is None else "is kept: the labels are the same"
    if columns is not None and source.labels != description.labels:
        what += f", where the source has them as {', '.join(source.labels)}"
    console.info(f"The head {what}")
    return columns


def _stage(recipe: FinetuneRecipe, material: _Material) -> Stage:
    steps_per_epoch = _batches(recipe, material.train).steps_per_epoch
    steps = min(recipe.train.epochs * steps_per_epoch, recipe.train.max_steps or sys.maxsize)
    return Stage(
        name="fine-tuning",
        steps=steps,
        loss_weights={material.loss.minimized: 1.0},
        schedule=make_schedule(recipe.train.optimizer, steps),
    )


def _objective_of(network: keras.Model, loss: TaskLoss, dynamic_length: bool) -> Callable[[Stage], Objective]:
    def losses(batch, training):
        return measure(loss.losses, network(inputs_of(network, batch), training=training), batch)

    return lambda stage: Objective(network, losses, stage.loss_weights, loss.losses, dynamic_length)


def _validate_every_epoch(options: FinetuneTrainOptions, steps_per_epoch: int) -> FinetuneTrainOptions:
    return options.model_copy(update={"validate_every": steps_per_epoch})


def _validation(
    network: keras.Model, held_out: TaskSet, batches: TaskBatches, kind: str
) -> Callable[[Objective], dict[str, float]]:
    predict = make_predictor(network, kind)

    def validate(objective: Objective) -> dict[str, float]:
        predicted = held_out.judge.decide(batches.outputs(predict, length_step()))
        result = held_out.judge.score(predicted)
        return result.figures | result.details | {SCORE: result.value}

    return validate


def _show_task(task: TaskData, rows: Rows) -> None:
    what = {
        "regression": "a number",
        "question_answering": "a piece of a text",
        "token_classification": _what_words_have(task.labels),
    }
    console.info(
        f"{task.name}: {what.get(task.kind, f'{len(task.labels)} labels')}, {len(task.train):,} training and "
        f"{len(task.validation):,} validation examples"
    )
    for note in (*task.notes, *task.train.notes, rows.cut, rows.left_out):
        if note:
            console.info(note)
    for warning in task.warnings:
        console.warning(warning)


def _what_words_have(labels: list[str]) -> str:
    chunks = chunk_labels(labels)
    if chunks is None:
        return f"one of {len(labels)} tags a word"
    num_types = len(entity_types(chunks))
    return f"entities of {num_types} {'type' if num_types == 1 else 'types'}"
