"""NoNorm and LayerNorm, as parts of a layer."""

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model import bfloat16
from mbert_cli.model.dense import Dense, Dropout, LayerWithParts
from mbert_cli.model.options import NORM_EPSILON, Architecture


class NoNorm:
    """`gamma * x + beta` with one gamma and beta per feature (MobileBERT, section 3.6.1).

    It does not normalize: it stands where LayerNorm stood and costs a phone next to nothing.
    """

    def __init__(self, owner: LayerWithParts, dim: int, place: str = "norm") -> None:
        self.owner, self.place = owner, place
        with keras.name_scope("norm"):
            self.gamma = owner.own("gamma", (dim,), "ones", autocast=False)
            self.beta = owner.own("beta", (dim,), autocast=False)

    def __call__(self, rows: Tensor) -> Tensor:
        if self.owner.suits_bfloat16(rows):
            return bfloat16.scale_and_shift(rows, self.gamma.value, self.beta.value)
        scaled = ops.multiply(rows, ops.cast(self.gamma, rows.dtype))
        scaled = self.owner.at(f"{self.place}/scaled", scaled)
        return self.owner.at(f"{self.place}/shifted", ops.add(scaled, ops.cast(self.beta, rows.dtype)))

    def of_map(self, dense: Dense, rows: Tensor, residual: Tensor) -> Tensor:
        """`self(dense(rows) + residual)` of bfloat16 rows."""
        kernel, bias = dense.kernel.value, dense.bias.value
        return bfloat16.normed_dense(rows, kernel, bias, self.gamma.value, self.beta.value, residual)


class Standardize:
    """Brings the features of each row to mean 0 and variance 1, in float32.

    Args:
        owner: The layer that this is a part of.
        epsilon: Added to the variance.
        place: Where it stands in the layer.
    """

    def __init__(self, owner: LayerWithParts, epsilon: float, place: str = "norm") -> None:
        self.owner, self.epsilon, self.place = owner, epsilon, place

    def __call__(self, rows: Tensor) -> Tensor:
        values = ops.cast(rows, "float32")
        difference = values - self._at("mean", ops.mean(values, axis=-1, keepdims=True))
        centered = self._at("centered", difference)
        squares = self._at("squares", ops.square(difference))  # one operation on a phone, from the values
        variance = self._at("variance", ops.mean(squares, axis=-1, keepdims=True))
        deviation = self._at("deviation", ops.rsqrt(variance + self.epsilon))
        return ops.cast(self._at("normalized", centered * deviation), rows.dtype)

    def _at(self, name: str, tensor: Tensor) -> Tensor:
        return self.owner.at(f"{self.place}/{name}", tensor)


class LayerNorm(NoNorm):
    """NoNorm after the features of each row were standardized.

    Args:
        epsilon: Added to the variance.
    """

    def __init__(
        self, owner: LayerWithParts, dim: int, epsilon: float = NORM_EPSILON, place: str = "norm"
    ) -> None:
        super().__init__(owner, dim, place)
        self.standardize = Standardize(owner, epsilon, place)

    def __call__(self, rows: Tensor) -> Tensor:
        return super().__call__(self.standardize(rows))


class Folded:
    """Passes rows on: what the norm did lies in the weights before and after it."""

    def __call__(self, rows: Tensor) -> Tensor:
        return rows


def build_norm(
    owner: LayerWithParts, size: Architecture, dim: int, epsilon: float | None = None, place: str = "norm"
) -> NoNorm | Standardize | Folded:
    """The normalization of a size.

    Args:
        owner: The layer that the weights belong to.
        size: Gives its kind.
        dim: Features of a row.
        epsilon: Added to the variance; None is the size's `norm_epsilon`.
        place: Where it stands in the layer.
    """
    if size.normalization == "folded":
        return Folded()
    if size.normalization == "no_norm":
        return NoNorm(owner, dim, place)
    epsilon = size.norm_epsilon if epsilon is None else epsilon
    if size.normalization == "folded_layer_norm":
        return Standardize(owner, epsilon, place)
    return LayerNorm(owner, dim, epsilon, place)


class AddNorm:
    """`norm(update + residual)`, a part of a block.

    The residual of a folded norm is multiplied by a vector of weights where the architecture says so.

    Args:
        owner: The block.
        size: Gives the normalization.
        dim: Features of a row.
        place: Name scope in which this stands, such as `attention`.
        epsilon: Added to the variance; None is the size's `norm_epsilon`.
    """

    def __init__(
        self, owner: LayerWithParts, size: Architecture, dim: int, place: str, epsilon: float | None = None
    ) -> None:
        self.owner, self.place = owner, place
        self.norm = build_norm(owner, size, dim, epsilon, f"{place}/norm")
        self.scale = None
        if f"{owner.name}/{place}" in size.multiplied_residuals:
            self.scale = owner.own("residual_scale", (dim,), "ones")

    def __call__(self, update: Tensor, residual: Tensor) -> Tensor:
        if self.scale is not None:
            residual = self.owner.at(f"{self.place}/residual", ops.multiply(residual, self.scale))
        return self.norm(self.owner.at(f"{self.place}/sum", update + residual))

    def of_map(
        self, dense: Dense, rows: Tensor, dropout: Dropout, residual: Tensor, training: bool | None
    ) -> Tensor:
        """`self(dropout(dense(rows)), residual)`."""
        norm, is_whole = self.norm, dropout.rate == 0 or not training
        if type(norm) is NoNorm and is_whole and self.owner.suits_bfloat16(rows):
            return norm.of_map(dense, rows, residual)
        return self(dropout(dense(rows), training), residual)
