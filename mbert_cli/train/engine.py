"""Runs the stages of a plan: the only caller of `fit`.

A stage is one `fit` after another. Each ends where something is due: a log line, a validation, a
checkpoint. So these happen between two calls, when weights and optimizer are at rest, on any backend.
"""

import gc
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import keras

from mbert_cli.errors import Diverged, Interrupted
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.disk import checkpoint_bytes, require_disk
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.manifest import verify_directory
from mbert_cli.runs.tensorboard import open_journal
from mbert_cli.train.checkpoint import (
    Best,
    Progress,
    best_path,
    newest_checkpoint,
    restore_optimizer_of,
    restore_random_states,
    restore_weights,
    save_best,
    save_checkpoint,
    weight_not_finite,
)
from mbert_cli.train.feed import Batch, Feed, Prefetcher
from mbert_cli.train.interrupt import InterruptRequest
from mbert_cli.train.objective import RECORDED_STEPS, TOTAL, Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.segment import Clock, StepWatcher, next_event
from mbert_cli.train.stage import Stage
from mbert_cli.train.trainability import compile_stage


class Display(Protocol):
    """What shows progress; `console.progress` yields one."""

    def update(self, step: int, **fields: object) -> None:
        """Says how far the work is."""


@dataclass(frozen=True)
class _Work:
    """What stays the same through all stages."""

    build: Callable[[Stage], Objective]
    batches: Prefetcher
    options: TrainOptions
    run: RunDir
    journal: Journal
    request: InterruptRequest
    validate: Callable[[Objective], Mapping[str, float]] | None
    best_metric: str | None
    display: Display | None
    total_steps: int
    watch: Callable[[int], object] | None

    def show(self, step: int, **fields: object) -> None:
        if self.display is not None:
            self.display.update(step, **fields)


@dataclass(frozen=True)
class _Section:
    """A stage in its place: it begins after `start` steps of the run and ends with step `end`."""

    stage: Stage
    start: int
    end: int


def train(
    plan: Sequence[Stage],
    build: Callable[[Stage], Objective],
    batch_at: Callable[[int], Batch],
    *,
    options: TrainOptions,
    run: RunDir,
    seed: int,
    validate: Callable[[Objective], Mapping[str, float]] | None = None,
    best_metric: str | None = None,
    progress: Display | None = None,
    watch: Callable[[int], object] | None = None,
    resumed: Callable[[Path, int], object] | None = None,
    warn: Callable[[str], object] = warnings.warn,
) -> dict[str, float]:
    """Trains through a plan, from the newest checkpoint of the run if it has one.

    A run that was stopped and continued has the same weights, bit for bit, as one that was not.

    Args:
        plan: The stages, in order.
        build: Stage -> what it minimises. All objectives hold the same network.
        batch_at: Step of the whole run, from 0 -> batch; a pure function, called in a thread.
        options: How to train.
        run: Receives log and checkpoints.
        seed: For random operations without a seed of their own.
        validate: Objective -> figures, called every `options.validate_every` steps and at the end of
            each stage.
        best_metric: A figure of `validate`, higher is better: in the end the network has the weights
            that were best by it, not the last ones.
        progress: Shown how far the training is.
        watch: Told the steps done once their validation is in the log. What it raises ends the training.
        resumed: Told where a run goes on: its checkpoint and the steps done.
        warn: Told of damaged checkpoints.

    Returns:
        The last value of every figure of the last stage: `loss/<name>` for losses with a weight and `loss/total`,
        `metric/<name>` for the others, `validation/<name>`. With `best_metric`, the validation is the
        best one, done after `best_step` steps.

    Raises:
        Interrupted: The person pressed Ctrl-C; the state is saved.
        Diverged: A loss or a weight is not finite.
        RunError: The disk is full.
        UserError: The disk has no room for the checkpoints, or a stage names an unknown layer.
    """
    keras.utils.set_random_seed(seed)
    total_steps = sum(stage.steps for stage in plan)
    batches = Prefetcher(batch_at, total_steps)
    with InterruptRequest() as request, open_journal(run.journal_path, options.tensorboard) as journal:
        work = _Work(
            build, batches, options, run, journal, request, validate, best_metric, progress, total_steps, watch
        )  # fmt: skip
        try:
            found = newest_checkpoint(run.checkpoints, warn)
            if found and resumed:
                resumed(found[0], found[1].step)
            return _train_plan(work, _sections(plan), found)
        finally:
            batches.close()


def evaluate(objective: Objective, batches: Iterable[Batch]) -> dict[str, float]:
    """Returns the mean of every figure over batches, in inference mode.

    Args:
        objective: Compiled, as `train` hands it to `validate`.
        batches: At least one.
    """
    known = list(batches)
    objective.evaluate(_input(objective, known.__getitem__, range(len(known))), steps=len(known), verbose=0)
    steps, figures = objective.record.read()
    return {name: math.fsum(rows) / steps for name, rows in figures.items()}


def _input(objective: Objective, batches: Callable[[int], Batch], steps: range) -> Iterable:
    """What Keras is fed with: an adapter is faster, but executions of many steps want a pipeline."""
    feed = Feed(batches, steps)
    return feed if objective.steps_per_execution == 1 else iter(feed)


def _sections(plan: Sequence[Stage]) -> list[_Section]:
    sections = []
    start = 0
    for stage in plan:
        sections.append(_Section(stage, start, start + stage.steps))
        start += stage.steps
    return sections


def _train_plan(
    work: _Work, sections: Sequence[_Section], found: tuple[Path, Progress] | None
) -> dict[str, float]:
    path, state = found or (None, Progress())
    work.journal.truncate_after(state.step)
    # With every step done, the last stage is built all the same: its network receives the weights.
    remaining = [section for section in sections if section.end > state.step] or sections[-1:]
    for section in remaining:
        objective, state = _train_section(work, section, state, path)
        network, path = objective.network, None
        del objective
        gc.collect()  # the compiled step of a stage is in cycles and as large as the model
    return _final_figures(work, state, network)


def _final_figures(work: _Work, state: Progress, network: keras.Model) -> dict[str, float]:
    if state.best is None:
        return dict(state.figures)
    best = best_path(work.run.checkpoints, state.best)
    verify_directory(best)
    restore_weights(best, network)
    return state.figures | state.best.figures | {"best_step": float(state.best.step)}


def _train_section(
    work: _Work, section: _Section, state: Progress, checkpoint: Path | None
) -> tuple[Objective, Progress]:
    """Trains one stage from `state` to its end; `checkpoint` is where to take the arrays from."""
    clock = Clock()
    if state.step < section.end:
        work.show(state.step, building=section.stage.name)
    if state.step == section.start:
        state = replace(state, figures={})  # another stage measures other things
    objective = work.build(section.stage)
    if checkpoint is not None:
        restore_weights(checkpoint, objective.network)
        restore_random_states(checkpoint, objective.network)
    else:
        parameters = objective.network.count_params()
        require_disk(work.run.path, checkpoint_bytes(parameters, work.options.keep_checkpoints))
    compile_stage(objective, section.stage, work.options)
    if checkpoint is not None and section.start < state.step < section.end:
        restore_optimizer_of(checkpoint, objective)
    while state.step < section.end:
        state = _train_segment(work, section, objective, state, clock)
        state = _log_if_due(work, section, state, clock)
        state = _validate_if_due(work, section, objective, state)
        _save_if_due(work, section, objective, state)
    return objective, state


def _train_segment(
    work: _Work, section: _Section, objective: Objective, state: Progress, clock: Clock
) -> Progress:
    """Trains up to the next step at which something is due."""
    options = work.options
    intervals = [options.log_every, options.checkpoint_every]
    intervals += [options.validate_every] if work.validate else []
    end = next_event(state.step, section.end, intervals, RECORDED_STEPS)
    is_first = clock.first_step_seconds is None
    watcher = StepWatcher(clock, work.request, lambda done: work.show(min(state.step + done, end)))
    steps = range(state.step, end)
    objective.fit(
        _input(objective, work.batches, steps), steps_per_epoch=len(steps), shuffle=False, verbose=0,
        callbacks=[watcher],
    )  # fmt: skip
    done, figures = objective.record.read()
    watcher.finish(done)
    if is_first:
        _journal(work, section, state.step + 1, {"event": "first_step", "seconds": clock.first_step_seconds})
    figures = {_figure_name(name, section.stage): rows.tolist() for name, rows in figures.items()}
    _require_finite_losses(work, section, state.step, figures)
    # Added one by one, so that the sum does not depend on where a segment ended.
    sums = {name: _running_sum(state.sums.get(name, 0.0), rows) for name, rows in figures.items()}
    return replace(
        state, step=state.step + done, stage=section.stage.name, sums=sums,
        summed_steps=state.summed_steps + done,
    )  # fmt: skip


def _running_sum(start: float, rows: list[float]) -> float:
    for value in rows:
        start += value
    return start


def _figure_name(name: str, stage: Stage) -> str:
    return f"loss/{name}" if name == TOTAL or stage.loss_weights.get(name) else f"metric/{name}"


def _log_if_due(work: _Work, section: _Section, state: Progress, clock: Clock) -> Progress:
    if state.step % work.options.log_every and state.step != section.end:
        return state
    means = {name: total / state.summed_steps for name, total in state.sums.items()}
    # The rate of the step that was done last.
    learning_rate = section.stage.schedule.at(state.step - section.start - 1)
    speed = clock.read_steps_per_second()
    speeds = {"examples_per_second": round(speed * work.options.batch_size, 2)} if speed else {}
    _journal(work, section, state.step, means | {"learning_rate": learning_rate} | speeds)
    work.show(
        state.step,
        stage=section.stage.name,
        loss=means[f"loss/{TOTAL}"],
        learning_rate=learning_rate,
        **speeds,
    )
    return replace(state, sums={}, summed_steps=0, figures=state.figures | means)


def _validate_if_due(work: _Work, section: _Section, objective: Objective, state: Progress) -> Progress:
    if work.validate is None or (state.step % work.options.validate_every and state.step != section.end):
        return state
    measured = {f"validation/{name}": float(v) for name, v in work.validate(objective).items()}
    _journal(work, section, state.step, measured)
    if work.watch is not None and not work.request.received:
        work.watch(state.step)
    state = replace(state, figures=state.figures | measured)
    if work.best_metric is None:
        return state
    value = measured[f"validation/{work.best_metric}"]
    if state.best is not None and not value > state.best.value:
        return state
    _require_finite_weights(work, section, objective, state)
    best = Best(state.step, value, measured)
    save_best(work.run.checkpoints, best, objective.network)
    return replace(state, best=best)


def _save_if_due(work: _Work, section: _Section, objective: Objective, state: Progress) -> None:
    """Writes a checkpoint where one is due or the person asked to stop; then stops."""
    is_end = state.step == section.end
    stop = work.request.received
    if not (is_end or stop or state.step % work.options.checkpoint_every == 0):
        return
    _require_finite_weights(work, section, objective, state)
    keep = work.options.keep_checkpoints
    whole = not is_end or section.end == work.total_steps  # after the last stage the run may go on
    save_checkpoint(work.run.checkpoints, state, objective, with_optimizer=whole, keep=keep)
    if stop:
        raise Interrupted(
            f"Stopped at step {state.step:,} of {work.total_steps:,}; the state is saved in {work.run.path}",
            "The same command goes on from there.",
        )


def _journal(work: _Work, section: _Section, step: int, values: Mapping[str, object]) -> None:
    work.journal.append({"step": step, "stage": section.stage.name, **values})


def _require_finite_losses(
    work: _Work, section: _Section, step: int, figures: Mapping[str, list[float]]
) -> None:
    bad = [
        (place, name, value)
        for name, rows in figures.items() if name.startswith("loss/")
        for place, value in enumerate(rows) if not math.isfinite(value)
    ]  # fmt: skip
    if bad:
        place, name, value = min(bad)
        raise Diverged(
            f"A loss must stay finite. Received: {name} {value} in stage {section.stage.name} at step "
            f"{step + place + 1:,}, after finite losses up to step {step + place:,}",
            _advice(work),
        )


def _require_finite_weights(work: _Work, section: _Section, objective: Objective, state: Progress) -> None:
    name = weight_not_finite(objective.network)
    if name is not None:
        raise Diverged(
            f"Weights must stay finite. Received: {name} with nan or infinity in stage {section.stage.name} "
            f"after step {state.step:,}",
            _advice(work),
        )


def _advice(work: _Work) -> str:
    found = newest_checkpoint(work.run.checkpoints, warnings.warn)
    good = f"The last good checkpoint is {found[0]}" if found else "There is no checkpoint yet"
    return f"{good}. Lower train.optimizer.learning_rate and begin again with --fresh."
