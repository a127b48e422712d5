"""Named weights of parts, the dense map and dropout."""

import keras
import numpy as np
import pytest

from mbert_cli.model.dense import Dense, Dropout, LayerWithParts


class Layer(LayerWithParts):
    """A layer of one dense map and one dropout."""

    def build(self, *shapes):
        with keras.name_scope("outer"):
            self.dense = Dense(self, "inner", 2, 3)
        self.bare = Dense(self, None, 2, 2)
        self.dropout = Dropout(self, "dropout", 0.5)
        self.no_dropout = Dropout(self, "no_dropout", 0.0)

    def call(self, rows, training=None):
        return self.dropout(rows, training)


def build(seed: int = 0) -> Layer:
    layer = Layer(name="layer", seed=seed)
    layer.build()
    return layer


def test_a_dense_map_multiplies_and_adds():
    layer = build()
    layer.dense.kernel.assign([[1, 2, 3], [4, 5, 6]])
    layer.dense.bias.assign([10, 20, 30])
    assert np.array(layer.dense(keras.ops.array([[1.0, 1.0]]))).tolist() == [[15.0, 27.0, 39.0]]


def test_names_of_weights_are_the_scopes_that_they_were_made_in():
    assert [weight.path for weight in build().weights] == [
        "layer/outer/inner/kernel",
        "layer/outer/inner/bias",
        "layer/kernel",
        "layer/bias",
    ]


def test_keras_trains_the_weights_of_parts():
    layer = build()
    assert len(layer.trainable_weights) == 4
    layer.trainable = False
    assert layer.trainable_weights == []


def test_weights_are_float32_in_a_layer_that_computes_in_bfloat16():
    layer = Layer(name="layer", dtype="mixed_bfloat16")
    layer.build()
    assert {weight.dtype for weight in layer.weights} == {"float32"}


def test_dropout_keeps_the_mean_and_only_works_in_training():
    layer, ones = build(), keras.ops.ones((100, 100))
    dropped = np.array(layer(ones, training=True))
    assert set(np.unique(dropped)) == {0.0, 2.0}
    assert abs(dropped.mean() - 1) < 0.05
    assert np.array_equal(layer(ones, training=False), ones)


@pytest.mark.parametrize("rate", [0.001, 0.1, 0.999])
def test_dropout_zeroes_its_share_in_256ths_and_scales_by_it(rate):
    layer = LayerWithParts(name="layer")
    dropout, zeroed = Dropout(layer, "dropout", rate), min(max(round(rate * 256), 1), 255)
    dropped = np.array(dropout(keras.ops.ones((300, 501)), training=True))
    kept = dropped != 0
    assert abs(kept.mean() - (1 - zeroed / 256)) < 0.005
    assert np.allclose(dropped[kept], 256 / (256 - zeroed))
    assert kept.any(axis=0).sum() > 150  # no column stays out for good


def test_the_seed_decides_dropout():
    ones = keras.ops.ones((10, 10))
    first = np.array(build(seed=1)(ones, training=True))
    assert np.array_equal(first, build(seed=1)(ones, training=True))
    assert not np.array_equal(first, build(seed=2)(ones, training=True))


def test_dropout_of_rate_zero_has_no_random_state():
    layer = build()
    states = [v.path for v in layer.variables if v.path.endswith("seed_generator_state")]
    assert states == ["layer/dropout/seed_generator_state"]
