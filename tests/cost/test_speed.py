"""The speed of stages from those that were timed."""

import pytest

from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.passes import Passes
from mbert_cli.cost.speed import TimedStage, ends_of_kinds, interpolate, speed_of_machines
from mbert_cli.cost.training import StageCost
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage, make_schedule


def cost(name: str, operations: float, loss: str) -> StageCost:
    stage = Stage(name, 10, {loss: 1.0}, make_schedule(OptimizerOptions(), 10))
    return StageCost(stage, Passes(operations), 0, 0)


COSTS = [
    *(cost(f"layer {number}", 100.0 * number, "transfer") for number in (1, 2, 3)),
    cost("last", 900.0, "words"),
]


def test_the_ends_of_each_kind_of_stage_stand_for_all():
    assert [one.stage.name for one in ends_of_kinds(COSTS)] == ["layer 1", "layer 3", "last"]


def test_seconds_between_two_timed_stages_lie_on_a_line():
    timed = [
        TimedStage(COSTS[0], 1.0, 10.0),
        TimedStage(COSTS[2], 2.0, 20.0),
        TimedStage(COSTS[3], 4.0, 30.0),
    ]
    speeds = interpolate(COSTS, timed)
    seconds = {one.stage.name: one.step.total / speeds[one.stage.name].operations_per_second for one in COSTS}
    assert seconds == pytest.approx({"layer 1": 1.0, "layer 2": 1.5, "layer 3": 2.0, "last": 4.0})
    assert speeds["layer 2"].first_step_seconds == pytest.approx(15.0)


def test_a_speed_is_the_peak_times_the_share_that_is_reached():
    speed = speed_of_machines(PlanOptions(teraflops=123, utilisation=0.5))
    assert speed is not None
    assert speed.operations_per_second == pytest.approx(61.5e12)


@pytest.mark.parametrize("given", [{}, {"teraflops": 1.0}, {"utilisation": 0.5}, {"devices": 8}])
def test_without_a_peak_and_a_share_there_is_no_speed(given):
    assert speed_of_machines(PlanOptions(**given)) is None
