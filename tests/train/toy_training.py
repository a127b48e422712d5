"""A training of a second or two for tests: a small network, its batches, two stages, and ways to end a run."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops

from mbert_cli.runs.directory import RunDir
from mbert_cli.train.engine import mean_figures, train
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.train.stage_training import Validation
from mbert_cli.weights.store import load_weights

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
    arguments = {
        "build": objective_of(network),
        "batch_at": batch_at,
        "validation": Validation(validate),
    } | changes
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
