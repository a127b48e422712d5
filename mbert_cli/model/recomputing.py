"""A function whose insides are computed a second time in the backward pass, in place of being kept until then.

What is kept are its arguments. It costs one more forward pass, about a third of a step.

The ways of the libraries do not serve: XLA's compiler for CPUs takes out the barrier by which `jax.checkpoint` tells
the two computations apart, and then computes once and keeps everything; `tf.recompute_grad` copies all weights, and
fails with integers among the arguments. Here the second computation starts from numbers that the gradient is part of.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import keras
from keras import ops

from mbert_cli.backend import Tensor

_Function = TypeVar("_Function", bound=Callable[..., Any])


def recompute_in_backward_pass(function: _Function) -> _Function:
    """Returns a function with the same values and gradients that keeps no more than its arguments.

    Args:
        function: Of tensors, nested in lists; it neither reads nor changes anything else, and runs Python once. A loss
            is always computed from the first of its results. In TensorFlow one of `tf.function`.
    """
    if keras.backend.backend() == "tensorflow":
        return _recomputed_in_tensorflow(function)
    return _recomputed_in_jax(function)


def _recomputed_in_tensorflow(function: _Function) -> _Function:
    import tensorflow as tf

    def apply(*arguments: Any) -> tuple[Any, Callable[..., list[Tensor]]]:
        tensors = tf.nest.flatten(arguments)

        def call(flat: list[Tensor]) -> Any:
            return function(*tf.nest.pack_sequence_as(arguments, flat))

        def gradient(*upstream: Tensor) -> list[Tensor]:
            later = _delayed(tensors, upstream[0])
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                watched = [tensor for tensor in later if tensor.dtype.is_floating]
                tape.watch(watched)
                results = tf.nest.flatten(call(later))
            found = iter(tape.gradient(results, watched, output_gradients=list(upstream)))
            return [next(found) if tensor.dtype.is_floating else None for tensor in later]

        # Of what no tape has seen nothing is kept.
        return call([tf.stop_gradient(tensor) for tensor in tensors]), gradient

    recomputed: _Function = tf.custom_gradient(apply)
    return recomputed


def _recomputed_in_jax(function: _Function) -> _Function:
    import jax

    once: Any = jax.jit(
        function
    )  # traced in the forward pass, and not again where Keras' scopes have been left

    def forward(*arguments: Any) -> tuple[Any, Any]:
        return once(*arguments), arguments

    def backward(arguments: Any, upstream: Any) -> Any:
        tensors, structure = jax.tree.flatten(arguments)
        later = _delayed(tensors, jax.tree.leaves(upstream)[0])
        return jax.vjp(once, *jax.tree.unflatten(structure, later))[1](upstream)

    recomputed: Any = jax.custom_vjp(once)
    recomputed.defvjp(forward, backward)
    result: _Function = recomputed
    return result


def _delayed(tensors: Sequence[Tensor], gradient: Tensor) -> list[Tensor]:
    """The same tensors, but for kernels, which cannot be had before the gradient is there."""
    some = ops.reshape(gradient, (-1,))[0]
    nothing = ops.where(ops.equal(some, some), ops.zeros_like(some), some)  # x - x would be simplified to 0
    return [tensor if _is_kernel(tensor) else tensor + ops.cast(nothing, tensor.dtype) for tensor in tensors]


def _is_kernel(tensor: Tensor) -> bool:
    """Whether a tensor is a matrix, of which nothing larger is made; of a bias compilers make one vector a token."""
    return len(tensor.shape) == 2 and keras.backend.is_float_dtype(tensor.dtype)
