"""NoNorm and LayerNorm, as parts of a layer."""

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.options import NORM_EPSILON, Architecture


class NoNorm:
    """`gamma * x + beta` with one gamma and beta per feature (MobileBERT, section 3.6.1).

    It does not normalize: it stands where LayerNorm stood and costs a phone next to nothing.
    """

    def __init__(self, owner: LayerWithParts, dim: int) -> None:
        with keras.name_scope("norm"):
            self.gamma = owner.own("gamma", (dim,), "ones")
            self.beta = owner.own("beta", (dim,))

    def __call__(self, rows: Tensor) -> Tensor:
        return ops.add(ops.multiply(rows, self.gamma), self.beta)


class Standardize:
    """Brings the features of each row to mean 0 and variance 1, in float32.

    Args:
        epsilon: Added to the variance.
    """

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon

    def __call__(self, rows: Tensor) -> Tensor:
        values = ops.cast(rows, "float32")
        centered = values - ops.mean(values, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centered), axis=-1, keepdims=True)
        normalized = centered * ops.rsqrt(variance + self.epsilon)
        return ops.cast(normalized, rows.dtype)


class LayerNorm(NoNorm):
    """NoNorm after the features of each row were standardized.

    Args:
        epsilon: Added to the variance.
    """

    def __init__(self, owner: LayerWithParts, dim: int, epsilon: float = NORM_EPSILON) -> None:
        super().__init__(owner, dim)
        self.standardize = Standardize(epsilon)

    def __call__(self, rows: Tensor) -> Tensor:
        return super().__call__(self.standardize(rows))


class Folded:
    """Passes rows on: what the norm did lies in the weights before and after it."""

    def __call__(self, rows: Tensor) -> Tensor:
        return rows


def build_norm(
    owner: LayerWithParts, size: Architecture, dim: int, epsilon: float | None = None
) -> NoNorm | Standardize | Folded:
    """The normalization of a size.

    Args:
        owner: The layer that the weights belong to.
        size: Gives its kind.
        dim: Features of a row.
        epsilon: Added to the variance; None is the size's `norm_epsilon`.
    """
    if size.normalization == "folded":
        return Folded()
    if size.normalization == "no_norm":
        return NoNorm(owner, dim)
    epsilon = size.norm_epsilon if epsilon is None else epsilon
    if size.normalization == "folded_layer_norm":
        return Standardize(epsilon)
    return LayerNorm(owner, dim, epsilon)


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
        self.norm = build_norm(owner, size, dim, epsilon)
        self.scale = None
        if f"{owner.name}/{place}" in size.multiplied_residuals:
            self.scale = owner.own("residual_scale", (dim,), "ones")

    def __call__(self, update: Tensor, residual: Tensor) -> Tensor:
        if self.scale is not None:
            residual = ops.multiply(residual, self.scale)
        return self.norm(update + residual)
