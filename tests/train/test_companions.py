"""Layers that a stage trains beside its network: trained, kept between stages, resumed bit for bit, never a result."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.manifest import write_directory
from mbert_cli.train.checkpoint import load_companions
from mbert_cli.train.companions import companion_states
from mbert_cli.train.engine import mean_figures, train
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.train.stage_training import Validation
from mbert_cli.weights.store import load_weights
from mbert_cli.weights.variables import read_variables

VOCABULARY, LENGTH, WIDTH, TEACHER_WIDTH = 20, 4, 6, 9
OPTIONS = TrainOptions(batch_size=4, log_every=1, checkpoint_every=2, keep_checkpoints=9)
RATE = Schedule(0.05, 5, 0, 1.0)
ONES = {"distance": 1.0}
PLAN = [
    Stage("transfer layer_00", 5, ONES, RATE, {"embeddings": 0.1, "layer_00": 1.0}),
    Stage("transfer layer_01", 5, ONES, RATE, {"embeddings": 0.1, "layer_00": 0.1, "layer_01": 1.0}),
]
COMPANIONS = {"transfer layer_00": ("shared", "first"), "transfer layer_01": ("shared", "second")}
"""By stage the names of its projections: one continues over both, and each has one of its own."""


class Killed(BaseException):
    """Ends a training without any warning, as a power cut does."""


class KillAt:
    """A display that kills the training when a step is reported."""

    def __init__(self, step: int) -> None:
        self.step = step

    def update(self, step: int, **fields: object) -> None:
        if step >= self.step:
            raise Killed


def make_network() -> keras.Model:
    """Embeddings and two layers, whose outputs it returns."""
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    states = [keras.layers.Embedding(VOCABULARY, WIDTH, name="embeddings")(ids)]
    for layer in range(2):
        states.append(keras.layers.Dense(WIDTH, activation="tanh", name=f"layer_{layer:02d}")(states[-1]))
    network = keras.Model({"ids": ids}, states)
    random = np.random.default_rng(3)
    for weight in network.weights:
        weight.assign(0.3 * random.normal(size=weight.shape))
    return network


def make_projection(name: str) -> keras.layers.Layer:
    """A new layer from the network's width to the teacher's, behind a dropout that has a random state."""
    layers = [
        keras.layers.Dropout(0.2, seed=5, name=f"{name}_dropout"),
        keras.layers.Dense(TEACHER_WIDTH, name=name, kernel_initializer=keras.initializers.RandomNormal(seed=7)),
    ]  # fmt: skip
    projection = keras.Sequential(layers, name=f"{name}_projection")
    projection.build((None, LENGTH, WIDTH))
    return projection


def batch_at(step: int) -> dict[str, np.ndarray]:
    ids = np.random.default_rng(step).integers(0, VOCABULARY, (4, LENGTH)).astype("int32")
    teacher = np.random.default_rng(1).normal(size=(VOCABULARY, TEACHER_WIDTH)).astype("float32")
    return {"ids": ids, "teacher": teacher[ids]}


def build_of(network: keras.Model, names: dict[str, Sequence[str]]) -> Callable[[Stage], Objective]:
    """Stage -> its objective, with layers that are made for it."""

    def build(stage: Stage) -> Objective:
        companions = [make_projection(name) for name in names[stage.name]]
        place = 1 + int(stage.name[-1])

        def losses(batch, training):
            hidden = network({"ids": batch["ids"]}, training=training)[place]
            projected = sum(layer(hidden, training=training) for layer in companions)
            return {"distance": ops.mean(ops.square(projected - batch["teacher"]))}

        return Objective(network, losses, stage.loss_weights, companions=companions)

    return build


def run_in(
    directory: Path,
    plan: Sequence[Stage] = PLAN,
    names: dict[str, Sequence[str]] = COMPANIONS,
    kill: int | None = None,
) -> keras.Model:
    """One process' attempt at a run, which ends as `mbert distill` ends one; returns the network."""
    network = make_network()
    with RunDir.open(directory, "distill", {"seed": 0}, fresh=False, origin={}) as run:
        train(
            plan, build_of(network, names), batch_at, options=OPTIONS, run=run, seed=0,
            validation=Validation(lambda objective: mean_figures(objective, map(batch_at, range(100, 102)))),
            progress=KillAt(kill) if kill else None,
        )  # fmt: skip
    return network


def states(directory: Path, step: int) -> dict[str, np.ndarray]:
    return load_companions(directory / f"checkpoints/step-{step:06d}")


def assert_same_arrays(ours: Path, theirs: Path) -> None:
    files = {file.relative_to(ours) for file in ours.rglob("*.safetensors")}
    assert files == {file.relative_to(theirs) for file in theirs.rglob("*.safetensors")}
    for file in files:
        arrays, others = load_weights(ours / file), load_weights(theirs / file)
        assert arrays.keys() == others.keys(), file
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name], err_msg=f"{file} {name}")


def kill_and_resume(folder: Path, steps: Sequence[int]) -> None:
    """Compares a run that is killed at these steps with one that is not; another backend's process calls it too."""
    whole = run_in(folder / "whole")
    for step in steps:
        with pytest.raises(Killed):
            run_in(folder / "killed", kill=step)
    resumed = run_in(folder / "killed")
    assert_same_arrays(folder / "killed", folder / "whole")
    for name, array in read_variables(resumed).items():
        np.testing.assert_array_equal(array, read_variables(whole)[name])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped."""
    directory = tmp_path_factory.mktemp("runs") / "whole"
    run_in(directory)
    return directory


def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path):
    kill_and_resume(tmp_path, [4, 8])


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit_on_the_other_backend(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from tests.train.test_companions import kill_and_resume;"
        "kill_and_resume(Path(sys.argv[1]), [4, 8])"
    )
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "KERAS_BACKEND": other},
    )  # fmt: skip


def test_companions_learn_and_the_network_learns_through_them(whole: Path):
    network = load_weights(whole / "checkpoints/step-000010/weights.safetensors")
    for name, array in read_variables(make_network()).items():
        assert not np.array_equal(network[name], array), name
    for name, array in companion_states([make_projection("shared"), make_projection("second")]).items():
        assert not np.array_equal(states(whole, 10)[name], array), name


def test_one_that_both_stages_have_goes_on_where_it_stood(whole: Path):
    name = "shared_projection/shared/kernel"
    (before,) = (value for key, value in states(whole, 5).items() if key == name)
    step = np.abs(states(whole, 6)[name] - before)
    assert 0 < step.max() <= 0.05 * 1.1  # Adam moves a weight by the rate at most in its first step


def test_one_of_a_stage_that_is_over_is_kept_as_it_was(whole: Path):
    name = "first_projection/first/kernel"
    np.testing.assert_array_equal(states(whole, 10)[name], states(whole, 5)[name])


def test_one_that_comes_back_after_a_stage_without_it_goes_on_even_if_the_run_was_killed_there(
    tmp_path: Path,
):
    plan = [PLAN[0], PLAN[1], replace(PLAN[0], name="again transfer layer_00")]
    names = COMPANIONS | {"transfer layer_01": ("second",), "again transfer layer_00": ("first",)}
    run_in(tmp_path / "whole", plan, names)
    with pytest.raises(Killed):
        run_in(tmp_path / "killed", plan, names, kill=8)
    run_in(tmp_path / "killed", plan, names)
    assert_same_arrays(tmp_path / "killed", tmp_path / "whole")
    name = "first_projection/first/kernel"
    np.testing.assert_array_equal(states(tmp_path / "whole", 10)[name], states(tmp_path / "whole", 5)[name])
    assert np.abs(states(tmp_path / "whole", 12)[name] - states(tmp_path / "whole", 10)[name]).max() > 0


def test_the_learning_rate_of_companions_is_their_own(tmp_path: Path):
    options = OPTIONS.optimizer.model_copy(update={"weight_decay": 0.0, "clip_norm": None})
    before = companion_states([make_projection("shared")])

    def moved(scale: float) -> dict[str, np.ndarray]:
        stage = replace(PLAN[0], steps=1, companion_scale=scale)
        network = make_network()
        build = build_of(network, {stage.name: ["shared"]})
        with RunDir.open(tmp_path / str(scale), "distill", {}, fresh=False, origin={}) as run:
            train(
                [stage],
                build,
                batch_at,
                options=OPTIONS.model_copy(update={"optimizer": options}),
                run=run,
                seed=0,
            )
        after = states(tmp_path / str(scale), 1)
        return {name: after[name] - before[name] for name in before if "kernel" in name or "bias" in name}

    whole, half, none = moved(1.0), moved(0.5), moved(0.0)
    for name, change in whole.items():
        np.testing.assert_allclose(half[name], 0.5 * change, rtol=1e-3, atol=1e-6)
        assert not none[name].any()


def test_a_checkpoint_without_companions_has_no_file_of_them_and_goes_on(tmp_path: Path):
    """What version 0.1 wrote: a stage whose network trains alone."""

    def build(stage: Stage) -> Objective:
        def losses(batch, training):
            hidden = network({"ids": batch["ids"]}, training=training)[1]
            return {"distance": ops.mean(ops.square(hidden - batch["teacher"][..., :WIDTH]))}

        return Objective(network, losses, stage.loss_weights)

    def attempt(directory: Path, kill: int | None = None) -> None:
        with RunDir.open(directory, "distill", {}, fresh=False, origin={}) as run:
            display = KillAt(kill) if kill else None
            train([PLAN[0]], build, batch_at, options=OPTIONS, run=run, seed=0, progress=display)

    network = make_network()
    attempt(tmp_path / "whole")
    network = make_network()
    with pytest.raises(Killed):
        attempt(tmp_path / "killed", kill=4)
    assert not list(tmp_path.rglob("companions.safetensors"))
    network = make_network()
    attempt(tmp_path / "killed")
    assert_same_arrays(tmp_path / "killed", tmp_path / "whole")


def test_a_stage_gains_companions_where_the_checkpoint_before_it_has_none(tmp_path: Path):
    with pytest.raises(Killed):
        run_in(tmp_path, kill=6)
    last = max((tmp_path / "checkpoints").iterdir())
    assert last.name == "step-000005"
    write_directory(last, lambda folder: copy_without_companions(last, folder), replace=True)
    run_in(tmp_path)
    assert set(states(tmp_path, 10)) == {
        *companion_states([make_projection("shared"), make_projection("second")])
    }


def copy_without_companions(checkpoint: Path, folder: Path) -> None:
    for file in checkpoint.iterdir():
        if file.name not in ("companions.safetensors", "manifest.json"):
            (folder / file.name).write_bytes(file.read_bytes())


@pytest.mark.parametrize(
    ("companions", "message"),
    [
        (lambda: [keras.layers.Dense(3, name="a")], "A companion must be built. Received: a, which are not"),
        (
            lambda: [make_projection("a"), make_projection("a")],
            (
                "Companions must have names of their own. Received: a_projection/a/bias, a_projection/a/kernel, "
                "a_projection/random_0 twice"
            ),
        ),
    ],
)
def test_companions_that_a_checkpoint_could_not_tell_apart_are_refused(companions, message):
    with pytest.raises(ValueError) as refusal:
        Objective(make_network(), lambda batch, training: {}, {}, companions=companions())
    assert str(refusal.value) == message
