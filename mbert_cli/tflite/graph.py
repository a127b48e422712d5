"""A folded model -> the inference graph: the Keras network itself, made ready for a phone.

What differs from training:

- The weights are constants of the graph.
- A head that reads [CLS] alone needs no other row of the last block after its keys and values.
- The mask fits into float16, in which the accelerators of phones compute.
- Outputs have the form that a phone wants: probabilities, or a tensor of its own for each column.
"""

from collections.abc import Callable

import keras

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER, SHORTEST_VECTOR, OutputActivation, TaskHead
from mbert_cli.native_output import hidden_native_output
from mbert_cli.tflite.fold import Weights
from mbert_cli.tflite.modes import FLOAT_MASK

with hidden_native_output():
    import tensorflow as tf

Inference = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
"""Token ids, mask (1 for tokens, 0 for padding) and segments, (1, length) int32 each, by the names `ids`, `mask` and
`segment_ids` -> float32 tensors, as many as the head names: (1, outputs) of a head that gives one for a text; of one
that reads every token (1, length, outputs), or (1, length) for each column where each has a name."""


def build_inference(
    weights: Weights, architecture: Architecture, head: TaskHead = CLASSIFIER, masked: float = FLOAT_MASK
) -> Inference:
    """Builds what the graph of a task model computes.

    Args:
        weights: Arrays by canonical name.
        architecture: What they are the weights of.
        head: The head of the task.
        masked: What is added to the attention logits of padding.
    """
    network = build_task_network(
        architecture,
        head=head,
        num_outputs=0 if head.pooling else weights[f"{head.name}/bias"].shape[0],
        vocab_size=weights["encoder/embeddings/word_embeddings"].shape[0],
        seed=None,
        dtype="float32",
        ends_in_cls=True,
        masked=masked,
    )

    def infer(ids: tf.Tensor, mask: tf.Tensor, segment_ids: tf.Tensor) -> tuple[tf.Tensor, ...]:
        values = [(variable, tf.constant(weights[variable.path])) for variable in network.weights]
        inputs = {"token_ids": ids, "segment_ids": segment_ids, "padding_mask": mask}
        with keras.StatelessScope(state_mapping=values):
            return _outputs(network(inputs, training=False)["logits"], head)

    return infer


def _of_unit_length(vectors: tf.Tensor) -> tf.Tensor:
    # Not tf.nn.l2_normalize: the accelerators of phones take its TFLite operation less often than these.
    squares = tf.reduce_sum(vectors * vectors, axis=-1, keepdims=True)
    return vectors * tf.math.rsqrt(tf.maximum(squares, SHORTEST_VECTOR**2))


_OUTPUT_ACTIVATIONS: dict[OutputActivation, Callable[[tf.Tensor], tf.Tensor]] = {
    "softmax": tf.nn.softmax,
    "sigmoid": tf.sigmoid,
    "linear": lambda logits: logits,
    "unit_length": _of_unit_length,
}


def _outputs(logits: tf.Tensor, head: TaskHead) -> tuple[tf.Tensor, ...]:
    """Logits (1, outputs) or (1, length, outputs) -> the outputs that the head names: all in one, or a column each."""
    activated = _OUTPUT_ACTIVATIONS[head.activation](logits)
    if len(head.artifact_outputs) == 1:
        return (activated,)
    return tuple(activated[..., index] for index in range(len(head.artifact_outputs)))
