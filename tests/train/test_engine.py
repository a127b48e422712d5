"""A plan from stage to stage: that a continued run is the same run, and what it leaves in the end."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.errors import Interrupted, UserError
from mbert_cli.runs import disk
from mbert_cli.runs.manifest import write_directory
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.train.stage_training import Validation
from mbert_cli.weights.store import load_weights
from mbert_cli.weights.variables import read_variables
from tests.train.toy_training import (
    FIRST,
    OPTIONS,
    SECOND,
    Killed,
    Watch,
    assert_same_run,
    checkpoints,
    journal,
    kill_at,
    make_network,
    press_ctrl_c,
    run_in,
)


def test_the_figures_returned_are_the_last_ones_of_the_last_stage(whole):
    directory, _, figures = whole
    lines = [line for line in journal(directory) if line["stage"] == "second"]
    newest = {key: value for line in lines for key, value in line.items() if "/" in key}
    assert figures == newest


def test_the_newest_checkpoints_are_kept(whole):
    assert checkpoints(whole[0]) == ["step-000018", "step-000021"]


@pytest.mark.parametrize("step", [5, 8, 11, 17])
def test_a_killed_run_goes_on_bit_for_bit(step: int, whole, tmp_path: Path):
    with pytest.raises(Killed):
        run_in(tmp_path, progress=kill_at(step))
    network, figures = run_in(tmp_path)
    assert_same_run(tmp_path, whole[0])
    assert figures == whole[2]
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, whole[1][name])


@pytest.mark.parametrize("steps", [[2], [10], [13, 14, 19]])
def test_a_run_that_was_stopped_anywhere_goes_on_bit_for_bit(steps: list[int], whole, tmp_path: Path):
    for step in steps:
        with pytest.raises(Interrupted):
            run_in(tmp_path, progress=Watch(step, press_ctrl_c))
    _, figures = run_in(tmp_path)
    assert figures == whole[2]
    assert journal(tmp_path) == journal(whole[0])
    last = "checkpoints/step-000021/weights.safetensors"
    for name, array in load_weights(tmp_path / last).items():
        np.testing.assert_array_equal(array, load_weights(whole[0] / last)[name])


@pytest.fixture
def finished(whole, tmp_path: Path) -> Path:
    """A copy of the run that was never stopped."""
    return shutil.copytree(whole[0], tmp_path / "finished")


def test_a_finished_training_returns_its_figures_again(whole, finished: Path):
    network, figures = run_in(finished)
    assert figures == whole[2]
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, whole[1][name])


def longer(steps: int) -> list[Stage]:
    return [FIRST, replace(SECOND, steps=steps, schedule=Schedule(0.02, steps, 3, 0.1))]


def test_a_finished_run_goes_on_for_more_steps_and_is_the_same_run_if_it_is_killed_on_the_way(
    finished: Path, tmp_path: Path
):
    told: list[tuple[Path, int]] = []
    theirs = shutil.copytree(finished, tmp_path / "theirs")
    assert (finished / "checkpoints/step-000021/optimizer.safetensors").is_file()
    run_in(theirs, plan=longer(20), resumed=lambda *found: told.append(found))
    assert told == [(theirs / "checkpoints/step-000021", 21)]
    for step in (22, 25):
        with pytest.raises(Killed):
            run_in(finished, plan=longer(20), progress=kill_at(step))
    run_in(finished, plan=longer(20))
    assert_same_run(finished, theirs)
    rates = {line["step"]: line["learning_rate"] for line in journal(finished) if "loss/total" in line}
    assert rates[20] == SECOND.schedule.at(9)
    assert rates[24] == longer(20)[1].schedule.at(13)


def test_a_run_whose_last_checkpoint_lacks_the_optimizer_goes_on_with_a_fresh_one(finished: Path):
    (last,) = (finished / "checkpoints").glob("step-000021")
    write_directory(last, lambda folder: copy_without_optimizer(last, folder), replace=True)
    network, _ = run_in(finished, plan=longer(20))
    assert checkpoints(finished)[-1] == "step-000030"
    assert all(np.isfinite(array).all() for array in read_variables(network).values())


def copy_without_optimizer(checkpoint: Path, folder: Path) -> None:
    for file in checkpoint.iterdir():
        if file.name not in ("optimizer.safetensors", "manifest.json"):
            shutil.copy(file, folder)


def test_in_the_end_the_network_has_the_weights_of_the_best_validation(tmp_path: Path):
    accuracies = {6: 0.5, 10: 0.75, 12: 0.75, 18: 0.25, 21: 0.5}
    seen: dict[int, dict[str, np.ndarray]] = {}
    network = make_network()

    def by_table(objective: Objective) -> dict[str, float]:
        step = list(accuracies)[len(seen)]
        seen[step] = read_variables(network)
        return {"accuracy": accuracies[step]}

    _, figures = run_in(tmp_path, network=network, validation=Validation(by_table, "accuracy"))
    assert (figures["validation/accuracy"], figures["best_step"]) == (0.75, 10.0)
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, seen[10][name])
    assert checkpoints(tmp_path) == ["best-000010", "step-000018", "step-000021"]

    again, repeated = run_in(tmp_path, validation=Validation(by_table, "accuracy"))
    assert repeated == figures
    for name, array in read_variables(again).items():
        np.testing.assert_array_equal(array, seen[10][name])


def test_a_score_that_is_no_number_is_never_the_best(tmp_path: Path):
    scores = iter([float("nan"), 0.5, 0.75, float("nan"), 0.25])
    _, figures = run_in(
        tmp_path, validation=Validation(lambda objective: {"accuracy": next(scores)}, "accuracy")
    )
    assert (figures["validation/accuracy"], figures["best_step"]) == (0.75, 12.0)


def test_without_its_best_weights_a_finished_training_ends_with_the_last_ones(tmp_path: Path):
    scores = iter([0.1, 0.9, 0.2, 0.2, 0.2])
    options = {"validation": Validation(lambda objective: {"accuracy": next(scores)}, "accuracy")}
    _, figures = run_in(tmp_path, **options)
    assert figures["best_step"] == 10.0
    (tmp_path / "checkpoints/best-000010/weights.safetensors").unlink()
    messages: list[str] = []
    network, figures = run_in(tmp_path, warn=messages.append, **options)
    assert "best_step" not in figures and "goes on without a best validation" in messages[-1]
    last = load_weights(tmp_path / "checkpoints/step-000021/weights.safetensors")
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, last[name])


def test_a_stage_that_is_not_scored_is_not_validated_and_never_the_best(tmp_path: Path):
    calls = []

    def falling(objective: Objective) -> dict[str, float]:
        calls.append(objective)
        return {"accuracy": 1.0 / len(calls)}

    plan = [replace(FIRST, is_scored=False), SECOND]
    _, figures = run_in(tmp_path, plan=plan, validation=Validation(falling, "accuracy"))
    lines = [line for line in journal(tmp_path) if "validation/accuracy" in line]
    assert [(line["step"], line["stage"]) for line in lines] == [
        (12, "second"),
        (18, "second"),
        (21, "second"),
    ]
    assert figures["best_step"] == 12.0


def test_after_a_damaged_checkpoint_the_run_goes_on_from_the_one_before(whole, tmp_path: Path):
    with pytest.raises(Killed):
        run_in(tmp_path, progress=kill_at(8))
    damaged = tmp_path / "checkpoints" / "step-000006"
    (damaged / "random.safetensors").unlink()
    messages = []
    network, _ = run_in(tmp_path, warn=messages.append)
    assert messages == [
        (
            f"A directory must match its manifest.json. Received: {damaged}, where random.safetensors is missing. "
            "It is now step-000006.old-1; trying step-000003"
        )
    ]
    assert journal(tmp_path) == journal(whole[0])
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, whole[1][name])


def test_without_room_for_checkpoints_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(UserError) as refusal:
        run_in(tmp_path)
    # 50 * 16 + 16 * 16 + 16 + 16 * 3 + 3 = 1123 values, 11 times 4 bytes each
    assert refusal.value.message == f"The disk must have 49.4 kB free to write {tmp_path}. Received: 1.00 kB"
    assert refusal.value.exit_code == 2
    assert not (tmp_path / "checkpoints").exists()


def train_without_dropout(directory: Path) -> list[float]:
    """Losses of a run that is stopped once; also called by a process with another backend."""
    options = OPTIONS.model_copy(update={"log_every": 1})
    with pytest.raises(Interrupted):
        run_in(directory, options=options, network=make_network(0.0), progress=Watch(7, press_ctrl_c))
    run_in(directory, options=options, network=make_network(0.0))
    return [line["loss/total"] for line in journal(directory) if "loss/total" in line]


def test_tensorflow_and_two_devices_of_jax_have_the_same_losses(tmp_path: Path):
    code = (
        "import json, sys; from pathlib import Path; from tests.train.test_engine import train_without_dropout;"
        "from mbert_cli.hosts.devices import distribute; distribute();"
        "print(json.dumps(train_without_dropout(Path(sys.argv[1]))))"
    )
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    printed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / other)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "KERAS_BACKEND": other, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"},
    ).stdout  # fmt: skip
    ours = train_without_dropout(tmp_path / "ours")
    assert len(ours) == 21
    assert ours == pytest.approx(json.loads(printed), rel=1e-4)
