"""What an encoder costs, from its size alone: parameters, arithmetic, and what a training step keeps for gradients."""

import math
from collections.abc import Mapping

from mbert_cli.backend import backend_name
from mbert_cli.model.options import Architecture
from mbert_cli.model.splitting import MODEL_AXIS, count_divided, divided_axes
from mbert_cli.model.task_head import TaskHead
from mbert_cli.model.weight_shapes import Shape, encoder_shapes, task_shapes

FLOAT_BYTES = 4
USUAL_VOCABULARY = 30522
"""Tokens assumed where no vocabulary is known: those of BERT."""
_NORM_COPIES = {"layer_norm": 3, "no_norm": 1, "folded": 0, "folded_layer_norm": 3}
"""Arrays of a norm's width that a training step keeps."""
_ACTIVATION_COPIES = {"relu": 2, "relu6": 2, "gelu": 2, "gelu_exact": 2}
"""Arrays of a feed-forward network's inner width that a training step keeps."""
_PROBABILITY_COPIES = 3
"""Arrays of (heads, query, key) that a training step keeps: logits or probabilities, dropout and what is left.

These three numbers are fitted to the peak memory of fine-tuning an encoder of 6 layers, 384 wide, on TensorFlow's
CPU: 2.2, 4.1 and 6.9 GB for batches of 16 x 128, 64 x 128 and 16 x 512 tokens.
"""
_FUSED_NORM_COPIES = {"layer_norm": 1, "no_norm": 0, "folded": 0, "folded_layer_norm": 1}
_FUSED_ACTIVATION_COPIES = {"relu": 0, "relu6": 0, "gelu": 1, "gelu_exact": 1}
"""The same where XLA runs on a GPU, beside the outputs of products: what the gradients of the products read.

There what lies between two products is one kernel, whose steps leave nothing behind and are computed again in the
backward pass. GELU needs its input, an output of a product, and the next product its own; ReLU's output serves both.
Peaks of pre-training on one H100, in docs/results.md, are 0.95 to 1.01 of this estimate, and 0.86 where blocks are
computed again.
"""
_WORKING_COPIES = {"tensorflow": 2, "jax": 1}
"""Blocks whose activations are there at once where each is computed again in the backward pass.

One, where XLA puts the operations in order: of `ib_bert_large` with batches of 32 x 512 tokens, in float32, it says 8.0
GB. TensorFlow begins with the next block before all gradients of the last are computed: peaks on a CPU were 2.2 GB for
an encoder of 8 layers, 256 wide, with batches of 32 x 256 tokens, and 3.2 GB for one of 6, 384 wide, with 16 x 512.
"""


def count_parameters(size: Architecture, vocab_size: int) -> int:
    """Parameters of the encoder without heads, exactly.

    Args:
        size: The encoder.
        vocab_size: Rows of its word table.
    """
    return _count(encoder_shapes(size, vocab_size))


def count_task_parameters(size: Architecture, head: TaskHead, num_outputs: int) -> int:
    """Parameters that the head of a task adds, exactly; arguments as for `task_shapes`."""
    return _count(task_shapes(size, head, num_outputs))


def size_bytes(
    size: Architecture,
    vocab_size: int,
    *,
    kernel_bytes: float,
    vector_bytes: int,
    table_bytes: float | None = None,
) -> int:
    """Bytes of the encoder's weights in a file.

    Args:
        size: The encoder.
        vocab_size: Rows of its word table.
        kernel_bytes: Bytes of a number in a kernel.
        vector_bytes: Bytes of any other number.
        table_bytes: Bytes of a number in the word table; None for those of a kernel.
    """
    shapes = encoder_shapes(size, vocab_size)
    kernels = _count({name: shape for name, shape in shapes.items() if name.endswith("kernel")})
    table = _count({name: shape for name, shape in shapes.items() if name.endswith("word_embeddings")})
    vectors = _count(shapes) - kernels - table
    in_table = kernel_bytes if table_bytes is None else table_bytes
    return round(kernel_bytes * kernels + in_table * table + vector_bytes * vectors)


def count_flops(size: Architecture, length: int) -> int:
    """Floating-point operations of the encoder for one text: twice the multiplications of all matrix products.

    Args:
        size: The encoder.
        length: Tokens of the text, padding included.
    """
    kernels = _count_kernels(size)
    attention = 2 * length * size.block_dim * size.num_layers  # scores and sums, a token
    return 2 * length * (kernels + attention)


def count_elsewhere(size: Architecture, model_parallel: int) -> int:
    """Parameters of an encoder that one of the devices which divide its layers does not hold."""
    return count_divided(size) * (model_parallel - 1) // model_parallel


def activation_bytes(
    size: Architecture,
    batch_size: int,
    length: int,
    float_bytes: int = 4,
    *,
    rematerialize: bool = False,
    model_parallel: int = 1,
    fused: bool = False,
) -> int:
    """Estimate of what the encoder computes in a training step and keeps for the gradients.

    Args:
        size: The encoder.
        batch_size: Examples of a step, on one device.
        length: Tokens of an example.
        float_bytes: Bytes of an activation: 4, or 2 with bfloat16.
        rematerialize: Whether each block is computed again in the backward pass.
        model_parallel: Devices that divide each layer; the estimate is that of one of them.
        fused: Whether XLA runs on a GPU, which keeps less.
    """
    tokens = batch_size * length
    block = _block_activations(size, length, model_parallel, fused)
    if not rematerialize:
        return float_bytes * tokens * size.num_layers * block
    copies = _WORKING_COPIES[backend_name()]
    return float_bytes * tokens * (size.num_layers * size.hidden_dim + copies * block)


def _block_activations(size: Architecture, length: int, model_parallel: int, fused: bool) -> int:
    """Numbers that a block keeps of a token, on one of the devices that divide it."""
    block = {name: shape for name, shape in encoder_shapes(size, 0).items() if "/layer_00/" in name}
    kernels = {name: shape for name, shape in block.items() if name.endswith("kernel")}
    inner = sum(shape[-1] for name, shape in kernels.items() if divided_axes(name)[-1] == MODEL_AXIS)
    wide = sum(shape[-1] for shape in kernels.values()) - inner + 4 * size.block_dim
    norms = sum(dim for name, (dim, *_) in block.items() if name.endswith(("gamma", "residual_scale")))
    wide += (_FUSED_NORM_COPIES if fused else _NORM_COPIES)[size.normalization] * norms
    copies = (_FUSED_ACTIVATION_COPIES if fused else _ACTIVATION_COPIES)[size.activation]
    inner += copies * size.intermediate_dim * size.num_feedforward_networks
    inner += _PROBABILITY_COPIES * size.num_heads * length
    return wide + inner // model_parallel


def _count(shapes: Mapping[str, Shape]) -> int:
    return sum(map(math.prod, shapes.values()))


def _count_kernels(size: Architecture) -> int:
    """Numbers in the kernels that every token is multiplied with."""
    shapes = encoder_shapes(size, vocab_size=0)
    return _count({name: shape for name, shape in shapes.items() if name.endswith("kernel")})
