"""Whether a training has learned anything: its loss beside the loss of answering by frequencies alone."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mbert_cli.display import Display
from mbert_cli.losses.loss import measure
from mbert_cli.losses.tasks import TaskLoss
from mbert_cli.train.stage import Stage

SAMPLE_ROWS = 2048
"""Rows of which frequencies are taken: enough for a loss within about a hundredth of that of all."""

NO_BETTER = 0.99
"""A loss above this share of that of the frequencies has learned nothing."""

_SHARE = 0.1
_FEWEST_STEPS = 20


def frequency_loss(loss: TaskLoss, batch: dict[str, np.ndarray]) -> float:
    """Returns the loss of the same outputs for every row: those that the frequencies of the targets call for.

    Args:
        loss: Of the task.
        batch: A task batch of some thousand training rows, each with a weight of 1.
    """
    outputs = {"logits": loss.constant_logits(batch)}
    return float(np.asarray(measure(loss.losses, outputs, batch)[loss.minimized]))


class ChanceWatch:
    """Shows progress, and warns, after the warm-up and at the end, of a loss no better than what frequencies give.

    Each time the mean over a tenth of the steps is looked at, since the loss of one batch is noisy; after the
    warm-up it is the second tenth, since in the first the rate is at its highest and many a loss still falls.

    Args:
        display: What shows the progress.
        stage: The training.
        chance: What `frequency_loss` returns.
        advice: What to try.
        warn: Told.
        start: Steps of the stages before it.
    """

    def __init__(
        self,
        display: Display,
        stage: Stage,
        chance: float,
        advice: str,
        warn: Callable[[str], object],
        start: int = 0,
    ) -> None:
        self._display, self._chance, self._advice, self._warn = display, chance, advice, warn
        self._windows = {
            when: range(start + steps.start, start + steps.stop) for when, steps in _windows(stage).items()
        }
        self._losses: list[tuple[int, float]] = []

    def update(self, step: int, **fields: Any) -> None:
        """Shows how far the work is; a line of figures has the mean loss since the one before."""
        self._display.update(step, **fields)
        if "loss" not in fields:
            return
        self._losses.append((step, float(fields["loss"])))
        for when, steps in list(self._windows.items()):
            if step >= steps.stop:
                del self._windows[when]
                self._judge(when, steps)

    def _judge(self, when: str, steps: range) -> None:
        losses = [loss for step, loss in self._losses if steps.start < step <= steps.stop]
        mean = np.mean(losses) if losses else 0.0
        if mean > NO_BETTER * self._chance:
            self._warn(
                f"In steps {steps.start:,} to {steps.stop:,}, {when}, the training loss is no better than that of "
                f"answering by the frequencies of the labels: {mean:.4f} against {self._chance:.4f}. {self._advice}"
            )


def _windows(stage: Stage) -> dict[str, range]:
    """The steps that are looked at; none of a training that is over before anything can be said."""
    warmup, steps = stage.schedule.warmup_steps, stage.steps
    length = max(_FEWEST_STEPS, round(_SHARE * steps))
    if steps < warmup + 3 * length:
        return {}
    return {
        "after the warm-up": range(warmup + length, warmup + 2 * length),
        "at the end": range(steps - length, steps),
    }
