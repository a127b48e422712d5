"""The loop of one stage: what it logs, when it validates, saves and stops."""

import signal
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from mbert_cli.errors import Interrupted, RunError
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage
from mbert_cli.train.stage_training import Validation
from mbert_cli.weights.variables import read_variables
from tests.train.toy_training import (
    FIRST,
    LABELS,
    OPTIONS,
    SECOND,
    Killed,
    Watch,
    assert_same_run,
    batch_at,
    checkpoints,
    journal,
    make_network,
    objective_of,
    press_ctrl_c,
    run_in,
)


def test_the_log_has_the_steps_names_and_rates_that_the_plan_asks_for(whole):
    lines = journal(whole[0])
    figures = [line for line in lines if "loss/total" in line]
    assert [(line["step"], line["stage"]) for line in figures] == [
        (4, "first"), (8, "first"), (10, "first"), (12, "second"), (16, "second"), (20, "second"), (21, "second"),
    ]  # fmt: skip
    assert set(figures[0]) == {
        "step", "stage", "loss/total", "loss/cross_entropy", "metric/accuracy", "learning_rate",
    }  # fmt: skip
    assert [line["learning_rate"] for line in figures] == [
        FIRST.schedule.at(3), FIRST.schedule.at(7), FIRST.schedule.at(9), SECOND.schedule.at(1),
        SECOND.schedule.at(5), SECOND.schedule.at(9), SECOND.schedule.at(10),
    ]  # fmt: skip
    assert figures[0]["loss/total"] == pytest.approx(2 * figures[0]["loss/cross_entropy"])
    validations = [line for line in lines if "validation/total" in line]
    assert [line["step"] for line in validations] == [6, 10, 12, 18, 21]
    assert set(validations[0]) == {
        "step", "stage", "validation/total", "validation/cross_entropy", "validation/accuracy",
    }  # fmt: skip


def test_the_log_says_how_long_each_stage_took_to_its_first_step(whole):
    events = [line for line in journal(whole[0], timed=True) if "event" in line]
    assert [(line["step"], line["stage"], line["event"]) for line in events] == [
        (1, "first", "first_step"), (11, "second", "first_step"),
    ]  # fmt: skip
    assert all(line["seconds"] > 0 for line in events)


def test_the_log_has_the_speed_without_the_first_step(whole):
    lines = [line for line in journal(whole[0], timed=True) if "loss/total" in line]
    assert all(line["examples_per_second"] > 0 for line in lines)


def test_ctrl_c_ends_the_step_saves_and_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted) as stop:
        run_in(Path("runs/x"), progress=Watch(5, press_ctrl_c))
    assert stop.value.message == "Stopped at step 5 of 21; the state is saved in runs/x"
    assert stop.value.hint == "The same command continues from there."
    assert checkpoints(Path("runs/x")) == ["step-000003", "step-000005"]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_ctrl_c_ends_at_once(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path, progress=Watch(4, lambda: press_ctrl_c(times=2)))
    assert checkpoints(tmp_path) == ["step-000003"]


def test_validation_does_not_change_the_training(whole, tmp_path: Path):
    network, _ = run_in(tmp_path, validation=None)
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, whole[1][name])
    ours = [line for line in journal(whole[0]) if "loss/total" in line]
    assert journal(tmp_path) == ours


def test_several_steps_in_an_execution_change_nothing(whole, tmp_path: Path):
    network, figures = run_in(tmp_path, options=OPTIONS.model_copy(update={"steps_per_execution": 4}))
    assert [line["step"] for line in journal(tmp_path)] == [line["step"] for line in journal(whole[0])]
    assert figures == pytest.approx(whole[2], rel=1e-5)
    for name, array in read_variables(network).items():
        np.testing.assert_allclose(array, whole[1][name], rtol=1e-5, atol=1e-6)


def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_last_good_checkpoint(tmp_path: Path):
    network = make_network()
    build = objective_of(network)

    def build_failing(stage: Stage) -> Objective:
        objective = build(stage)
        losses = objective.loss_function

        def failing(batch, training):
            figures = losses({name: batch[name] for name in ("ids", "labels")}, training)
            return figures | {"cross_entropy": figures["cross_entropy"] * ops.mean(batch["factor"])}

        objective.loss_function = failing
        return objective

    def failing_batch_at(step: int) -> dict[str, np.ndarray]:
        return batch_at(step) | {"factor": np.full(6, np.nan if step == 13 else 1, "float32")}

    with pytest.raises(RunError) as failure:
        run_in(tmp_path, network=network, build=build_failing, batch_at=failing_batch_at, validation=None)
    assert failure.value.message == (
        "A loss must stay finite. Received: loss/cross_entropy nan in stage second at step 14, after finite losses "
        "up to step 13"
    )
    assert failure.value.hint == (
        f"The last good checkpoint is {tmp_path}/checkpoints/step-000012. Lower train.optimizer.learning_rate and "
        "begin again with --fresh."
    )
    assert checkpoints(tmp_path) == ["step-000010", "step-000012"]


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path):
    network = make_network()
    bias = network.get_layer("classifier").bias

    def spoil(objective: Objective) -> dict[str, float]:
        bias.assign(np.full(LABELS, np.nan))
        return {"accuracy": 0.5}

    with pytest.raises(RunError) as failure:
        run_in(tmp_path, network=network, validation=Validation(spoil, "accuracy"))
    assert failure.value.message == (
        "Weights must stay finite. Received: classifier/bias with nan or infinity in stage first after step 6"
    )
    assert checkpoints(tmp_path) == ["step-000003"]


def test_a_watch_is_told_of_each_validation_and_what_it_ends_can_go_on(whole, tmp_path: Path):
    told = []

    def end(step: int) -> None:
        told.append(step)
        if step == 12:
            raise Killed

    with pytest.raises(Killed):
        run_in(tmp_path, watch=end)
    assert told == [6, 10, 12]
    assert [line["step"] for line in journal(tmp_path) if "validation/total" in line] == told
    run_in(tmp_path)
    assert_same_run(tmp_path, whole[0])
