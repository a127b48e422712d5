"""Which weights of a network train in a stage, and at which share of the rate."""

from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.train.trainability import set_trainable
from mbert_cli.weights.variables import read_variables
from tests.train.toy_training import FIRST, LABELS, LENGTH, OPTIONS, SECOND, make_network, run_in


@pytest.fixture
def network() -> keras.Model:
    """A layer, an activation, and a model with two layers inside."""
    inputs = keras.Input((2,))
    nested_inputs = keras.Input((3,))
    nested = keras.Model(
        nested_inputs,
        keras.layers.Dense(1, name="last")(keras.layers.Dense(2, name="middle")(nested_inputs)),
        name="nested",
    )
    hidden = keras.layers.ReLU(name="relu")(keras.layers.Dense(3, name="first")(inputs))
    return keras.Model(inputs, nested(hidden))


def names(scales) -> dict[str, float]:
    return {variable.path: scale for variable, scale in scales}


def test_without_scales_all_layers_train_alike(network):
    assert names(set_trainable(network, None)) == {
        f"{layer}/{kind}": 1.0 for layer in ("first", "middle", "last") for kind in ("kernel", "bias")
    }


def test_exactly_the_layers_with_a_scale_above_zero_train(network):
    scales = names(set_trainable(network, {"middle": 0.25, "last": 0.0}))
    assert scales == {"middle/kernel": 0.25, "middle/bias": 0.25}
    assert [variable.path for variable in network.trainable_variables] == list(scales)
    # The next stage begins anew.
    assert names(set_trainable(network, {"first": 1.0, "last": 0.5})) == {
        "first/kernel": 1.0, "first/bias": 1.0, "last/kernel": 0.5, "last/bias": 0.5,
    }  # fmt: skip


def test_a_layer_that_is_not_there_or_has_no_weights_is_refused(network):
    for name in ("second", "relu", "nested"):
        with pytest.raises(UserError) as caught:
            set_trainable(network, {"first": 1.0, name: 1.0})
        assert caught.value.message == (
            f"A stage can only scale layers of the network, first, middle, last. Received: {name}"
        )


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
