"""Runs the stages of a plan, from where a run stands to its end."""

import gc
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from mbert_cli.display import Display
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.disk import checkpoint_bytes, require_disk
from mbert_cli.runs.manifest import verify_directory
from mbert_cli.runs.tensorboard import open_journal
from mbert_cli.text.batch import Batch
from mbert_cli.train.checkpoint import (
    TrainingState,
    best_path,
    load_companions,
    newest_checkpoint,
    restore_optimizer_of,
    restore_random_states,
    restore_weights,
)
from mbert_cli.train.companions import companion_states, restore_companions
from mbert_cli.train.feed import Prefetcher
from mbert_cli.train.interrupt import InterruptRequest
from mbert_cli.train.objective import Objective
from mbert_cli.train.observer import Observer
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.segment import Clock
from mbert_cli.train.stage import Stage
from mbert_cli.train.stage_training import PlacedStage, StageTraining, Validation, Work, feed_of
from mbert_cli.train.trainability import compile_stage


def train(
    plan: Sequence[Stage],
    build: Callable[[Stage], Objective],
    batch_at: Callable[[int], Batch],
    *,
    options: TrainOptions,
    run: RunDir,
    seed: int,
    validation: Validation | None = None,
    progress: Display | None = None,
    watch: Callable[[int], object] | None = None,
    resumed: Callable[[Path, int], object] | None = None,
    warn: Callable[[str], object] = warnings.warn,
    hosts: Hosts = ALONE,
) -> dict[str, float]:
    """Trains through a plan, from the newest checkpoint of the run if it has one.

    A run that was stopped and continued has the same weights, bit for bit, as one that was not.

    Args:
        plan: The stages, in order.
        build: Stage -> what it minimises. All objectives hold the same network.
        batch_at: Step of the whole run, from 0 -> the rows of its batch that this host computes; a pure function,
            called in a thread.
        options: How to train.
        run: Receives log and checkpoints.
        seed: For random operations without a seed of their own.
        validation: What is measured every `options.validate_every` steps and at the end of each stage.
        progress: Shown how far the training is.
        watch: Told the steps done once their validation is in the log. What it raises ends the training.
        resumed: Told where a run continues: its checkpoint and the steps done.
        warn: Told of damaged checkpoints.
        hosts: Those that train together. All call this, and the first alone writes.

    Returns:
        The last value of every figure of the last stage: `loss/<name>` for losses with a weight and `loss/total`,
        `metric/<name>` for the others, `validation/<name>`. With `validation.best_metric`, the
        validation is the best one, done after `best_step` steps.

    Raises:
        Interrupted: The person pressed Ctrl-C; the state is saved.
        Diverged: A loss or a weight is not finite.
        RunError: The disk is full.
        UserError: The disk has no room for the checkpoints, or a stage names an unknown layer.
    """
    keras.utils.set_random_seed(seed)
    sections = _sections(plan)
    batches = Prefetcher(batch_at, sections[-1].end)
    log = open_journal(run.journal_path, options.tensorboard) if hosts.is_first else nullcontext()
    with InterruptRequest() as request, log as journal:
        observer = Observer(journal, progress, watch)
        work = Work(batches, options, run, observer, request, validation, sections[-1].end, hosts)
        try:
            found = newest_checkpoint(run.checkpoints, warn, hosts)
            if found and resumed:
                resumed(found[0], found[1].step)
            return _train_plan(work, build, sections, found)
        finally:
            batches.close()


def mean_figures(objective: Objective, batches: Iterable[Batch]) -> dict[str, float]:
    """Returns the mean of every figure over batches, in inference mode.

    Args:
        objective: Compiled, as `train` hands it to `Validation.measure`.
        batches: At least one.
    """
    known = list(batches)
    objective.evaluate(feed_of(objective, known.__getitem__, range(len(known))), steps=len(known), verbose=0)
    steps, figures = objective.record.read()
    return {name: math.fsum(rows) / steps for name, rows in figures.items()}


def _sections(plan: Sequence[Stage]) -> list[PlacedStage]:
    sections = []
    start = 0
    for stage in plan:
        sections.append(PlacedStage(stage, start, start + stage.steps))
        start += stage.steps
    return sections


@dataclass(frozen=True)
class _Standing:
    """Where a run stands when a stage begins or goes on.

    Attributes:
        state: How far it has come.
        checkpoint: Where the arrays are; None where the network has them.
        companions: What the companions of the stages so far hold, by name.
    """

    state: TrainingState
    checkpoint: Path | None
    companions: Mapping[str, np.ndarray]


def _train_plan(
    work: Work,
    build: Callable[[Stage], Objective],
    sections: Sequence[PlacedStage],
    found: tuple[Path, TrainingState] | None,
) -> dict[str, float]:
    path, state = found or (None, TrainingState())
    work.observer.begin_after(state.step)
    standing = _Standing(state, path, load_companions(path) if path else {})
    *earlier, last = sections
    for section in earlier:
        if standing.state.step < section.end:
            standing, _ = _train_stage(work, build, section, standing)
            gc.collect()  # the compiled step of a stage is in cycles and as large as the model
    # With every step done, the last stage is built all the same: its network receives the weights.
    standing, objective = _train_stage(work, build, last, standing)
    gc.collect()
    return _final_figures(work, standing.state, objective)


def _final_figures(work: Work, state: TrainingState, objective: Objective) -> dict[str, float]:
    if state.best is None:
        return dict(state.figures)
    best = best_path(work.run.checkpoints, state.best)
    verify_directory(best)
    restore_weights(best, objective.network)
    restore_companions(objective.companions, load_companions(best))
    return state.figures | state.best.figures | {"best_step": float(state.best.step)}


def _train_stage(
    work: Work, build: Callable[[Stage], Objective], section: PlacedStage, standing: _Standing
) -> tuple[_Standing, Objective]:
    """Trains one stage from where the run stands to its end."""
    clock = Clock()
    if standing.state.step < section.end:
        work.observer.show(standing.state.step, building=section.stage.name)
    objective = build(section.stage)
    _restore(work, section, objective, standing)
    training = StageTraining(work, section, objective, clock, standing.companions)
    state = training.run(standing.state)
    companions = {**standing.companions, **companion_states(objective.companions)}
    return _Standing(state, None, companions), objective


def _restore(work: Work, section: PlacedStage, objective: Objective, standing: _Standing) -> None:
    """Compiles a stage with the arrays that the run has so far."""
    restore_companions(objective.companions, standing.companions)
    checkpoint = standing.checkpoint
    if checkpoint is not None:
        restore_weights(checkpoint, objective.network)
        restore_random_states(checkpoint, objective.network)
    else:
        parameters = sum(layer.count_params() for layer in objective.trained_layers)
        options = work.options
        needed = checkpoint_bytes(parameters, options.keep_checkpoints, accumulates=options.accumulates)
        require_disk(work.run.path, needed)
    compile_stage(objective, section.stage, work.options)
    if checkpoint is not None and section.start < standing.state.step < section.end:
        restore_optimizer_of(checkpoint, objective)
