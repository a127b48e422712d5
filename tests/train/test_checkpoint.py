"""Checkpoints: what is in them, which are kept, what happens to damaged ones."""

import errno
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.errors import RunError
from mbert_cli.train import checkpoint as checkpoint_module
from mbert_cli.train.checkpoint import (
    Best,
    TrainingState,
    best_path,
    newest_checkpoint,
    restore_optimizer_of,
    restore_random_states,
    restore_weights,
    save_best,
    save_checkpoint,
)
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.train.trainability import compile_stage
from mbert_cli.weights.variables import read_variables

STAGE = Stage("only", 10, {"mean": 1.0}, Schedule(0.1, 10, 0, 1.0))


def make_objective(seed: int = 0) -> Objective:
    value = keras.Input((3,), name="value")
    hidden = keras.layers.Dense(4, name="layer_00")(value)
    outputs = keras.layers.Dense(2, name="head")(keras.layers.Dropout(0.5, seed=7)(hidden))
    network = keras.Model({"value": value}, outputs)
    random = np.random.default_rng(seed)
    for weight in network.weights:
        weight.assign(random.normal(size=weight.shape))
    objective = Objective(network, lambda batch, training: {"mean": 0.0}, STAGE.loss_weights)
    compile_stage(objective, STAGE, TrainOptions())
    return objective


def save(
    directory: Path, step: int, objective: Objective | None = None, keep: int = 2, **fields: object
) -> Path:
    progress = TrainingState(step=step, stage="only", **fields)
    return save_checkpoint(directory, progress, objective or make_objective(), with_optimizer=True, keep=keep)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def refuse_warnings(message: str) -> None:
    raise AssertionError(message)


def test_a_checkpoint_holds_exactly_these_files(tmp_path: Path):
    path = save(tmp_path, 200)
    assert path == tmp_path / "step-000200"
    assert names(path) == {
        "weights.safetensors", "optimizer.safetensors", "random.safetensors", "state.json", "manifest.json",
    }  # fmt: skip


def test_between_two_stages_no_optimizer_is_saved(tmp_path: Path):
    progress = TrainingState(step=10, stage="only")
    path = save_checkpoint(tmp_path, progress, make_objective(), with_optimizer=False, keep=2)
    assert "optimizer.safetensors" not in names(path)


def test_everything_comes_back_bit_for_bit(tmp_path: Path):
    saved, other = make_objective(seed=0), make_objective(seed=1)
    for variable in saved.optimizer.variables:
        variable.assign(np.full(variable.shape, 3))
    states = [v for v in saved.network.variables if v.name == "seed_generator_state"]
    states[0].assign([7, 41])
    path = save(tmp_path, 3, saved)

    restore_weights(path, other.network)
    restore_random_states(path, other.network)
    restore_optimizer_of(path, other)
    for ours, theirs in zip(saved.network.variables, other.network.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    for ours, theirs in zip(saved.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_progress_comes_back_exactly(tmp_path: Path):
    best = Best(step=2, value=0.1 + 0.2, figures={"validation/accuracy": 0.1 + 0.2})
    fields = {
        "sums": {"loss/total": 1 / 3},
        "summed_steps": 3,
        "figures": {"loss/total": 2 / 3},
        "best": best,
    }
    save_best(tmp_path, best, make_objective())
    path = save(tmp_path, 3, **fields)
    assert newest_checkpoint(tmp_path, refuse_warnings) == (
        path,
        TrainingState(step=3, stage="only", **fields),
    )


def test_without_a_checkpoint_there_is_none(tmp_path: Path):
    assert newest_checkpoint(tmp_path / "checkpoints", refuse_warnings) is None


def test_the_newest_are_kept_and_nothing_else_is_touched(tmp_path: Path):
    (tmp_path / "step-000001.old-1").mkdir()
    (tmp_path / "notes").mkdir()
    for step in (1, 2, 999_999, 1_000_000):
        save(tmp_path, step)
    assert names(tmp_path) == {"step-999999", "step-1000000", "step-000001.old-1", "notes"}


def test_what_a_killed_session_left_unfinished_goes_with_the_next_checkpoint(tmp_path: Path):
    dead = 999_999_999  # above every system's largest process number
    for name in (f"step-000003.partial-{dead}", f"best-000003.partial-{dead}", f"other.partial-{dead}"):
        (tmp_path / name).mkdir()
    save(tmp_path, 4)
    assert names(tmp_path) == {"step-000004", f"other.partial-{dead}"}


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path: Path):
    for step in (2, 4):
        save(tmp_path, step)
    weights = tmp_path / "step-000004" / "weights.safetensors"
    size = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:-10])
    messages = []
    found = newest_checkpoint(tmp_path, messages.append)
    assert found == (tmp_path / "step-000002", TrainingState(step=2, stage="only"))
    assert messages == [
        (
            f"A directory must match its manifest.json. Received: {tmp_path}/step-000004, where weights.safetensors "
            f"is truncated ({size - 10} of {size} bytes). It is now step-000004.old-1; trying step-000002"
        )
    ]
    assert names(tmp_path) == {"step-000002", "step-000004.old-1"}


def test_when_every_checkpoint_is_damaged_the_run_begins_anew(tmp_path: Path):
    (save(tmp_path, 2) / "state.json").unlink()
    messages = []
    assert newest_checkpoint(tmp_path, messages.append) is None
    assert messages == [
        (
            f"A directory must match its manifest.json. Received: {tmp_path}/step-000002, where state.json is missing. "
            "It is now step-000002.old-1; trying the beginning"
        )
    ]


def test_a_checkpoint_whose_best_weights_are_damaged_comes_behind_one_that_has_them(tmp_path: Path):
    objective = make_objective()
    for step in (2, 4):
        save_best(tmp_path, Best(step, step / 10, {}), objective)
        save(tmp_path, step, best=Best(step, step / 10, {}))
    (tmp_path / "best-000004" / "weights.safetensors").unlink()
    messages = []
    path, state = newest_checkpoint(tmp_path, messages.append)
    assert (path.name, state.best) == ("step-000002", Best(2, 0.2, {}))
    assert messages == [
        (
            f"A directory must match its manifest.json. Received: {tmp_path}/best-000004, where weights.safetensors is "
            "missing. It is now best-000004.old-1; looking for one before step-000004"
        ),
        "step-000004 has no best validation any more. It is now step-000004.old-1",
    ]


def test_where_no_checkpoint_has_its_best_weights_the_newest_goes_on_without(tmp_path: Path):
    best = Best(2, 0.2, {})
    save_best(tmp_path, best, make_objective())
    for step in (2, 4):
        save(tmp_path, step, best=best)
    (tmp_path / "best-000002" / "state.json").write_text("{")
    messages = []
    assert newest_checkpoint(tmp_path, messages.append) == (
        tmp_path / "step-000004", TrainingState(step=4, stage="only")
    )  # fmt: skip
    assert messages[-1] == (
        "step-000004 goes on without a best validation: the best of those that follow is kept, if any do"
    )
    assert {"step-000002", "step-000004", "best-000002.old-1"} == names(tmp_path)


def test_an_older_checkpoint_that_cannot_be_read_keeps_the_best_weights_and_ends_nothing(tmp_path: Path):
    best = Best(2, 0.2, {})
    save_best(tmp_path, best, make_objective())
    (save(tmp_path, 2, best=best) / "state.json").write_text("{")
    save_best(tmp_path, Best(4, 0.4, {}), make_objective())
    save(tmp_path, 4, best=Best(4, 0.4, {}))
    assert names(tmp_path) == {"step-000002", "step-000004", "best-000002", "best-000004"}


def test_the_best_weights_stay_as_long_as_a_checkpoint_refers_to_them(tmp_path: Path):
    objective = make_objective()
    bests = {step: Best(step, step / 10, {}) for step in (2, 4, 6)}
    for step, best in bests.items():
        save_best(tmp_path, best, objective)
        save(tmp_path, step, best=best)
    assert names(tmp_path) == {"step-000004", "step-000006", "best-000004", "best-000006"}
    assert names(best_path(tmp_path, bests[6])) == {"weights.safetensors", "state.json", "manifest.json"}


def test_the_best_weights_are_not_removed_before_a_checkpoint_knows_better_ones(tmp_path: Path):
    objective = make_objective()
    save_best(tmp_path, Best(2, 0.2, {}), objective)
    save(tmp_path, 3, best=Best(2, 0.2, {}))
    save_best(tmp_path, Best(4, 0.4, {}), objective)
    assert names(tmp_path) == {"step-000003", "best-000002", "best-000004"}


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save(tmp_path, 2, keep=1)
    before = read_variables(make_objective().network)

    def fill_up(path: Path, arrays: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint_module, "save_weights", fill_up)
    with pytest.raises(RunError) as failure:
        save(tmp_path, 4, keep=1)
    assert failure.value.message == (
        f"The disk must have room for what is written. Received: a full disk at {tmp_path}/step-000004"
    )
    assert failure.value.hint == "Free space there and run the same command again."
    assert names(tmp_path) == {"step-000002"}
    path, _ = newest_checkpoint(tmp_path, refuse_warnings)
    other = make_objective(seed=1)
    restore_weights(path, other.network)
    for name, array in read_variables(other.network).items():
        np.testing.assert_array_equal(array, before[name])
