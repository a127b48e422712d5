"""The bottleneck block passes on what it reads, and looks neither across examples nor at padding."""

import keras
import numpy as np
import pytest

from mbert_cli.model.attention import AttentionBias
from mbert_cli.model.bottleneck import BottleneckBlock
from mbert_cli.model.initialization import draw_weights
from mbert_cli.model.options import Architecture

MOBILEBERT = Architecture(
    num_layers=1, hidden_dim=8, num_heads=2, intermediate_dim=6, embedding_dim=4, intra_dim=4,
    num_feedforward_networks=2, key_query_shared_bottleneck=True, normalization="no_norm",
    activation="relu",
)  # fmt: skip
TINY = MOBILEBERT.model_copy(update={"use_bottleneck_attention": True, "key_query_shared_bottleneck": False})
IB_BERT = MOBILEBERT.model_copy(update={"intra_dim": 16, "key_query_shared_bottleneck": False})


def build(size: Architecture) -> BottleneckBlock:
    block = BottleneckBlock(size, name="layer_00")
    block.build()
    draw_weights(block.weights, seed=0, deviation=0.02)
    for weight in block.weights:
        if len(weight.shape) > 1:
            weight.assign(weight * 10)  # far from linear
    return block


@pytest.mark.parametrize("size", [MOBILEBERT, TINY, IB_BERT], ids=["mobilebert", "tiny", "ib_bert"])
def test_padding_changes_no_token_and_no_other_example(size):
    block = build(size)
    hidden = np.random.default_rng(0).standard_normal((2, 3, 8)).astype("float32")
    bias = AttentionBias()(keras.ops.array([[1, 1, 0], [1, 1, 1]], "int32"))
    changed = hidden.copy()
    changed[0, 2] += 1
    before, _ = block(hidden, bias)
    after, _ = block(changed, bias)
    assert np.array_equal(np.array(before)[0, :2], np.array(after)[0, :2])
    assert np.array_equal(np.array(before)[1], np.array(after)[1])
    assert not np.array_equal(np.array(before)[0, 2], np.array(after)[0, 2])


def test_the_block_of_zeros_passes_its_input_on():
    block = BottleneckBlock(MOBILEBERT, name="layer_00")
    hidden = keras.ops.ones((1, 2, 8))
    bias = AttentionBias()(keras.ops.ones((1, 2), "int32"))
    assert np.array_equal(block(hidden, bias)[0], hidden)


def test_symbolic_shapes_are_those_of_the_call():
    hidden, bias = keras.Input((5, 8)), keras.Input((1, 1, 5))
    outputs, logits = BottleneckBlock(MOBILEBERT, name="layer_00")(hidden, bias)
    assert outputs.shape == (None, 5, 8)
    assert logits.shape == (None, 2, 5, 5)
