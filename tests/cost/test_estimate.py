"""How long a training takes, by hand."""

from dataclasses import replace

import pytest

from mbert_cli.cost.estimate import Estimate
from mbert_cli.cost.memory import DeviceMemory
from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.passes import Passes
from mbert_cli.cost.products import Network
from mbert_cli.cost.speed import Speed
from mbert_cli.cost.training import StageCost, Training
from mbert_cli.model.options import SIZES
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage, make_schedule

TRAINING = Training(
    "student",
    Network(SIZES["mobilebert_laptop"], 100),
    8,
    {16: 1.0},
    validation_batches={"one": 5, "two": 10},
)


def cost(name: str, steps: int, operations: float, trained: int) -> StageCost:
    stage = Stage(name, steps, {"words": 1.0}, make_schedule(OptimizerOptions(), steps))
    return StageCost(stage, Passes(operations), validation=operations / 2, trained=trained)


ESTIMATE = Estimate(
    TRAINING,
    [cost("one", 10, 4e9, 250_000), cost("two", 5, 8e9, 1_000_000)],
    DeviceMemory(1, 2, 4, 3, repeats_blocks=True),
    disk_bytes=4,
    options=PlanOptions(devices=2, bandwidth=0.001),
    speeds={"one": Speed(2e9, 3.0), "two": Speed(4e9, 5.0)},
)


def test_operations_and_steps_are_those_of_all_stages():
    assert (ESTIMATE.steps, ESTIMATE.operations.total) == (15, 80e9)


def test_time_is_arithmetic_exchange_first_steps_and_validation():
    # Two devices: 30 s of arithmetic for one; 10 x 1 MB and 5 x 4 MB of gradients at 1 MB a second.
    share = ESTIMATE.on(2)
    assert (share.compute_seconds, share.exchange_seconds) == (15, pytest.approx(30))
    assert ESTIMATE.first_steps_seconds == 8
    assert ESTIMATE.validation_seconds == pytest.approx((5 * 1 + 10 * 1) / 2)
    assert ESTIMATE.seconds == pytest.approx(15 + 30 + 8 + 7.5)


def test_scaling_goes_over_devices_that_divide_a_batch():
    assert [one.devices for one in ESTIMATE.scaling()] == [1, 2, 4, 8]
    assert ESTIMATE.balanced_devices == pytest.approx(1 + 30 / (2 * 30))


def test_what_was_measured_on_as_many_devices_has_its_exchange_without_a_bandwidth():
    alone = replace(ESTIMATE, options=PlanOptions(devices=2))
    assert alone.lacks_exchange
    assert not replace(alone, measured_on=2).lacks_exchange
    assert replace(alone, measured_on=1).lacks_exchange


def test_several_devices_are_not_timed_without_a_bandwidth_nor_any_without_a_speed():
    assert not replace(ESTIMATE, options=PlanOptions(devices=2)).knows_exchange
    assert not replace(ESTIMATE, speeds={}).knows_exchange
    assert ESTIMATE.knows_exchange
