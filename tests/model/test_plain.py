"""BERT's block."""

import keras
import numpy as np

from mbert_cli.model.attention import AttentionBias
from mbert_cli.model.options import Architecture
from mbert_cli.model.plain import PlainBlock

SIZE = Architecture(num_layers=1, hidden_dim=8, num_heads=2, intermediate_dim=6, embedding_dim=8)


def test_the_block_of_zeros_normalizes_its_input():
    hidden = np.tile([1.0, 3.0], (1, 2, 4)).astype("float32")
    bias = AttentionBias()(keras.ops.ones((1, 2), "int32"))
    outputs, logits = PlainBlock(SIZE, name="layer_00")(hidden, bias)
    np.testing.assert_allclose(outputs, np.tile([-1.0, 1.0], (1, 2, 4)), atol=1e-6)
    assert np.array(logits).tolist() == np.zeros((1, 2, 2, 2)).tolist()


def test_dropout_stands_behind_the_attention_its_output_and_the_feed_forward_network():
    block = PlainBlock(SIZE, name="layer_00")
    block.build()
    states = [variable.path for variable in block.variables if "seed_generator" in variable.path]
    assert states == [
        "layer_00/attention_dropout/seed_generator_state",
        "layer_00/attention_output_dropout/seed_generator_state",
        "layer_00/feed_forward_0_dropout/seed_generator_state",
    ]
