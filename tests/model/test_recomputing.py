"""Blocks that are computed again in the backward pass learn what others do, and keep less."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from mbert_cli.model.block import Block
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.model.recomputing import recompute_in_backward_pass
from mbert_cli.train.feed import Feed
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.train.trainability import compile_stage

SIZES = {
    "plain": Architecture(num_layers=3, hidden_dim=16, num_heads=2, intermediate_dim=48, embedding_dim=16),
    "bottleneck": Architecture(
        num_layers=3, hidden_dim=16, num_heads=2, intermediate_dim=48, embedding_dim=8, intra_dim=8,
        trigram_input=True, normalization="no_norm", activation="relu",
    ),
}  # fmt: skip
STEPS = 3
BATCH, LENGTH = 8, 32


def objective_of(size: str, rematerialize: bool, precision: str = "float32") -> Objective:
    dtype = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    network = build_task_network(SIZES[size], num_outputs=2, vocab_size=40, dtype=dtype)

    def losses(batch, training):
        logits = network({name: batch[name] for name in network.input}, training=training)["logits"]
        errors = keras.losses.sparse_categorical_crossentropy(batch["labels"], logits, from_logits=True)
        return {"loss": ops.mean(errors)}

    stage = Stage("one", STEPS, {"loss": 1.0}, Schedule(0.01, STEPS, 1, 1.0))
    objective = Objective(network, losses, stage.loss_weights)
    options = TrainOptions(batch_size=BATCH, precision=precision, rematerialize=rematerialize)
    compile_stage(objective, stage, options)
    return objective


def batch_of(step: int) -> dict[str, np.ndarray]:
    ids = np.random.default_rng(step).integers(5, 40, (BATCH, LENGTH)).astype("int32")
    return {
        "token_ids": ids,
        "segment_ids": ids % 2,
        "padding_mask": np.ones_like(ids),
        "labels": ids[:, 0] % 2,
    }


def trained(size: str, rematerialize: bool, precision: str = "float32") -> list[list[float]]:
    """Losses and weights of a few steps with dropout; also called by a process with another backend."""
    objective = objective_of(size, rematerialize, precision)
    objective.fit(Feed(batch_of, range(STEPS)), steps_per_epoch=STEPS, shuffle=False, verbose=0)
    losses = objective.record.read()[1]["loss"].tolist()
    return [losses, *(weight.numpy().ravel().tolist() for weight in objective.network.weights)]


def kept_bytes(rematerialize: bool) -> int:
    """What XLA says that a step keeps beside its arguments; called by a process with JAX."""
    import jax

    objective = objective_of("bottleneck", rematerialize)
    objective._symbolic_build(data_batch=(batch_of(0),))
    state = [
        [variable.value for variable in variables]
        for variables in (
            objective.trainable_variables, objective.non_trainable_variables,
            objective.optimizer.variables, objective.metrics_variables,
        )
    ]  # fmt: skip
    step = jax.jit(objective.train_step, donate_argnums=0).lower(tuple(state), (batch_of(0),))
    return step.compile().memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("size", ["bottleneck", pytest.param("plain", marks=pytest.mark.slow)])
def test_losses_and_weights_are_the_same_with_dropout(size):
    assert_alike(trained(size, True), trained(size, False), 1e-7)


def assert_alike(ours: list[list[float]], theirs: list[list[float]], tolerance: float) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


@pytest.mark.slow
def test_on_jax_losses_and_weights_are_the_same_and_less_is_kept():
    code = (
        "import json; from tests.model.test_recomputing import kept_bytes, trained;"
        "print(json.dumps([[made(again) for again in (True, False)]"
        " for made in (lambda again: trained('bottleneck', again), kept_bytes)]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"}, cwd=Path(__file__).parents[2],
    ).stdout  # fmt: skip
    (recomputed, kept), (less, more) = json.loads(printed)
    assert_alike(recomputed, kept, 1e-6)
    assert less < 0.6 * more


@pytest.mark.slow
def test_bfloat16_learns_the_same():
    assert_alike(trained("plain", True, "bfloat16"), trained("plain", False, "bfloat16"), 1e-2)


def test_a_function_is_computed_again_for_its_gradient_and_no_integer_has_one():
    import tensorflow as tf

    calls = []

    def double(values):
        calls.append(values.shape)
        return 2 * values

    @tf.function
    def function(values, seeds):
        return tf.square(tf.ensure_shape(tf.py_function(double, [values], tf.float32), values.shape)), seeds

    @tf.function
    def gradients(values, seeds):
        with tf.GradientTape() as tape:
            tape.watch(values)
            squares, _ = recompute_in_backward_pass(function)(values * values, seeds)
        return squares, tape.gradient(squares, values)

    squares, gradient = gradients(tf.constant([[[1.0, 3.0]]]), tf.constant([1, 2], tf.uint32))
    assert squares.numpy().tolist() == [[[4.0, 324.0]]]  # 4 values ** 4
    assert gradient.numpy().tolist() == [[[16.0, 432.0]]]
    assert len(calls) == 2


def test_a_stage_says_whether_the_blocks_of_its_network_are_computed_again():
    for rematerialize in (True, False):
        network = objective_of("plain", rematerialize).network
        assert [block.rematerialize for block in blocks_of(network)] == [rematerialize] * 3


def blocks_of(network: keras.Model) -> list[Block]:
    layers = [part for layer in network.layers for part in getattr(layer, "layers", [layer])]
    return [layer for layer in layers if isinstance(layer, Block)]
