"""The plan of a training, as it is shown before its first step."""

from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.products import Network
from mbert_cli.cost.speed import TimedStage
from mbert_cli.cost.training import Training
from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.invocation import invoke
from mbert_cli.sessions.plan import Planned, count_validation, show_plan
from mbert_cli.train.options import OptimizerOptions, TrainOptions
from mbert_cli.train.stage import Stage, make_schedule


def stage(name: str, steps: int, **further) -> Stage:
    schedule = make_schedule(OptimizerOptions(learning_rate=0.5), steps)
    return Stage(name=name, steps=steps, schedule=schedule, **further)


def planned(plan: list[Stage], machines: PlanOptions | None = None) -> Planned:
    invocation = invoke("distill", "quickstart", [], {}, run=Path("runs/x"), dry_run=True)
    network = Network(SIZES["mobilebert_laptop"], 100, ("masked_language_model", "next_sentence"))
    training = Training("student", network, 32, {16: 1.0}, 4)
    options = TrainOptions(batch_size=32)
    return Planned(invocation, plan, training, options, machines or PlanOptions())


def shown(capsys, *arguments) -> list[str]:
    show_plan(*arguments)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_stages_come_with_their_steps_rates_layers_and_losses(capsys):
    scale = {"embeddings": 0.0, "layer_00": 0.1, "layer_01": 0.1, "layer_02": 1.0}
    plan = [
        stage("transfer", 1000, loss_weights={"feature_map": 100.0, "attention": 0.0}, layer_scale=scale),
        stage("distillation", 500, loss_weights={"next_sentence": 1.0, "words": 0.5}),
    ]
    lines = shown(capsys, planned(plan))
    assert lines[0] == "Plan: 1,500 steps of 32 examples, written to runs/x"
    assert "transfer 1,000 0.5 layer_00 to layer_01 x 0.1; layer_02 x 1 100 feature_map" in lines
    assert "distillation 500 0.5 all 1 next_sentence, 0.5 words" in lines
    assert f"student parameters: {sum(planned(plan).parameters.values()):,}" in lines


def test_without_a_speed_no_time_is_said_but_what_would_say_it(capsys):
    lines = shown(capsys, planned([stage("one", 10, loss_weights={"words": 1.0})]))
    (time,) = (line for line in lines if line.startswith("time: "))
    assert time == (
        "time: not known; --set plan.teraflops=... --set plan.utilisation=... plans it for other machines, "
        "--probe times a few steps on this one"
    )
    assert not any(line.startswith("exchange: ") for line in lines)


def test_timed_steps_say_how_long_all_of_them_take(capsys):
    plan = planned([stage("one", 100, loss_weights={"words": 1.0})])
    timed = [TimedStage(plan.stages[0], step_seconds=0.5, first_step_seconds=7.0)]
    lines = shown(capsys, plan, timed)
    assert (
        "time: about 57 s on 1 device, by the speed of this machine: arithmetic 50 s, first steps 7 s"
        in lines
    )


def test_several_devices_without_a_bandwidth_have_a_least_time_alone(capsys):
    machines = PlanOptions(devices=4, teraflops=0.001, utilisation=0.001)
    plan = planned([stage("one", 100, loss_weights={"words": 1.0})], machines)
    (time,) = (line for line in shown(capsys, plan) if line.startswith("time: "))
    assert time.startswith("time: at least ")
    assert time.endswith(
        " on 4 devices, for the arithmetic alone; --set plan.bandwidth=... adds the exchange"
    )


def test_devices_that_do_not_divide_a_batch_are_refused_with_some_that_do():
    plan = planned([stage("one", 10, loss_weights={"words": 1.0})], PlanOptions(devices=12))
    with pytest.raises(UserError, match=r"Received: batches of 32 for 12 devices$") as refused:
        plan.estimate()
    assert refused.value.hint == "--set plan.devices=8 does so."


def test_devices_that_divide_a_model_share_out_its_layers_and_no_rows():
    plan = [stage("one", 10, loss_weights={"words": 1.0})]
    divided = replace(planned(plan, PlanOptions(devices=64)), model_parallel=2)
    whole = planned(plan, PlanOptions(devices=32))
    ours, theirs = divided.estimate().memory, whole.estimate().memory
    assert 0.5 * theirs.activations < ours.activations < theirs.activations
    assert 0.5 * theirs.weights < ours.weights < theirs.weights
    with pytest.raises(UserError, match="for 6 devices, of which 4 divide a model"):
        replace(planned(plan, PlanOptions(devices=6)), model_parallel=4).estimate()


def test_a_run_is_planned_for_the_devices_that_it_trains_on():
    plan = planned([stage("one", 10, loss_weights={"words": 1.0})])
    assert (replace(plan, devices=8).estimate().devices, plan.estimate().devices) == (8, 1)
    machines = PlanOptions(devices=4)
    assert replace(plan, devices=8, machines=machines).estimate().devices == 4


@pytest.mark.parametrize(("every", "times"), [(100, (3, 2)), (300, (1, 2)), (1000, (1, 1))])
def test_a_stage_is_validated_at_the_multiples_of_an_interval_and_at_its_end(every, times):
    plan = [stage("one", 250, loss_weights={}), stage("two", 150, loss_weights={})]
    assert count_validation(plan, every, 10) == {"one": 10 * times[0], "two": 10 * times[1]}


def test_a_stage_that_is_not_scored_has_no_validation():
    assert count_validation([stage("one", 250, loss_weights={}, is_scored=False)], 100, 10) == {"one": 0}
