"""Gradients of several steps that make one update."""

from dataclasses import replace

import numpy as np
import pytest

from mbert_cli.train.optimizer import optimizer_state, restore_optimizer
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule
from tests.train.toy_optimizer import draw_gradients, make, make_variables, single, values


@pytest.mark.parametrize("name", ["adamw", "lamb"])
def test_accumulated_gradients_equal_their_mean_at_once(name: str):
    options = OptimizerOptions(name=name)
    gathered, at_once = make_variables(), make_variables()
    waiting = make(options, gathered, accumulation_steps=3)
    direct = make(options, at_once)
    for update in range(2):
        parts = [draw_gradients(3 * update + part) for part in range(3)]
        before = values(gathered)
        for part in parts[:2]:
            waiting.apply(part)
        for weight, old in zip(values(gathered), before, strict=True):
            np.testing.assert_array_equal(weight, old)
        waiting.apply(parts[2])
        direct.apply([np.mean(gradients, axis=0) for gradients in zip(*parts, strict=True)])
        for weight, wanted in zip(values(gathered), values(at_once), strict=True):
            np.testing.assert_allclose(weight, wanted, rtol=1e-5, atol=1e-6)


def test_the_last_step_of_a_stage_updates_with_what_has_gathered():
    options = OptimizerOptions(weight_decay=0.0)
    schedule = Schedule(peak=0.1, steps=4, warmup_steps=0, final=1.0)
    gathered, at_once = make_variables(), make_variables()
    waiting = make(options, gathered, schedule, accumulation_steps=3)
    direct = make(options, at_once, schedule)
    for step in range(4):
        waiting.apply(draw_gradients(step))
    direct.apply([np.mean(g, axis=0) for g in zip(*map(draw_gradients, range(3)), strict=True)])
    direct.apply(draw_gradients(3))
    for weight, wanted in zip(values(gathered), values(at_once), strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=1e-5, atol=1e-6)


def test_a_run_that_goes_on_for_more_steps_gathers_from_its_first_one_on():
    """6 steps, 4 to an update, are an update of 4 and one of 2; those that follow begin with none."""
    options = OptimizerOptions(weight_decay=0.0, beta_1=0.0, beta_2=0.0, bias_correction=False)
    schedule = Schedule(peak=0.1, steps=6, warmup_steps=0, final=1.0)
    variables = single([0.0])
    shorter = make(options, variables, schedule, accumulation_steps=4)
    for _ in range(6):
        shorter.apply([np.ones(1, "float32")])
    longer = make(options, variables, replace(schedule, steps=12), accumulation_steps=4)
    restore_optimizer(longer, optimizer_state(shorter))
    moments = []
    for _ in range(6):
        longer.apply([np.ones(1, "float32")])
        moments.append(float(optimizer_state(longer)["optimizer/first_moment_0"][0]))
    assert moments == [1.0] * 6
    assert values(variables)[0][0] == pytest.approx(-0.1 * 4)


def test_the_state_of_an_earlier_version_counts_its_gradients_from_the_first_step():
    options, variables = OptimizerOptions(), make_variables()
    optimizer = make(options, variables, accumulation_steps=4)
    for step in range(6):
        optimizer.apply(draw_gradients(step))
    state = optimizer_state(optimizer)
    assert state.pop("optimizer/gathered") == 2
    restored = make(options, make_variables(1), accumulation_steps=4)
    restore_optimizer(restored, state)
    assert optimizer_state(restored)["optimizer/gathered"] == 2
