"""Trains a task model from where its run stands to final/."""

from collections.abc import Callable
from pathlib import Path

import keras

from mbert_cli.backend import length_step
from mbert_cli.evaluate.metrics import score_name
from mbert_cli.evaluate.predict import make_predictor
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.hosts.devices import own_rows, require_divisible
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.model.heads import logits_alone
from mbert_cli.runs.directory import RunDir
from mbert_cli.sessions.progress import train_with_progress
from mbert_cli.sessions.result import finish_run, write_summary
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.training import Material, Method, batches_of
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage_training import Validation
from mbert_cli.weights.saved_network import save_network

TASK_SCORE = "score"
"""The figure that decides which epoch is best: the mean of the task's official ones."""

NULL_THRESHOLD = "null_threshold"


def fit(
    material: Material,
    method: Method,
    network: keras.Model,
    run_dir: RunDir,
    watch: Callable[[int], None] | None = None,
    hosts: Hosts = ALONE,
) -> dict[str, float]:
    """Trains one task model from where its run stands and writes final/.

    Args:
        material: What it learns from, and is validated on.
        method: How it learns.
        network: The task model.
        run_dir: Its run.
        watch: Told the steps done after each validation; ends the training by what it raises.
        hosts: Those that train it together.

    Returns:
        The figures of the best epoch.
    """
    options, seed = method.options, method.seed
    require_divisible(options.batch_size)
    batches = batches_of(options, seed, material.train)
    figures = train_with_progress(
        method.plan,
        method.build,
        own_rows(batches),
        options=options.model_copy(update={"validate_every": batches.steps_per_epoch}),
        run=run_dir,
        seed=seed,
        validation=_validation(
            method.answering or logits_alone(network), material, batches_of(options, seed, material.held_out)
        ),
        watch=watch,
        observe=method.observe,
        hosts=hosts,
    )
    _finish(run_dir, network, material, method, figures, hosts)
    return figures


def _validation(network: keras.Model, material: Material, batches: TaskBatches) -> Validation:
    judge = material.held_out.judge
    predict = make_predictor(network, kind_of(material.description.kind).head.activation)

    def validate(objective: Objective) -> dict[str, float]:
        result = judge.score(judge.decide(batches.outputs(predict, length_step())))
        return result.figures | result.details | {TASK_SCORE: result.value}

    return Validation(validate, TASK_SCORE)


def _finish(
    run_dir: RunDir,
    network: keras.Model,
    material: Material,
    method: Method,
    figures: dict[str, float],
    hosts: Hosts,
) -> None:
    """Writes final/: the model, and the figures of its best epoch."""
    validated = material.description.sets["validation"]
    known = {
        "steps": sum(stage.steps for stage in method.plan),
        "parameters": network.count_params(),
        "score": figures[f"validation/{TASK_SCORE}"],
        "score_name": score_name(material.held_out.judge.metrics),
        "set": validated.digest,
        "examples": validated.examples,
    }
    threshold = figures.get(f"validation/{NULL_THRESHOLD}")
    description = material.description.model_copy(update={"null_threshold": threshold})

    def write(directory: Path) -> None:
        save_network(directory, network, description, material.source.vocabulary)
        method.save_beside(directory)
        write_summary(directory, known | figures)

    finish_run(run_dir, network, write, hosts)
