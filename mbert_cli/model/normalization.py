"""NoNorm and LayerNorm, as parts of a layer."""

import keras
from keras import ops

from mbert_cli.model.dense import LayerWithParts

EPSILON = 1e-12
"""Added to the variance, as in the released BERT and MobileBERT."""


class NoNorm:
    """`gamma * x + beta` with one gamma and beta per feature (MobileBERT, section 3.6.1).

    It does not normalize: it stands where LayerNorm stood and costs a phone next to nothing.
    """

    def __init__(self, owner: LayerWithParts, dim: int) -> None:
        with keras.name_scope("norm"):
            self.gamma = owner.own("gamma", (dim,), "ones")
            self.beta = owner.own("beta", (dim,))

    def __call__(self, rows):
        return ops.add(ops.multiply(rows, self.gamma), self.beta)


class LayerNorm(NoNorm):
    """NoNorm after the features of each row were brought to mean 0 and variance 1, in float32."""

    def __call__(self, rows):
        values = ops.cast(rows, "float32")
        centered = values - ops.mean(values, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centered), axis=-1, keepdims=True)
        normalized = centered * ops.rsqrt(variance + EPSILON)
        return super().__call__(ops.cast(normalized, rows.dtype))


NORMALIZATIONS: dict[str, type[NoNorm]] = {"no_norm": NoNorm, "layer_norm": LayerNorm}
"""By the values of `ModelSize.normalization`."""
