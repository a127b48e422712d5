"""The plan of a training run and what it costs, shown before step 0."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mbert_cli import console
from mbert_cli.cost.disk import training_disk_bytes
from mbert_cli.cost.estimate import Estimate
from mbert_cli.cost.memory import memory_of
from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.shown import facts_of, tables_of
from mbert_cli.cost.speed import TimedStage, interpolate, speed_of_machines
from mbert_cli.cost.training import StageCost, Training, cost_of_stage, parameters_of
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.sessions.precision import precision_fact
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage


@dataclass(frozen=True)
class Planned:
    """A training that is planned.

    Attributes:
        invocation: The command.
        plan: The stages, in order.
        training: What takes part.
        options: How it trains.
        machines: What it is planned for.
        model_parallel: How many devices divide a model.
        devices: How many this training is on, where it is known.
    """

    invocation: Invocation[Any]
    plan: Sequence[Stage]
    training: Training
    options: TrainOptions
    machines: PlanOptions
    model_parallel: int = 1
    devices: int = 1

    @property
    def parameters(self) -> dict[str, int]:
        """Numbers of all weights, by whose they are."""
        return parameters_of(self.training, self.plan)

    @property
    def stages(self) -> list[StageCost]:
        """What each stage costs."""
        return [cost_of_stage(self.training, stage) for stage in self.plan]

    def estimate(self, measured: Sequence[TimedStage] = ()) -> Estimate:
        """What it costs.

        Args:
            measured: Stages that were timed; without any the speed is what the recipe says of the machines.

        Raises:
            UserError: The devices of the plan do not divide a batch.
        """
        devices = self.machines.devices or max(self.devices, self.model_parallel)
        if self.machines.devices:
            self._require_even(devices)
        stages, given = self.stages, speed_of_machines(self.machines)
        known = {} if given is None else {stage.name: given for stage in self.plan}
        memory = memory_of(
            self.training,
            stages,
            float_bytes=self.options.float_bytes,
            accumulates=self.options.accumulates,
            devices=devices,
            model_parallel=self.model_parallel,
        )
        disk = training_disk_bytes(self.training, self.plan, self.options)
        return Estimate(
            self.training, stages, memory, disk, self.machines.model_copy(update={"devices": devices}),
            interpolate(stages, measured) if measured else known, measured_on=self.devices if measured else 0,
            model_parallel=self.model_parallel,
        )  # fmt: skip

    def _require_even(self, devices: int) -> None:
        batch_size, parts = self.options.batch_size, self.model_parallel
        if devices % parts or batch_size % (devices // parts):
            divided = f", of which {parts} divide a model (hosts.model_parallel)" if parts > 1 else ""
            raise UserError(
                f"The devices of a plan share a batch out evenly. Received: batches of {batch_size} for "
                f"{counted(devices, 'device')}{divided}",
                f"--set plan.devices={parts * _largest_divisor(batch_size, max(1, devices // parts))} does so.",
            )


def _largest_divisor(number: int, most: int) -> int:
    """The largest divisor of a number that is no larger than another one."""
    small = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    return max(one for divisor in small for one in (divisor, number // divisor) if one <= most)


def count_validation(plan: Sequence[Stage], every: int, batches: int) -> dict[str, int]:
    """Batches of all validations of each stage, by its name.

    Args:
        plan: The stages, in order.
        every: Steps of the run between validations; there is always one at the end of a stage.
        batches: Of one validation.
    """
    counts, start = {}, 0
    for stage in plan:
        end = start + stage.steps
        times = end // every - start // every + (end % every > 0)
        counts[stage.name] = times * batches * stage.is_scored
        start = end
    return counts


def show_plan(planned: Planned, measured: Sequence[TimedStage] = ()) -> None:
    """Prints stages, steps, learning rates, losses, parameters, where the run is written, and what it costs.

    Args:
        planned: The training.
        measured: Stages that were timed.
    """
    invocation, estimate = planned.invocation, planned.estimate(measured)
    is_result = invocation.dry_run or bool(measured)
    rows = [
        (stage.name, f"{stage.steps:,}", f"{stage.schedule.peak:g}", _layers(stage), _losses(stage))
        for stage in planned.plan
    ]
    facts = {
        f"{role.replace('_', ' ')} parameters": f"{count:,}" for role, count in planned.parameters.items()
    }
    precision = precision_fact(planned.options, planned.machines, measured)
    steps = counted(estimate.steps, "step")
    console.plan(
        f"Plan: {steps} of {counted(planned.options.batch_size, 'example')}, written to {invocation.run}",
        ["stage", "steps", "rate", "layers that train", "losses"],
        rows,
        facts | ({"precision": precision} if precision else {}) | facts_of(estimate),
        is_result=is_result,
    )
    if not is_result:
        return
    console.result("")
    for table in tables_of(estimate):
        console.table(table.title, table.columns, table.rows)
        for note in [*table.notes, ""] if table.notes else ():
            console.result(note)


def _layers(stage: Stage) -> str:
    if stage.layer_scale is None:
        return "all"
    groups: dict[float, list[str]] = {}
    for layer, scale in stage.layer_scale.items():
        if scale > 0:
            groups.setdefault(scale, []).append(layer)
    return "; ".join(f"{_span(layers)} x {scale:g}" for scale, layers in groups.items())


def _span(layers: list[str]) -> str:
    return layers[0] if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"


def _losses(stage: Stage) -> str:
    return ", ".join(f"{weight:g} {name}" for name, weight in stage.loss_weights.items() if weight)
