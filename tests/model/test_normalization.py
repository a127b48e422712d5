"""NoNorm and LayerNorm by hand."""

import keras
import numpy as np
import pytest

from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.normalization import LayerNorm, NoNorm


def build(part: type[NoNorm]) -> NoNorm:
    norm = part(LayerWithParts(name="owner"), 2)
    norm.gamma.assign([2, 3])
    norm.beta.assign([1, -1])
    return norm


def test_no_norm_is_a_linear_map_of_each_feature():
    assert np.array(build(NoNorm)(keras.ops.array([[1.0, 2.0]]))).tolist() == [[3.0, 5.0]]


def test_layer_norm_brings_each_row_to_mean_zero_and_variance_one():
    rows = keras.ops.array([[1.0, 3.0], [200.0, 100.0]])
    expected = [[1 - 2, -1 + 3], [1 + 2, -1 - 3]]
    np.testing.assert_allclose(build(LayerNorm)(rows), expected, rtol=1e-6)


class NormLayer(LayerWithParts):
    """A layer of one LayerNorm."""

    def build(self, *shapes):
        self.norm = LayerNorm(self, 2)

    def call(self, rows):
        return self.norm(rows)


def test_layer_norm_of_bfloat16_rows_is_taken_in_float32():
    rows = keras.ops.cast([[1000.0, 1008.0]], "bfloat16")  # their mean, 1004, is between two bfloat16
    normalized = NormLayer(name="layer", dtype="mixed_bfloat16")(rows)
    assert keras.backend.standardize_dtype(normalized.dtype) == "bfloat16"
    assert np.array(keras.ops.cast(normalized, "float32")).tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("part", [NoNorm, LayerNorm])
def test_a_fresh_norm_has_ones_and_zeros(part):
    norm = part(LayerWithParts(name="owner"), 3)
    assert keras.ops.convert_to_numpy(norm.gamma).tolist() == [1, 1, 1]
    assert keras.ops.convert_to_numpy(norm.beta).tolist() == [0, 0, 0]
    assert (norm.gamma.path, norm.beta.path) == ("norm/gamma", "norm/beta")
