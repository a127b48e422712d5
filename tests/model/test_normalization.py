"""NoNorm and LayerNorm by hand."""

import keras
import numpy as np
import pytest

from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.normalization import AddNorm, Folded, LayerNorm, NoNorm, build_norm
from mbert_cli.model.options import Architecture

FOLDED = Architecture(
    num_layers=1, hidden_dim=2, num_heads=1, intermediate_dim=2, embedding_dim=2, normalization="folded",
    multiplied_residuals=("layer_00/attention",),
)  # fmt: skip


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


def test_a_folded_norm_passes_rows_on_and_has_no_weights():
    owner = LayerWithParts(name="layer_00")
    norm = build_norm(owner, FOLDED, 2)
    rows = keras.ops.array([[1.0, 2.0]])
    assert isinstance(norm, Folded)
    assert norm(rows) is rows
    assert owner.owned == []


def test_a_folded_sum_multiplies_its_residual_where_the_architecture_says_so():
    owner = LayerWithParts(name="layer_00")
    multiplied = AddNorm(owner, FOLDED, 2, "attention")
    multiplied.scale.assign([2, 3])
    plain = AddNorm(owner, FOLDED, 2, "feed_forward_0")
    update, residual = keras.ops.array([[100.0, 100.0]]), keras.ops.array([[1.0, 2.0]])
    assert np.array(multiplied(update, residual)).tolist() == [[102, 106]]
    assert np.array(plain(update, residual)).tolist() == [[101, 102]]
    assert [weight.path for weight in owner.owned] == ["residual_scale"]


def test_a_sum_with_a_norm_is_normalized_with_its_residual():
    no_norm = FOLDED.model_copy(update={"normalization": "no_norm", "multiplied_residuals": ()})
    add_norm = AddNorm(LayerWithParts(name="layer_00"), no_norm, 2, "attention")
    add_norm.norm.gamma.assign([2, 2])
    assert np.array(add_norm(keras.ops.array([[1.0, 2.0]]), keras.ops.array([[3.0, 4.0]]))).tolist() == [
        [8, 12]
    ]
