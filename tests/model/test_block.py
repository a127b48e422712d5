"""What the two kinds of block have in common."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.backend import own_graph
from mbert_cli.model.attention import AttentionBias
from mbert_cli.model.block import Block
from mbert_cli.model.bottleneck import BottleneckBlock
from mbert_cli.model.options import Architecture
from mbert_cli.model.plain import PlainBlock

PLAIN = Architecture(num_layers=1, hidden_dim=8, num_heads=2, intermediate_dim=6, embedding_dim=8)
BOTTLENECK = PLAIN.model_copy(update={"intra_dim": 4})
KINDS = [(PlainBlock, PLAIN), (BottleneckBlock, BOTTLENECK)]


@pytest.mark.parametrize(("kind", "size"), KINDS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_symbolic_shapes_and_types_are_those_of_the_call(kind, size, dtype):
    block = kind(
        size, name="layer_00", dtype=keras.DTypePolicy(f"mixed_{dtype}" if dtype != "float32" else dtype)
    )
    hidden = np.ones((3, 5, 8), "float32")
    bias = AttentionBias()(keras.ops.ones((3, 5), "int32"))
    computed = block(hidden, bias)
    said = block.compute_output_spec(keras.KerasTensor((3, 5, 8)), keras.KerasTensor((3, 1, 1, 5)))
    assert [(tensor.shape, tensor.dtype) for tensor in said] == [
        (tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype)) for tensor in computed
    ]
    assert said[1].shape == (3, size.num_heads, 5, 5) and said[1].dtype == "float32"


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_a_block_by_itself_computes_what_its_kind_says(kind, size):
    block = kind(size, name="layer_00")
    hidden = keras.ops.convert_to_tensor(np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32"))
    bias = AttentionBias()(keras.ops.convert_to_tensor([[1, 1, 0], [1, 1, 1]]))
    for found, expected in zip(block(hidden, bias), block.compute(hidden, bias, False), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_block_of_no_kind_computes_nothing():
    with pytest.raises(NotImplementedError):
        Block(PLAIN).compute(None, None, None)


def build(kind: type[Block], architecture: Architecture, **options: bool) -> Block:
    """A block with the same random weights at every call."""
    block = kind(architecture, name="layer_00", **options)
    block.build()
    random = np.random.default_rng(0)
    for weight in block.weights:
        weight.assign(random.standard_normal(weight.shape))
    return block


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_the_first_position_alone_is_what_it_is_among_all(kind, size):
    hidden = np.random.default_rng(1).standard_normal((2, 3, 8)).astype("float32")
    bias = AttentionBias()(keras.ops.array([[1, 1, 1], [1, 1, 0]], "int32"))
    states, logits = build(kind, size)(hidden, bias)
    first_states, first_logits = build(kind, size, first_only=True)(hidden, bias)
    np.testing.assert_allclose(first_states, states[:, :1], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(first_logits, logits[:, :, :1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_symbolic_shapes_of_the_first_position_are_those_of_the_call(kind, size):
    hidden, bias = keras.Input((5, 8)), keras.Input((1, 1, 5))
    states, logits = build(kind, size, first_only=True)(hidden, bias)
    assert states.shape == (None, 1, 8)
    assert logits.shape == (None, 2, 1, 5)


def test_blocks_of_one_form_differ_in_their_weights_alone():
    places = ("layer_00/attention", "layer_01/attention", "layer_01/feed_forward_0")
    folded = BOTTLENECK.model_copy(update={"normalization": "folded", "multiplied_residuals": places})
    forms = [BottleneckBlock(folded, name=f"layer_{index:02d}").form for index in range(3)]
    assert forms == [(False, "attention"), (False, "attention", "feed_forward_0"), (False,)]


@pytest.mark.parametrize(
    ("kind", "size"),
    [*KINDS, (BottleneckBlock, BOTTLENECK.model_copy(update={"key_query_shared_bottleneck": True}))],
)
@pytest.mark.parametrize("is_graph", [False, True])
def test_what_attention_is_computed_from_gives_its_logits(kind, size, is_graph):
    block = build(kind, size, returns_projections=True)
    hidden = np.random.default_rng(1).standard_normal((2, 3, 8)).astype("float32")
    bias = AttentionBias()(keras.ops.ones((2, 3), "int32"))
    call = tf.function(own_graph()(block)) if is_graph else block
    following, logits, *vectors = call(hidden, bias)
    query, key, value = (np.reshape(part, (2, 3, 2, -1)).transpose(0, 2, 1, 3) for part in vectors)
    expected = query @ key.swapaxes(-1, -2) / np.sqrt(size.block_dim / 2)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    assert value.shape == query.shape
    for found, plain in zip((following, logits), build(kind, size)(hidden, bias), strict=True):
        np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-4)
    said = block.compute_output_spec(keras.KerasTensor((2, 3, 8)), keras.KerasTensor((2, 1, 1, 3)))
    assert [part.shape for part in said[2:]] == [(2, 3, size.block_dim)] * 3
