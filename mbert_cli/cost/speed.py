"""How long a step takes on one device: by its data sheet, or by steps that were timed."""

from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.cost.exchange import TERAFLOP
from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.training import StageCost


@dataclass(frozen=True)
class Speed:
    """How fast a stage trains.

    Attributes:
        operations_per_second: Floating-point operations of its matrix products, all that lies between them included.
        first_step_seconds: What its first step takes longer, since it is compiled; 0 where that is not known.
    """

    operations_per_second: float
    first_step_seconds: float = 0.0


@dataclass(frozen=True)
class TimedStage:
    """Steps of a stage that were run.

    Attributes:
        cost: The stage.
        step_seconds: A step of the stage, on average.
        first_step_seconds: What the first one took longer.
    """

    cost: StageCost
    step_seconds: float
    first_step_seconds: float


def speed_of_machines(options: PlanOptions) -> Speed | None:
    """The speed that a plan gives: plan.teraflops x plan.utilisation; None where it gives none."""
    if options.teraflops is None or options.utilisation is None:
        return None
    return Speed(options.teraflops * TERAFLOP * options.utilisation)


def kinds_of_stages(costs: Sequence[StageCost]) -> list[list[StageCost]]:
    """Stages that differ in nothing but how much of the networks runs and trains, in their order."""
    kinds: dict[tuple[object, ...], list[StageCost]] = {}
    for cost in costs:
        stage = cost.stage
        compared = tuple(sorted({loss for one in stage.compare for loss in one.losses}))
        is_output = tuple(one.student_place is None for one in stage.compare)
        kinds.setdefault((tuple(sorted(stage.loss_weights)), compared, is_output), []).append(cost)
    return list(kinds.values())


def ends_of_kinds(costs: Sequence[StageCost]) -> list[StageCost]:
    """The first and the last stage of each kind, between which the others lie; they stand for all."""
    return [
        cost
        for kind in kinds_of_stages(costs)
        for cost in (kind[:1] if len(kind) == 1 else [kind[0], kind[-1]])
    ]


def interpolate(costs: Sequence[StageCost], timed: Sequence[TimedStage]) -> dict[str, Speed]:
    """The speed of every stage by its name, from those at both ends of each kind that were timed.

    The seconds of a step lie on a line over its operations.

    Args:
        costs: All stages.
        timed: One of each of `ends_of_kinds`.
    """
    known = {one.cost.stage.name: one for one in timed}
    speeds = {}
    for kind in kinds_of_stages(costs):
        first, last = known[kind[0].stage.name], known[kind[-1].stage.name]
        for cost in kind:
            speeds[cost.stage.name] = _between(first, last, cost)
    return speeds


def _between(first: TimedStage, last: TimedStage, cost: StageCost) -> Speed:
    start, end = first.cost.step.total, last.cost.step.total
    share = (cost.step.total - start) / (end - start) if end > start else 0.0
    seconds = first.step_seconds + share * (last.step_seconds - first.step_seconds)
    compiling = first.first_step_seconds + share * (last.first_step_seconds - first.first_step_seconds)
    return Speed(cost.step.total / seconds, max(0.0, compiling))
