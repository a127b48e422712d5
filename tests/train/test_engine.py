"""The engine: what it logs, how it stops, and that a continued run is the same run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from mbert_cli.errors import Interrupted, RunError, UserError
from mbert_cli.runs import disk
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.manifest import write_directory
from mbert_cli.train.engine import mean_figures, train
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.weights.store import load_weights
from mbert_cli.weights.variables import read_variables

VOCABULARY, LENGTH, LABELS = 50, 8, 3
SECOND = Stage("second", 11, {"cross_entropy": 1.0}, Schedule(0.02, 11, 3, 0.1))
FIRST = Stage(
    "first", 10, {"cross_entropy": 2.0}, Schedule(0.02, 10, 2, 1.0), {"layer_00": 1.0, "embeddings": 0.1}
)
PLAN = [FIRST, SECOND]


class Killed(BaseException):
    """Ends a training without any warning, as a power cut does."""


class Watch:
    """A display that does something once when a step is reported."""

    def __init__(self, step: int, action: Callable[[], object]) -> None:
        self.step, self.action = step, action

    def update(self, step: int, **fields: object) -> None:
        if step >= self.step and self.action is not None:
            action, self.action = self.action, None
            action()


def make_network(dropout_rate: float = 0.3) -> keras.Model:
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    hidden = keras.layers.Embedding(VOCABULARY, 16, name="embeddings")(ids)
    hidden = keras.layers.Dense(16, activation="relu", name="layer_00")(hidden)
    hidden = keras.layers.Dropout(dropout_rate, seed=5, name="dropout")(hidden)
    logits = keras.layers.Dense(LABELS, name="classifier")(ops.mean(hidden, axis=1))
    network = keras.Model({"ids": ids}, {"logits": logits})
    random = np.random.default_rng(11)
    for weight in network.weights:
        weight.assign(0.3 * random.normal(size=weight.shape))
    return network


def batch_at(step: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(step)
    ids = random.integers(0, VOCABULARY, (6, LENGTH)).astype("int32")
    return {"ids": ids, "labels": (ids[:, 0] % LABELS).astype("int32")}


def objective_of(network: keras.Model) -> Callable[[Stage], Objective]:
    def losses(batch, training):
        logits = network({"ids": batch["ids"]}, training=training)["logits"]
        losses = ops.sparse_categorical_crossentropy(batch["labels"], logits, from_logits=True)
        correct = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), batch["labels"])
        return {"cross_entropy": ops.mean(losses), "accuracy": ops.mean(ops.cast(correct, "float32"))}

    return lambda stage: Objective(network, losses, stage.loss_weights)


def validate(objective: Objective) -> dict[str, float]:
    return mean_figures(objective, map(batch_at, range(1000, 1003)))


OPTIONS = TrainOptions(
    batch_size=6, log_every=4, validate_every=6, checkpoint_every=3, keep_checkpoints=2,
    optimizer={"weight_decay": 0.1},
)  # fmt: skip


def run_in(directory: Path, plan: Sequence[Stage] = PLAN, options: TrainOptions = OPTIONS, **changes: object):
    """One process' attempt at a run: a new network, whatever the directory holds. Returns both."""
    network = changes.pop("network", None) or make_network()
    arguments = {"build": objective_of(network), "batch_at": batch_at, "validate": validate} | changes
    with RunDir.open(directory, "finetune", {"seed": 0}, fresh=False, origin={}) as run:
        return network, train(plan, options=options, run=run, seed=0, **arguments)


def journal(directory: Path, *, timed: bool = False) -> list[dict]:
    lines = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    if timed:
        return lines
    lines = [line for line in lines if "event" not in line]
    return [{key: line[key] for key in line if key != "examples_per_second"} for line in lines]


def checkpoints(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "checkpoints").iterdir())


def kill_at(step: int) -> Watch:
    def die() -> None:
        raise Killed

    return Watch(step, die)


def press_ctrl_c(times: int = 1) -> None:
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)


def assert_same_run(ours: Path, theirs: Path) -> None:
    """Logs, and every array of the last two checkpoints, bit for bit."""
    assert journal(ours) == journal(theirs)
    assert checkpoints(ours) == checkpoints(theirs)
    for file in sorted((ours / "checkpoints").rglob("*.safetensors")):
        arrays, others = load_weights(file), load_weights(theirs / file.relative_to(ours))
        assert arrays.keys() == others.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name], err_msg=f"{file} {name}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray], dict[str, float]]:
    """A run that nothing stopped: directory, weights, figures."""
    directory = tmp_path_factory.mktemp("runs") / "whole"
    network, figures = run_in(directory)
    return directory, read_variables(network), figures


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


def test_a_finished_training_returns_its_figures_again(whole, tmp_path: Path):
    run_in(tmp_path)
    network, figures = run_in(tmp_path)
    assert figures == whole[2]
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, whole[1][name])


def longer(steps: int) -> list[Stage]:
    return [FIRST, replace(SECOND, steps=steps, schedule=Schedule(0.02, steps, 3, 0.1))]


def test_a_finished_run_goes_on_for_more_steps_and_is_the_same_run_if_it_is_killed_on_the_way(tmp_path: Path):
    told: list[tuple[Path, int]] = []
    for name in ("ours", "theirs"):
        run_in(tmp_path / name)
    assert (tmp_path / "ours/checkpoints/step-000021/optimizer.safetensors").is_file()
    run_in(tmp_path / "theirs", plan=longer(20), resumed=lambda *found: told.append(found))
    assert told == [(tmp_path / "theirs/checkpoints/step-000021", 21)]
    for step in (22, 25):
        with pytest.raises(Killed):
            run_in(tmp_path / "ours", plan=longer(20), progress=kill_at(step))
    run_in(tmp_path / "ours", plan=longer(20))
    assert_same_run(tmp_path / "ours", tmp_path / "theirs")
    rates = {
        line["step"]: line["learning_rate"] for line in journal(tmp_path / "ours") if "loss/total" in line
    }
    assert rates[20] == SECOND.schedule.at(9)
    assert rates[24] == longer(20)[1].schedule.at(13)


def test_a_run_whose_last_checkpoint_lacks_the_optimizer_goes_on_with_a_fresh_one(tmp_path: Path):
    run_in(tmp_path)
    (last,) = (tmp_path / "checkpoints").glob("step-000021")
    write_directory(last, lambda folder: copy_without_optimizer(last, folder), replace=True)
    network, _ = run_in(tmp_path, plan=longer(20))
    assert checkpoints(tmp_path)[-1] == "step-000030"
    assert all(np.isfinite(array).all() for array in read_variables(network).values())


def copy_without_optimizer(checkpoint: Path, folder: Path) -> None:
    for file in checkpoint.iterdir():
        if file.name not in ("optimizer.safetensors", "manifest.json"):
            shutil.copy(file, folder)


def test_validation_does_not_change_the_training(whole, tmp_path: Path):
    network, _ = run_in(tmp_path, validate=None)
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


def test_layers_that_are_not_named_do_not_train(tmp_path: Path):
    before = read_variables(make_network())
    network, _ = run_in(tmp_path, plan=[FIRST])
    changed = {name for name, a in read_variables(network).items() if not np.array_equal(a, before[name])}
    assert changed == {"embeddings/embeddings", "layer_00/kernel", "layer_00/bias"}


def test_a_scale_of_zero_freezes_and_a_small_one_slows_down(tmp_path: Path):
    options = OPTIONS.model_copy(
        update={"optimizer": OPTIONS.optimizer.model_copy(update={"weight_decay": 0.0})}
    )

    def moved(name: str, scale: float) -> np.ndarray:
        stage = Stage(
            "s", 1, {"cross_entropy": 1.0}, Schedule(0.1, 1, 0, 1.0), {"layer_00": scale, "embeddings": 0}
        )
        before = read_variables(make_network())
        after = read_variables(run_in(tmp_path / name, plan=[stage], options=options)[0])
        np.testing.assert_array_equal(after["embeddings/embeddings"], before["embeddings/embeddings"])
        return after["layer_00/kernel"] - before["layer_00/kernel"]

    np.testing.assert_allclose(moved("slow", 0.25), 0.25 * moved("full", 1.0), rtol=1e-3, atol=1e-6)


def test_a_scale_for_a_layer_that_is_not_there_is_refused(tmp_path: Path):
    stage = Stage("s", 1, {"cross_entropy": 1.0}, SECOND.schedule, {"layer_00": 1.0, "layer_01": 1.0})
    with pytest.raises(UserError) as refusal:
        run_in(tmp_path, plan=[stage])
    assert refusal.value.message == (
        "A stage can only scale layers of the network, embeddings, layer_00, classifier. Received: layer_01"
    )


def test_layers_of_a_nested_model_are_named_as_if_they_were_not_nested(tmp_path: Path):
    inner = make_network()
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    logits = keras.layers.Dense(LABELS, name="head")(inner({"ids": ids})["logits"])
    network = keras.Model({"ids": ids}, {"logits": logits})
    before = read_variables(network)
    run_in(tmp_path, plan=[FIRST], network=network)
    changed = {name for name, a in read_variables(network).items() if not np.array_equal(a, before[name])}
    assert {name.split("/")[-2] for name in changed} == {"embeddings", "layer_00"}


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
        run_in(tmp_path, network=network, build=build_failing, batch_at=failing_batch_at, validate=None)
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
        run_in(tmp_path, network=network, validate=spoil, best_metric="accuracy")
    assert failure.value.message == (
        "Weights must stay finite. Received: classifier/bias with nan or infinity in stage first after step 6"
    )
    assert checkpoints(tmp_path) == ["step-000003"]


def test_in_the_end_the_network_has_the_weights_of_the_best_validation(tmp_path: Path):
    accuracies = {6: 0.5, 10: 0.75, 12: 0.75, 18: 0.25, 21: 0.5}
    seen: dict[int, dict[str, np.ndarray]] = {}
    network = make_network()

    def by_table(objective: Objective) -> dict[str, float]:
        step = list(accuracies)[len(seen)]
        seen[step] = read_variables(network)
        return {"accuracy": accuracies[step]}

    _, figures = run_in(tmp_path, network=network, validate=by_table, best_metric="accuracy")
    assert (figures["validation/accuracy"], figures["best_step"]) == (0.75, 10.0)
    for name, array in read_variables(network).items():
        np.testing.assert_array_equal(array, seen[10][name])
    assert checkpoints(tmp_path) == ["best-000010", "step-000018", "step-000021"]

    again, repeated = run_in(tmp_path, validate=by_table, best_metric="accuracy")
    assert repeated == figures
    for name, array in read_variables(again).items():
        np.testing.assert_array_equal(array, seen[10][name])


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


def test_tensorflow_and_jax_have_the_same_losses(tmp_path: Path):
    code = (
        "import json, sys; from pathlib import Path; from tests.train.test_engine import train_without_dropout;"
        "print(json.dumps(train_without_dropout(Path(sys.argv[1]))))"
    )
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    printed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / other)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "KERAS_BACKEND": other},
    ).stdout  # fmt: skip
    ours = train_without_dropout(tmp_path / "ours")
    assert len(ours) == 21
    assert ours == pytest.approx(json.loads(printed), rel=1e-4)


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
