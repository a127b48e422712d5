"""What a training method is made of: stages, each with its own steps, losses and learning rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mbert_cli.train.options import OptimizerOptions

RATE_KEY = "train.optimizer.learning_rate"
"""The key of a recipe for the learning rate of stages that have none of their own."""


@dataclass(frozen=True)
class Schedule:
    """Learning rate by step: a linear rise from 0, then a linear fall.

    The rise is that of BERT's code, which spends its first step at a rate of 0. The fall begins at
    the peak, where the rise ends.

    Attributes:
        peak: Highest rate, reached at step `warmup_steps`.
        steps: Step at which the fall ends.
        warmup_steps: Steps of the rise; 0 begins at the peak.
        final: Rate at `steps` and beyond, as a share of the peak; 1 keeps the peak.
    """

    peak: float
    steps: int
    warmup_steps: int
    final: float

    def at(self, step: int) -> float:
        """Returns the learning rate of a step of the stage, counted from 0."""
        if step < self.warmup_steps:
            return self.peak * step / self.warmup_steps
        fall = min(1.0, (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps))
        return self.peak * (1.0 + (self.final - 1.0) * fall)


@dataclass(frozen=True)
class Comparison:
    """Two places at which a stage compares a teacher with a student.

    Place 0 is the output of the embeddings and place l that of layer l, counted from 1; None is what the networks
    return. At the output of a layer its attention can be compared too.

    Attributes:
        teacher_place: Of the teacher.
        student_place: Of the student.
        losses: Names of the losses that compare them.
    """

    teacher_place: int | None
    student_place: int | None
    losses: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """A stretch of training that minimises one sum of losses with one fresh optimizer.

    Attributes:
        name: Shown in the plan, the log and messages.
        steps: Batches that it trains on.
        loss_weights: Factor of each loss in the sum; losses that are not named are only measured.
        schedule: Learning rate by step of the stage.
        layer_scale: Factor of the learning rate by the name of a layer of the network, as
            {"layer_03": 1.0}. A layer that is not named, or named with 0, does not train. None trains
            every layer at 1.
        companion_scale: Factor of the learning rate of the layers that train beside the network; 0 keeps them.
        compare: What is compared with a teacher, of which and of the network only what lies below the last place
            is run; empty without a teacher.
        is_scored: Whether it is validated. Where a stage gives what the network returns no meaning, there is nothing
            to score, and none of its steps can be the best.
        rate_key: The key of a recipe that its learning rate comes from.
    """

    name: str
    steps: int
    loss_weights: Mapping[str, float]
    schedule: Schedule
    layer_scale: Mapping[str, float] | None = None
    companion_scale: float = 1.0
    compare: Sequence[Comparison] = ()
    is_scored: bool = True
    rate_key: str = RATE_KEY


def make_schedule(options: OptimizerOptions, steps: int) -> Schedule:
    """Returns the schedule of a recipe's optimizer over a number of steps, the last of which the rise never takes."""
    return Schedule(
        peak=options.learning_rate,
        steps=steps,
        warmup_steps=min(round(steps * options.warmup_rate), max(steps - 1, 0)),
        final=options.final_rate,
    )
