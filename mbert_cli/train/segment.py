"""One call of `fit`: how far it goes, what it says on the way, how long it took."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from mbert_cli.train.interrupt import InterruptRequest


def next_event(step: int, end: int, intervals: list[int], longest: int) -> int:
    """Returns the first step after `step` at which something is due.

    Args:
        step: Steps done.
        end: Last step of the stage.
        intervals: Something is due at the multiples of each of these.
        longest: Most steps to run without a pause.
    """
    return min(end, step + longest, *(step - step % interval + interval for interval in intervals))


class Clock:
    """Speed of the steps since the last reading, without the first step, which compiles."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.first_step_seconds: float | None = None
        self._seconds = 0.0
        self._steps = 0

    def end_first_step(self) -> None:
        """Notes the time that the first step took, from the making of this clock."""
        self.first_step_seconds = time.perf_counter() - self.began

    def add(self, seconds: float, steps: int) -> None:
        """Adds steps other than the first."""
        self._seconds += seconds
        self._steps += steps

    def read_steps_per_second(self) -> float | None:
        """Returns the speed since the last call; None where no step was timed."""
        steps, seconds = self._steps, self._seconds
        self._steps, self._seconds = 0, 0.0
        return steps / seconds if steps and seconds > 0 else None


class StepWatcher(keras.callbacks.Callback):
    """Times steps, reports them, and ends `fit` after the running step when asked to.

    Args:
        clock: Receives the times.
        request: Asks for the end; None where nobody may.
        report: Called with the number of steps done since `fit` began, between two steps.
    """

    def __init__(self, clock: Clock, request: InterruptRequest | None, report: Callable[[int], None]) -> None:
        super().__init__()
        self._clock, self._request, self._report = clock, request, report
        self._mark = time.perf_counter()
        self._marked_steps = 0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Called by Keras with the place of the last step that was run."""
        if self._clock.first_step_seconds is None:
            self._clock.end_first_step()
            self._mark, self._marked_steps = time.perf_counter(), batch + 1
        self._report(batch + 1)
        if self._request is not None and self._request.received:
            self.model.stop_training = True

    def finish(self, steps: int) -> None:
        """Hands the time of the steps after the mark to the clock; `fit` has returned."""
        self._clock.add(time.perf_counter() - self._mark, max(0, steps - self._marked_steps))
