"""Which weights of a network train in a stage, and at which share of the rate."""

import keras
import pytest

from mbert_cli.errors import UserError
from mbert_cli.train.trainability import set_trainable


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
