"""What blocks compute from bfloat16 rows on a processor that multiplies them, by the operations that are quick there.

TensorFlow's matrix products use the processor's own bfloat16 instructions. Its other operations mostly unpack every
number, compute and pack it again, and take up to three times as long as in float32. Three kinds do not: what oneDNN
adds to a product before it is written; oneDNN's batch norm, which with fixed statistics is `scale * x + shift`; and
operations on 16-bit integers, which serve where nothing but a sign or a zero matters. A sum over an axis also adds up
in float32, as the gradient of TensorFlow's bias addition does not.

All functions take and return tensors of a TensorFlow graph. Rows and kernels are bfloat16; scales, shifts and biases
are float32, and so are their gradients.
"""

from collections.abc import Callable, Sequence

from mbert_cli.backend import (
    Tensor,
    is_compiled_by_xla,
    tensorflow_has_gpu,
    tensorflow_has_onednn,
    traces_own_tensorflow_graph,
)
from mbert_cli.model.gelu import Gelu
from mbert_cli.processor import multiplies_bfloat16

Map = tuple[Tensor, Tensor, Tensor, Tensor]
"""Kernel, bias, scale and shift of `normed_dense`."""

_Gradient = Callable[..., tuple[Tensor, ...] | Tensor]


def suits(rows: Tensor) -> bool:
    """Whether these functions are for a tensor: bfloat16 in a graph of our own, where the processor multiplies it.

    What XLA compiles it puts together by itself, and where oneDNN is turned off its operations are not there.
    """
    if not traces_own_tensorflow_graph() or is_compiled_by_xla() or rows.dtype != "bfloat16":
        return False
    return multiplies_bfloat16() and tensorflow_has_onednn() and not tensorflow_has_gpu()


def dense(rows: Tensor, kernel: Tensor, bias: Tensor, *, with_relu: bool = False) -> Tensor:
    """`rows @ kernel + bias`, and the larger of that and 0 if it ends in a ReLU.

    Args:
        rows: (rows, input_dim).
        kernel: (input_dim, output_dim).
        bias: (output_dim,).
        with_relu: Whether it does.
    """
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow has no types
    def compute(rows: Tensor, kernel: Tensor, bias: Tensor) -> tuple[Tensor, _Gradient]:
        result = _product(rows, kernel, tf.cast(bias, rows.dtype), ["BiasAdd", *["Relu"] * with_relu])

        def gradient(of_result: Tensor) -> tuple[Tensor, ...]:
            if with_relu:  # the bits of a positive number, as an integer, are positive, and those of 0 are 0
                of_result = keep(of_result, tf.minimum(tf.bitcast(result, tf.int16), tf.ones((), tf.int16)))
            return *_of_factors(rows, kernel, of_result), _of_bias(of_result, bias)

        return result, gradient

    return compute(rows, kernel, bias)


def dense_with_gelu(rows: Tensor, kernel: Tensor, bias: Tensor, gelu: Gelu) -> Tensor:
    """`gelu(rows @ kernel + bias)`, rounded once.

    For networks that do not train: what a gradient needs is not kept, but multiplied again.

    Args:
        rows, kernel, bias: As for `dense`.
        gelu: The form of GELU.
    """
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow has no types
    def compute(rows: Tensor, kernel: Tensor, bias: Tensor) -> tuple[Tensor, _Gradient]:
        narrow_bias = tf.cast(bias, rows.dtype)

        def gradient(of_result: Tensor) -> tuple[Tensor, ...]:
            inside = _product(rows, kernel, narrow_bias, ["BiasAdd"])
            of_inside = gelu.of_input(of_result, inside, gelu.share(tf.cast(inside, tf.float32)))
            return *_of_factors(rows, kernel, of_inside), _of_bias(of_inside, bias)

        return _product(rows, kernel, narrow_bias, ["BiasAdd", gelu.fused]), gradient

    return compute(rows, kernel, bias)


def scale_and_shift(rows: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """`rows * scale + shift`, rounded once.

    Args:
        rows: (rows, dim).
        scale, shift: (dim,).
    """
    import tensorflow as tf

    dim = rows.shape[-1]
    result = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(rows, (1, -1, 1, dim)), scale=scale, offset=shift,
        mean=tf.zeros((dim,)), variance=tf.ones((dim,)), epsilon=0.0, is_training=False,
    )  # fmt: skip
    return tf.reshape(result.y, (-1, dim))


def normed_dense(
    rows: Tensor, kernel: Tensor, bias: Tensor, scale: Tensor, shift: Tensor, residual: Tensor | None = None
) -> Tensor:
    """`(rows @ kernel + bias + residual) * scale + shift`.

    The bias is part of the shift: a product without it is faster. Its gradient is that of the shift times the scale,
    and needs no look at the rows.

    Args:
        rows, kernel, bias: As for `dense`.
        scale, shift: (output_dim,).
        residual: (rows, output_dim); None adds nothing.
    """
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow has no types
    def compute(*given: Tensor) -> tuple[Tensor, _Gradient]:
        rows, kernel, bias, scale, shift, *residuals = given
        total = _product_and_sum(rows, kernel, *residuals) if residuals else tf.matmul(rows, kernel)

        def gradient(of_result: Tensor) -> tuple[Tensor, ...]:
            of_total, of_scale, of_shift = _of_scale_and_shift(of_result, total, scale)
            of_factors = _of_factors(rows, kernel, of_total)
            of_scale = of_scale + bias * of_shift
            return *of_factors, of_shift * scale, of_scale, of_shift, *[of_total] * len(residuals)

        return scale_and_shift(total, scale, bias * scale + shift), gradient

    return compute(rows, kernel, bias, scale, shift, *([] if residual is None else [residual]))


def side_by_side(rows: Tensor, maps: Sequence[Map]) -> list[Tensor]:
    """What maps of equal width make of the same rows, (rows, output_dim) each, by one product.

    A wide product is faster than several narrow ones, above all that of the gradient of the rows.
    """
    import tensorflow as tf

    if len(maps) == 1:
        return [normed_dense(rows, *maps[0])]
    kernels, *vectors = zip(*maps, strict=True)
    together = normed_dense(rows, tf.concat(kernels, 1), *[tf.concat(parts, 0) for parts in vectors])
    return list(tf.split(together, len(maps), 1))


def attend(logits: Tensor, value: Tensor, is_kept: Tensor | None, factor: float) -> Tensor:
    """`factor * keep(softmax(logits), is_kept) @ value`, softmax and its gradient in float32.

    The gradient of a softmax subtracts from every key's the mean over keys, weighted by the probabilities. That is
    the product of the context and its own gradient, which is shorter (Dao et al., "FlashAttention", 2022, appendix B).

    Args:
        logits: (batch, heads, query, key) float32.
        value: (batch, heads, key, head_dim).
        is_kept: (batch, heads, query, key) bool; None keeps all.
        factor: What probabilities are multiplied by, so that dropout keeps their mean.

    Returns:
        (batch, heads, query, head_dim).
    """
    import tensorflow as tf

    mask = None if is_kept is None else tf.cast(is_kept, tf.int16)

    @tf.custom_gradient  # type: ignore[untyped-decorator] # TensorFlow has no types
    def compute(logits: Tensor, value: Tensor) -> tuple[Tensor, _Gradient]:
        probabilities = tf.nn.softmax(logits)
        weights = keep(tf.cast(probabilities, value.dtype), mask)
        context = tf.matmul(weights, value)

        def gradient(of_scaled: Tensor) -> tuple[Tensor, ...]:
            of_context = _times(of_scaled, factor)
            products = tf.cast(of_context, logits.dtype) * tf.cast(context, logits.dtype)
            mean = tf.reduce_sum(products, axis=-1, keepdims=True)  # (batch, heads, query, 1)
            of_weights = keep(tf.matmul(of_context, value, transpose_b=True), mask)
            of_logits = (tf.cast(of_weights, logits.dtype) - mean) * probabilities
            return of_logits, tf.matmul(weights, of_context, transpose_a=True)

        return _times(context, factor), gradient

    return compute(logits, value)


def keep(values: Tensor, is_kept: Tensor | None) -> Tensor:
    """The values where `is_kept`, int16 of the same shape, is 1, and 0 where it is 0; without a gradient."""
    import tensorflow as tf

    return values if is_kept is None else tf.bitcast(tf.bitcast(values, tf.int16) * is_kept, values.dtype)


def _times(values: Tensor, factor: float) -> Tensor:
    return values if factor == 1 else values * factor


def _product(rows: Tensor, kernel: Tensor, bias: Tensor, operations: Sequence[str]) -> Tensor:
    """`rows @ kernel + bias`, and more operations, by the one operation that TensorFlow itself makes of them."""
    return _fused("_FusedMatMul", rows, kernel, [bias], operations, ("transpose_a", "transpose_b"))


def _product_and_sum(rows: Tensor, kernel: Tensor, residual: Tensor) -> Tensor:
    """`rows @ kernel + residual`; the operation for batches of products needs no copy of the residual."""
    import tensorflow as tf

    # The kernel takes four axes and a factor.
    rows, kernel, residual = (tf.reshape(x, (1, 1, -1, x.shape[-1])) for x in (rows, kernel, residual))
    arguments = [tf.ones((), rows.dtype), residual]
    made = _fused("_MklFusedBatchMatMulV2", rows, kernel, arguments, ("Mul", "Add"), ("adj_x", "adj_y"))
    return tf.reshape(made, (-1, kernel.shape[-1]))


def _fused(
    kind: str,
    rows: Tensor,
    kernel: Tensor,
    arguments: list[Tensor],
    operations: Sequence[str],
    transposed: tuple[str, str],
) -> Tensor:
    """A product with operations that follow it, without a gradient.

    Args:
        kind: Name of the operation.
        rows, kernel: Its factors.
        arguments: What the operations that follow take.
        operations: Their names.
        transposed: Names of the attributes that say whether factors are transposed, which they are not.
    """
    import tensorflow as tf
    from tensorflow.core.framework.attr_value_pb2 import AttrValue

    names = AttrValue.ListValue(s=[name.encode() for name in operations])
    attributes = {
        "T": AttrValue(type=rows.dtype.as_datatype_enum),
        "num_args": AttrValue(i=len(arguments)),
        "fused_ops": AttrValue(list=names),
        **{name: AttrValue(b=False) for name in transposed},
    }
    graph = tf.compat.v1.get_default_graph()
    made = graph.create_op(kind, [rows, kernel, *arguments], [rows.dtype], attrs=attributes, name="product")
    return made.outputs[0]


def _of_factors(rows: Tensor, kernel: Tensor, of_product: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of both factors of a matrix product."""
    import tensorflow as tf

    return tf.matmul(of_product, kernel, transpose_b=True), tf.matmul(rows, of_product, transpose_a=True)


def _of_bias(of_sum: Tensor, bias: Tensor) -> Tensor:
    """Gradient of what was added to all rows."""
    import tensorflow as tf

    return tf.cast(tf.reduce_sum(of_sum, axis=0), bias.dtype)


def _of_scale_and_shift(of_result: Tensor, rows: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `scale_and_shift`: of the rows (rows, dim), and of scale and shift, (dim,)."""
    import tensorflow as tf

    dim = rows.shape[-1]
    shape, zeros, ones = (1, -1, 1, dim), tf.zeros((dim,)), tf.ones((dim,))
    gradient = tf.raw_ops.FusedBatchNormGradV3(
        y_backprop=tf.reshape(of_result, shape), x=tf.reshape(rows, shape), scale=scale,
        reserve_space_1=zeros, reserve_space_2=ones, reserve_space_3=zeros, epsilon=0.0, is_training=False,
    )  # fmt: skip
    return tf.reshape(gradient.x_backprop, (-1, dim)), gradient.scale_backprop, gradient.offset_backprop
