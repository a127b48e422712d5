"""Stages and their learning rates."""

import pytest

from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule, Stage, make_schedule


def test_the_rate_rises_from_zero_to_the_peak_and_falls_to_the_final_share():
    schedule = Schedule(peak=0.4, steps=10, warmup_steps=2, final=0.5)
    rates = [schedule.at(step) for step in range(13)]
    expected = [0.0, 0.2, 0.4, 0.375, 0.35, 0.325, 0.3, 0.275, 0.25, 0.225, 0.2, 0.2, 0.2]
    assert rates == pytest.approx(expected)


def test_without_warm_up_the_first_step_has_the_peak():
    assert Schedule(peak=0.4, steps=4, warmup_steps=0, final=0.0).at(0) == 0.4


def test_a_final_share_of_one_keeps_the_peak():
    schedule = Schedule(peak=0.4, steps=4, warmup_steps=1, final=1.0)
    assert [schedule.at(step) for step in range(6)] == [0.0, 0.4, 0.4, 0.4, 0.4, 0.4]


def test_warm_up_through_all_steps_divides_by_nothing():
    schedule = Schedule(peak=0.4, steps=2, warmup_steps=2, final=0.5)
    assert [schedule.at(step) for step in range(4)] == [0.0, 0.2, 0.4, 0.2]


def test_a_recipe_gives_the_warm_up_as_a_share_of_the_steps():
    options = OptimizerOptions(learning_rate=1e-3, warmup_rate=0.25, final_rate=0.1)
    assert make_schedule(options, 200) == Schedule(peak=1e-3, steps=200, warmup_steps=50, final=0.1)


def test_a_stage_trains_every_layer_unless_it_says_otherwise():
    stage = Stage("joint", 10, {"attention": 1.0}, Schedule(1e-3, 10, 1, 0.0))
    assert (stage.layer_scale, stage.compare) == (None, ())


@pytest.mark.parametrize(("steps", "rate", "warmup"), [(1, 0.6, 0), (5, 0.95, 4), (2, 0.9, 1), (0, 0.5, 0)])
def test_the_rise_leaves_the_last_step_to_the_peak(steps, rate, warmup):
    schedule = make_schedule(OptimizerOptions(learning_rate=1e-3, warmup_rate=rate), steps)
    assert schedule.warmup_steps == warmup
    assert schedule.at(max(steps - 1, 0)) == 1e-3
