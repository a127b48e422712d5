"""Folded weights -> the inference graph, in TensorFlow ops that become one TFLite op each.

This is a second statement of what `mbert_cli.model` computes, made for one sequence of a fixed length on a
phone, where the Keras network is made for training; a test holds the two together for every size. What it
does otherwise:

- Hidden states are (length, dim): no batch axis, so no reshape between a dense map and its neighbours.
- Dense maps that read the same rows are one FULLY_CONNECTED and a SPLIT: in dynamic_int8 its input is
  quantized once. Kernels are stored (output, input), as TFLite keeps them.
- The padding mask becomes what attention adds once, not once a block.
- A head that reads [CLS] alone needs no other row of the last block after its keys and values.
"""

from collections.abc import Callable

import numpy as np

from mbert_cli.model.attention import MASKED
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER, OutputActivation, TaskHead
from mbert_cli.native_output import hidden_native_output
from mbert_cli.tflite.fold import Dense, FoldedBlock, FoldedEmbeddings, FoldedNetwork, Join, Norm, Projection

with hidden_native_output():
    import tensorflow as tf


def task_outputs(
    network: FoldedNetwork,
    ids: tf.Tensor,
    mask: tf.Tensor,
    segment_ids: tf.Tensor,
    head: TaskHead = CLASSIFIER,
) -> tuple[tf.Tensor, ...]:
    """Builds the graph of a task model.

    Args:
        network: Folded weights.
        ids: Token ids, (1, length) int32.
        mask: (1, length) int32, 1 for tokens and 0 for padding.
        segment_ids: (1, length) int32.
        head: The head of the task.

    Returns:
        float32 tensors, as many as the head names: (1, outputs) of a head that reads the pooled [CLS]; of one that
        reads every token (1, length, outputs), or (1, length) for each column where each has a name.
    """
    length = ids.shape[1]
    attention_bias = (tf.cast(tf.reshape(mask, (1, 1, length)), tf.float32) - 1.0) * -MASKED
    hidden = _embed(network.embeddings, ids, segment_ids)  # (length, hidden_dim)
    for block in network.blocks[:-1]:
        hidden = _block(block, network.size, hidden, attention_bias, rows=length)
    rows = 1 if head.is_pooled else length
    states = _block(network.blocks[-1], network.size, hidden, attention_bias, rows)  # (rows, hidden_dim)
    if network.pooler is not None:
        activate = tf.nn.relu if network.size.pooler_activation == "relu" else tf.tanh
        states = activate(_dense(states, network.pooler))
    return _outputs(_dense(states, network.head), head)


def _embed(embeddings: FoldedEmbeddings, ids: tf.Tensor, segment_ids: tf.Tensor) -> tf.Tensor:
    length = ids.shape[1]
    hidden = tf.gather(embeddings.words, tf.reshape(ids, (length,)))
    if embeddings.projection is not None:
        input_dim = embeddings.projection.shape[0]
        rows = hidden if input_dim == hidden.shape[1] else _trigram(hidden)
        hidden = _product(rows, embeddings.projection)
    hidden += embeddings.positions[:length]
    if embeddings.segments is not None:
        hidden += tf.gather(embeddings.segments, tf.reshape(segment_ids, (length,)))
    return _norm(hidden, embeddings.norm)


def _trigram(rows: tf.Tensor) -> tf.Tensor:
    """Next, current and previous row side by side, zeros beyond the ends."""
    padded = tf.pad(rows, ((1, 1), (0, 0)))
    return tf.concat([padded[2:], rows, padded[:-2]], axis=1)


def _block(
    block: FoldedBlock, size: Architecture, hidden: tf.Tensor, attention_bias: tf.Tensor, rows: int
) -> tf.Tensor:
    """One block, for the first `rows` positions: (length, hidden_dim) -> (rows, hidden_dim)."""
    residual, query, key, value = _attention_inputs(block, size, hidden)
    if rows < hidden.shape[0]:
        hidden, residual, query = hidden[:rows], residual[:rows], query[:rows]
    context = _attention(query, key, value, size.num_heads, attention_bias)
    states = _join(context, residual, block.attention_output)
    for intermediate, output in block.feed_forwards:
        activated = _ACTIVATIONS[size.activation](_dense(states, intermediate))
        states = _join(activated, states, output)
    if block.bottleneck_output is None:
        return states
    return _join(states, hidden, block.bottleneck_output)


def _attention_inputs(
    block: FoldedBlock, size: Architecture, hidden: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Residual, query, key and value; who reads what is the table in `mbert_cli.model.bottleneck`."""
    heads = (block.query, block.key, block.value)
    if block.narrow is None:
        return hidden, *_dense_side_by_side(hidden, heads)
    if block.shared is not None:
        parts = (block.narrow.dense, block.shared.dense, block.value)
        narrow, shared, value = _dense_side_by_side(hidden, parts)
        query, key = _dense_side_by_side(_norm(shared, block.shared.norm), heads[:2])
        return _norm(narrow, block.narrow.norm), query, key, value
    if size.use_bottleneck_attention:
        narrow = _project(hidden, block.narrow)
        return narrow, *_dense_side_by_side(narrow, heads)
    narrow, query, key, value = _dense_side_by_side(hidden, (block.narrow.dense, *heads))
    return _norm(narrow, block.narrow.norm), query, key, value


def _attention(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, num_heads: int, attention_bias: tf.Tensor
) -> tf.Tensor:
    """Scaled queries (rows, dim), keys and values (length, dim) -> (rows, dim)."""
    query, key, value = (_split_heads(part, num_heads) for part in (query, key, value))
    logits = tf.matmul(query, key, transpose_b=True) + attention_bias  # (heads, rows, length)
    context = tf.matmul(tf.nn.softmax(logits), value)  # (heads, rows, head_dim)
    return tf.reshape(tf.transpose(context, (1, 0, 2)), (query.shape[1], -1))


def _split_heads(rows: tf.Tensor, num_heads: int) -> tf.Tensor:
    """(rows, dim) -> (heads, rows, head_dim)."""
    count, dim = rows.shape
    return tf.transpose(tf.reshape(rows, (count, num_heads, dim // num_heads)), (1, 0, 2))


def _join(rows: tf.Tensor, residual: tf.Tensor, join: Join) -> tf.Tensor:
    if join.residual_scale is not None:
        residual *= join.residual_scale
    return _norm(_dense(rows, join.dense) + residual, join.norm)


def _project(rows: tf.Tensor, projection: Projection) -> tf.Tensor:
    return _norm(_dense(rows, projection.dense), projection.norm)


def _dense_side_by_side(rows: tf.Tensor, parts: tuple[Dense, ...]) -> list[tf.Tensor]:
    """Several dense maps of the same rows and of equal width, in one product."""
    merged = Dense(
        np.concatenate([part.kernel for part in parts], axis=1), np.concatenate([part.bias for part in parts])
    )
    return tf.split(_dense(rows, merged), len(parts), axis=1)


def _dense(rows: tf.Tensor, dense: Dense) -> tf.Tensor:
    return _product(rows, dense.kernel) + dense.bias


def _product(rows: tf.Tensor, kernel: np.ndarray) -> tf.Tensor:
    return tf.matmul(rows, np.ascontiguousarray(kernel.T), transpose_b=True)


_ACTIVATIONS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "gelu": lambda rows: tf.nn.gelu(rows, approximate=True),
    "gelu_exact": lambda rows: tf.nn.gelu(rows, approximate=False),
}
"""By the values of `Architecture.activation`."""


def _norm(rows: tf.Tensor, norm: Norm | None) -> tf.Tensor:
    """LayerNorm, if there is one left."""
    if norm is None:
        return rows
    centered = rows - tf.reduce_mean(rows, axis=-1, keepdims=True)
    variance = tf.reduce_mean(centered * centered, axis=-1, keepdims=True)
    return centered * tf.math.rsqrt(variance + norm.epsilon) * norm.gamma + norm.beta


_OUTPUT_ACTIVATIONS: dict[OutputActivation, Callable[[tf.Tensor], tf.Tensor]] = {
    "softmax": tf.nn.softmax,
    "sigmoid": tf.sigmoid,
    "linear": lambda logits: logits,
}


def _outputs(logits: tf.Tensor, head: TaskHead) -> tuple[tf.Tensor, ...]:
    """Logits (rows, outputs) -> the outputs that the head names: all in one, or a column in each."""
    activated = _OUTPUT_ACTIVATIONS[head.activation](logits)
    if head.is_pooled:
        return (activated,)
    if len(head.artifact_outputs) == 1:
        return (tf.expand_dims(activated, 0),)
    columns = tf.transpose(activated)  # (outputs, length)
    return tuple(columns[index : index + 1] for index in range(len(head.artifact_outputs)))
