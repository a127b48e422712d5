"""What the two kinds of block have in common."""

import keras
import numpy as np
import pytest

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
