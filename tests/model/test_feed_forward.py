"""The feed-forward network by hand."""

import keras
import numpy as np

from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.feed_forward import FeedForward
from mbert_cli.model.options import Architecture


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
