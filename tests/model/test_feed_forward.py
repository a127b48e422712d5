"""The feed-forward network and the activations by hand."""

import math

import keras
import numpy as np

from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.feed_forward import ACTIVATIONS, FeedForward
from mbert_cli.model.options import Architecture


def test_gelu_is_the_tanh_form():
    x = np.array([-3.0, -0.5, 0.0, 1.0, 4.0])
    expected = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in x]
    np.testing.assert_allclose(ACTIVATIONS["gelu"](keras.ops.cast(x, "float32")), expected, atol=1e-6)


def test_a_feed_forward_network_adds_its_input_before_the_norm():
    size = Architecture(
        num_layers=1, hidden_dim=2, num_heads=1, intermediate_dim=1, embedding_dim=2,
        normalization="no_norm", activation="relu",
    )  # fmt: skip
    network = FeedForward(LayerWithParts(name="owner"), "feed_forward_0", size)
    network.intermediate.kernel.assign([[1], [-1]])
    network.output.kernel.assign([[10, 20]])
    network.add_norm.norm.gamma.assign([2, 2])
    rows = keras.ops.array([[3.0, 1.0], [1.0, 3.0]])  # x - y is 2 and -2, after relu 2 and 0
    assert np.array(network(rows, training=False)).tolist() == [[46, 82], [2, 6]]
