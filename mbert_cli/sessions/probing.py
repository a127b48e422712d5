"""The speed of this machine: a few steps of each kind of stage, without a run."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from mbert_cli import console
from mbert_cli.cost.exchange import share_out
from mbert_cli.cost.shown import show_seconds
from mbert_cli.cost.speed import TimedStage, ends_of_kinds
from mbert_cli.cost.training import StageCost, Training, cost_of_stage
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.hosts.devices import count_devices, own_rows, require_divisible
from mbert_cli.hosts.shares import GlobalBatches
from mbert_cli.sessions.plan import Planned
from mbert_cli.text.batch import Batch
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage
from mbert_cli.train.stage_training import feed_of
from mbert_cli.train.trainability import compile_stage

PROBED_STEPS = 20
"""Steps of a stage that are timed, once everything is compiled."""


def on_all_devices(planned: Planned) -> Planned:
    """The plan for the devices that this process and its hosts share out their batches among."""
    return replace(planned, devices=count_devices())


def probe(planned: Planned, build: Callable[[Stage], Objective], batches: GlobalBatches) -> list[TimedStage]:
    """Times the first and the last stage of each kind; the networks have other weights afterwards.

    Args:
        planned: The training.
        build: Stage -> what it minimises.
        batches: Of the training.

    Returns:
        What a step of each takes, all rows on one device.

    Raises:
        UserError: The devices do not divide a batch, or plan.bandwidth has them exchange for longer than a step takes.
    """
    require_divisible(planned.options.batch_size)
    timed, batch_at = [], own_rows(batches)
    for cost in ends_of_kinds(planned.stages):
        steps = min(PROBED_STEPS, cost.stage.steps)
        console.info(f"Timing {counted(steps, 'step')} of {cost.stage.name}")
        drawn = [batch_at(step) for step in range(steps)]
        first, seconds = _time_stage(build, cost.stage, planned.options, drawn)
        alone = planned.devices * _without_exchange(planned, cost, seconds)
        timed.append(TimedStage(cost, alone * _relative_work(planned.training, cost, drawn), first))
        gc.collect()  # the compiled step of a stage is in cycles
    return timed


def _without_exchange(planned: Planned, cost: StageCost, seconds: float) -> float:
    """A measured step without what its devices exchange, which the plan adds by itself where it knows a bandwidth."""
    work = cost.workload(seconds)
    bandwidth = planned.machines.bandwidth
    exchange = share_out(work, planned.devices, bandwidth, planned.model_parallel).exchange_seconds
    if exchange >= seconds:
        raise UserError(
            f"A step takes longer than its exchange. Received: {show_seconds(seconds)} measured on "
            f"{counted(planned.devices, 'device')}, and {show_seconds(exchange)} by plan.bandwidth={bandwidth:g}",
            "Give plan.bandwidth what these devices reach, in GB a second; without it the time is the measured one.",
        )
    return seconds - exchange


def _time_stage(
    build: Callable[[Stage], Objective], stage: Stage, options: TrainOptions, batches: Sequence[Batch]
) -> tuple[float, float]:
    """Seconds that are spent before the first step and on compiling, and seconds of a step.

    The batches of each new shape run once untimed, and one of them again: the second step of a shape still warms up.
    """
    began = time.perf_counter()
    objective = build(stage)
    compile_stage(objective, stage, options)
    shapes = {batch["token_ids"].shape: batch for batch in reversed(batches)}
    warming = [*shapes.values(), batches[0]]
    _fit(objective, warming)
    warmed = time.perf_counter()
    _fit(objective, batches)
    seconds = (time.perf_counter() - warmed) / len(batches)
    return max(0.0, warmed - began - len(warming) * seconds), seconds


def _fit(objective: Objective, batches: Sequence[Batch]) -> None:
    feed = feed_of(objective, batches.__getitem__, range(len(batches)))
    objective.fit(feed, steps_per_epoch=len(batches), shuffle=False, verbose=0)
    objective.record.read()  # waits for the last step


def _relative_work(training: Training, cost: StageCost, batches: Sequence[Batch]) -> float:
    """How much an average step computes beside those of the batches, which may be shorter or longer.

    A teacher that is to be recorded runs in every step of a probe.
    """
    lengths = Counter(int(batch["token_ids"].shape[1]) for batch in batches)
    shares = {length: count / len(batches) for length, count in lengths.items()}
    probed = replace(training, lengths=shares, recorded=frozenset())
    return cost.step.total / cost_of_stage(probed, cost.stage).step.total
