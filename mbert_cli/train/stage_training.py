"""One stage, from the first of its steps that is not done to its last: the only caller of `fit`.

A stage is one `fit` after another. Each ends where something is due: a log line, a validation, a
checkpoint. So these happen between two calls, when weights and optimizer are at rest, on any backend.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from mbert_cli.errors import Interrupted
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.hosts.together import agree_to_stop
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.batch import Batch
from mbert_cli.train.checkpoint import Best, TrainingState, save_best, save_checkpoint
from mbert_cli.train.feed import Feed, Prefetcher
from mbert_cli.train.finite import require_finite_losses, require_finite_weights
from mbert_cli.train.interrupt import InterruptRequest
from mbert_cli.train.objective import RECORDED_STEPS, TOTAL, Objective
from mbert_cli.train.observer import Observer
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.segment import Clock, StepWatcher, next_event
from mbert_cli.train.stage import Stage


@dataclass(frozen=True)
class Validation:
    """How objectives are validated.

    Attributes:
        measure: Objective -> figures.
        best_metric: A figure, higher is better: in the end the network has the weights that were best by it, not the
            last ones. None keeps the last ones.
    """

    measure: Callable[[Objective], Mapping[str, float]]
    best_metric: str | None = None


@dataclass(frozen=True)
class Work:
    """What stays the same through all stages."""

    batches: Prefetcher
    options: TrainOptions
    run: RunDir
    observer: Observer
    request: InterruptRequest
    validation: Validation | None
    total_steps: int
    hosts: Hosts = ALONE


@dataclass(frozen=True)
class PlacedStage:
    """A stage in its place: it begins after `start` steps of the run and ends with step `end`."""

    stage: Stage
    start: int
    end: int


@dataclass(frozen=True)
class StageTraining:
    """A stage that is built and compiled; companions of earlier stages are kept for later ones."""

    work: Work
    section: PlacedStage
    objective: Objective
    clock: Clock
    earlier_companions: Mapping[str, np.ndarray]

    def run(self, state: TrainingState) -> TrainingState:
        """Trains from `state` to the end of the stage."""
        if state.step == self.section.start:
            state = replace(state, figures={})  # another stage measures other things
        while state.step < self.section.end:
            state = self._train_segment(state)
            state = self._log_if_due(state)
            state = self._validate_if_due(state)
            self._save_if_due(state, agree_to_stop(self.work.hosts, self.work.request.received))
        return state

    def _train_segment(self, state: TrainingState) -> TrainingState:
        """Trains up to the next step at which something is due."""
        work, name = self.work, self.section.stage.name
        end = next_event(state.step, self.section.end, self._intervals(), RECORDED_STEPS)
        is_first = self.clock.first_step_seconds is None
        done, measured = self._fit(range(state.step, end))
        if is_first:
            seconds = self.clock.first_step_seconds
            work.observer.log(state.step + 1, name, {"event": "first_step", "seconds": seconds})
        figures = {_figure_name(figure, self.section.stage): rows for figure, rows in measured.items()}
        require_finite_losses(figures, self.section.stage, state.step, work.run.checkpoints)
        # Added one by one, so that the sum does not depend on where a segment ended.
        sums = {name: _running_sum(state.sums.get(name, 0.0), rows) for name, rows in figures.items()}
        return replace(
            state, step=state.step + done, stage=name, sums=sums, summed_steps=state.summed_steps + done
        )

    def _intervals(self) -> list[int]:
        options = self.work.options
        validations = [options.validate_every] if self._validation else []
        return [options.log_every, options.checkpoint_every, *validations]

    @property
    def _validation(self) -> Validation | None:
        return self.work.validation if self.section.stage.is_scored else None

    def _fit(self, steps: range) -> tuple[int, dict[str, list[float]]]:
        """Returns the steps done, fewer if the person asked to stop, and every figure step by step."""
        work = self.work
        watcher = StepWatcher(
            self.clock,
            # Several hosts end at the same step, which they agree on when these steps are done.
            work.request if work.hosts.count == 1 else None,
            lambda done: work.observer.show(min(steps.start + done, steps.stop)),
        )
        self.objective.fit(
            feed_of(self.objective, work.batches, steps), steps_per_epoch=len(steps), shuffle=False, verbose=0,
            callbacks=[watcher],
        )  # fmt: skip
        done, figures = self.objective.record.read()
        watcher.finish(done)
        return done, {name: rows.tolist() for name, rows in figures.items()}

    def _log_if_due(self, state: TrainingState) -> TrainingState:
        work, section = self.work, self.section
        if state.step % work.options.log_every and state.step != section.end:
            return state
        means = {name: total / state.summed_steps for name, total in state.sums.items()}
        # The rate of the step that was done last.
        learning_rate = section.stage.schedule.at(state.step - section.start - 1)
        speed = self.clock.read_steps_per_second()
        speeds = {"examples_per_second": round(speed * work.options.batch_size, 2)} if speed else {}
        work.observer.log(state.step, section.stage.name, means | {"learning_rate": learning_rate} | speeds)
        work.observer.show(
            state.step,
            stage=section.stage.name,
            loss=means[f"loss/{TOTAL}"],
            learning_rate=learning_rate,
            **speeds,
        )
        return replace(state, sums={}, summed_steps=0, figures=state.figures | means)

    def _validate_if_due(self, state: TrainingState) -> TrainingState:
        work, validation = self.work, self._validation
        if validation is None or (
            state.step % work.options.validate_every and state.step != self.section.end
        ):
            return state
        figures = validation.measure(self.objective)
        measured = {f"validation/{name}": float(value) for name, value in figures.items()}
        work.observer.log(state.step, self.section.stage.name, measured)
        if not work.request.received:
            work.observer.tell_validated(state.step)
        state = replace(state, figures=state.figures | measured)
        if validation.best_metric is None:
            return state
        return self._keep_if_best(state, measured[f"validation/{validation.best_metric}"], measured)

    def _keep_if_best(self, state: TrainingState, value: float, measured: dict[str, float]) -> TrainingState:
        best = state.best
        if best is not None and not (value > best.value or math.isnan(best.value)):
            return state
        self._require_finite_weights(state)
        best = Best(state.step, value, measured)
        save_best(self.work.run.checkpoints, best, self.objective, self.work.hosts)
        return replace(state, best=best)

    def _save_if_due(self, state: TrainingState, stop: bool) -> None:
        """Writes a checkpoint where one is due or the person asked to stop; then stops."""
        work, is_end = self.work, state.step == self.section.end
        if not (is_end or stop or state.step % work.options.checkpoint_every == 0):
            return
        self._require_finite_weights(state)
        whole = not is_end or self.section.end == work.total_steps  # after the last stage the run may go on
        save_checkpoint(
            work.run.checkpoints,
            state,
            self.objective,
            with_optimizer=whole,
            keep=work.options.keep_checkpoints,
            earlier_companions=self.earlier_companions,
            hosts=work.hosts,
        )
        if stop:
            raise Interrupted(
                f"Stopped at step {state.step:,} of {work.total_steps:,}; the state is saved in {work.run.path}",
                "The same command continues from there.",
            )

    def _require_finite_weights(self, state: TrainingState) -> None:
        require_finite_weights(self.objective, self.section.stage, state.step, self.work.run.checkpoints)


def _running_sum(start: float, rows: Sequence[float]) -> float:
    for value in rows:
        start += value
    return start


def _figure_name(name: str, stage: Stage) -> str:
    return f"loss/{name}" if name == TOTAL or stage.loss_weights.get(name) else f"metric/{name}"


def feed_of(objective: Objective, batches: Callable[[int], Batch], steps: range) -> Iterable[tuple[Batch]]:
    """What Keras is fed with: an adapter is faster, but executions of many steps want a pipeline of TensorFlow."""
    feed = Feed(batches, steps)
    is_pipeline = objective.steps_per_execution > 1 and keras.backend.backend() == "tensorflow"
    return iter(feed) if is_pipeline else feed
