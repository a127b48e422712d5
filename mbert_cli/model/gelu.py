"""GELU, the activation of BERT, in both forms and with gradients of their own.

TensorFlow's GELU takes a cube by its general power, and the gradient of that takes another and a logarithm: on a
processor an encoder with it spends more time there than in its matrix products. Here a form is what it is, the input
times a share, with the share kept for the gradient. All of it is float32, whatever the precision of the input: to pack
every result into bfloat16 takes longer than to compute it.

Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

from mbert_cli.backend import Tensor, is_compiled_by_xla, traces_own_tensorflow_graph

_ROOT = math.sqrt(2 / math.pi)
_CUBIC = 0.044715


@dataclass(frozen=True)
class Gelu:
    """A form of GELU, `x * share(x)`.

    Attributes:
        share: x -> the share, float32: how likely a standard normal variable is below x, or nearly that.
        slope: x and its share -> the derivative of GELU, float32.
        is_approximate: Whether it is the tanh form.
        fused: TensorFlow's name of it where it follows a matrix product in the same operation.
    """

    share: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    is_approximate: bool
    fused: str

    def __call__(self, x: Tensor) -> Tensor:
        """`gelu(x)`, of the shape and type of x.

        What XLA compiles it puts together by itself, and the converter of what is written for a phone knows
        TensorFlow's own GELU.
        """
        if is_compiled_by_xla() or not traces_own_tensorflow_graph():
            return ops.gelu(x, approximate=self.is_approximate)
        import tensorflow as tf

        @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow has no types
        def compute(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
            wide = tf.cast(x, tf.float32)
            share = self.share(wide)

            def gradient(of_result: Tensor) -> Tensor:
                return self.of_input(of_result, x, share)

            return tf.cast(wide * share, x.dtype), gradient

        return compute(x)

    def of_input(self, of_result: Tensor, x: Tensor, share: Tensor) -> Tensor:
        """The gradient of x, like x, from that of the result and the share of x."""
        slope = self.slope(ops.cast(x, "float32"), share)
        return ops.cast(ops.cast(of_result, "float32") * slope, x.dtype)


def _exact_share(x: Tensor) -> Tensor:
    return ops.erf(x * math.sqrt(0.5)) * 0.5 + 0.5


def _exact_slope(x: Tensor, share: Tensor) -> Tensor:
    density = ops.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return share + x * density


def _tanh_share(x: Tensor) -> Tensor:
    return ops.tanh(x * (x * x * (_ROOT * _CUBIC) + _ROOT)) * 0.5 + 0.5


def _tanh_slope(x: Tensor, share: Tensor) -> Tensor:
    # The derivative of (1 + tanh(z)) / 2 is twice the share times what it lacks to 1, times that of z.
    return share + (share - share * share) * x * (x * x * (6 * _ROOT * _CUBIC) + 2 * _ROOT)


EXACT = Gelu(_exact_share, _exact_slope, is_approximate=False, fused="GeluExact")
"""With the normal distribution itself, as Hugging Face's BERT."""

TANH = Gelu(_tanh_share, _tanh_slope, is_approximate=True, fused="GeluApproximate")
"""The tanh form that BERT was trained with."""
