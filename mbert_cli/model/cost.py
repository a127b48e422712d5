"""What an encoder costs, from its size alone: parameters, arithmetic, and what a training step keeps in memory."""

from dataclasses import dataclass

from mbert_cli.model.options import Architecture

FLOAT_BYTES = 4
_NORM_COPIES = {"layer_norm": 3, "no_norm": 2, "folded": 0}
"""Arrays of a norm's width that a training step keeps."""
_ACTIVATION_COPIES = {"relu": 2, "relu6": 2, "gelu": 4, "gelu_exact": 4}
"""Arrays of a feed-forward network's inner width that a training step keeps."""
_PROBABILITY_COPIES = 3
"""Arrays of (heads, query, key) that a training step keeps: logits or probabilities, dropout and what is left.

These three numbers are fitted to the peak memory of fine-tuning an encoder of 6 layers, 384 wide, on TensorFlow's
CPU: 2.3, 4.7 and 7.6 GB for batches of 16 x 128, 64 x 128 and 16 x 512 tokens.
"""


@dataclass(frozen=True)
class _Parts:
    """Dense maps as (input, output) widths, and the widths of norms."""

    maps: list[tuple[int, int]]
    norms: list[int]

    @property
    def kernels(self) -> int:
        return sum(inputs * outputs for inputs, outputs in self.maps)

    @property
    def vectors(self) -> int:
        return sum(outputs for _, outputs in self.maps) + 2 * sum(self.norms)


def count_parameters(size: Architecture, vocab_size: int) -> int:
    """Parameters of the encoder without heads, exactly.

    Args:
        size: The encoder.
        vocab_size: Rows of its word table.
    """
    tables, rest = _embedding_parameters(size, vocab_size)
    block = _block(size)
    residuals = sum(_residual_dim(size, place) for place in size.multiplied_residuals)
    return tables + rest + size.num_layers * (block.kernels + block.vectors) + residuals


def count_head_parameters(size: Architecture, vocab_size: int) -> int:
    """Parameters that the heads of pre-training add: masked words, next sentence, and the pooler of some sizes."""
    hidden = size.hidden_dim
    words = hidden * hidden + 3 * hidden + vocab_size * (hidden - size.embedding_dim) + vocab_size
    return words + 2 * hidden + 2 + (hidden * hidden + hidden) * size.use_pooler


def size_bytes(size: Architecture, vocab_size: int, *, kernel_bytes: int, vector_bytes: int) -> int:
    """Bytes of the encoder's weights in a file.

    Args:
        size: The encoder.
        vocab_size: Rows of its word table.
        kernel_bytes: Bytes of a number in a kernel or in the word table.
        vector_bytes: Bytes of any other number.
    """
    total = count_parameters(size, vocab_size)
    tables, _ = _embedding_parameters(size, vocab_size)
    kernels = tables + _projection(size).kernels + size.num_layers * _block(size).kernels
    return kernel_bytes * kernels + vector_bytes * (total - kernels)


def count_flops(size: Architecture, length: int) -> int:
    """Floating-point operations of the encoder for one text: twice the multiplications of all matrix products.

    Args:
        size: The encoder.
        length: Tokens of the text, padding included.
    """
    kernels = _projection(size).kernels + size.num_layers * _block(size).kernels
    attention = 2 * length * size.block_dim * size.num_layers  # scores and sums, a token
    return 2 * length * (kernels + attention)


def training_bytes(
    size: Architecture,
    vocab_size: int,
    batch_size: int,
    length: int,
    predictions: int = 0,
    float_bytes: int = 4,
) -> int:
    """Estimate of what a training step keeps: activations for the gradients, weights, gradients and two moments.

    Args:
        size: The encoder.
        vocab_size: Rows of its word table.
        batch_size: Examples of a step.
        length: Tokens of an example.
        predictions: Masked words of an example, scored over the whole vocabulary; 0 without that head.
        float_bytes: Bytes of an activation: 4, or 2 with bfloat16.
    """
    tokens = batch_size * length
    block = _block(size)
    wide = sum(outputs for _, outputs in block.maps) + 4 * size.block_dim
    wide += _NORM_COPIES[size.normalization] * sum(block.norms)
    wide += _ACTIVATION_COPIES[size.activation] * size.intermediate_dim * size.num_feedforward_networks
    probabilities = _PROBABILITY_COPIES * size.num_heads * length
    activations = tokens * size.num_layers * (wide + probabilities)
    scores = 3 * batch_size * predictions * vocab_size
    parameters = count_parameters(size, vocab_size)
    if predictions:
        parameters += count_head_parameters(size, vocab_size)
    return float_bytes * activations + FLOAT_BYTES * (scores + 4 * parameters)


def comparing_bytes(size: Architecture, vocab_size: int, batch_size: int, length: int) -> int:
    """Estimate of what a teacher keeps while it is compared with: weights, hidden states, attention of all layers."""
    states = (size.num_layers + 1) * length * size.hidden_dim
    attention = size.num_layers * size.num_heads * length * length
    weights = count_parameters(size, vocab_size) + count_head_parameters(size, vocab_size)
    return FLOAT_BYTES * (batch_size * (states + attention) + weights)


def _embedding_parameters(size: Architecture, vocab_size: int) -> tuple[int, int]:
    """Parameters of the word table, and all others of the embeddings."""
    projection = _projection(size)
    rows = size.max_length + size.num_segments
    others = projection.kernels + projection.vectors + rows * size.hidden_dim
    return vocab_size * size.embedding_dim, others


def _projection(size: Architecture) -> _Parts:
    """The projection from word embeddings to the width between blocks, with the norm that follows."""
    inputs = size.embedding_dim * (3 if size.trigram_input else 1)
    is_there = size.trigram_input or size.embedding_dim != size.hidden_dim
    return _Parts([(inputs, size.hidden_dim)] if is_there else [], _norms(size, [size.hidden_dim]))


def _block(size: Architecture) -> _Parts:
    hidden, inside = size.hidden_dim, size.block_dim
    query = value = hidden
    maps, norms = [], []
    if size.intra_dim:
        maps, norms = [(hidden, inside), (inside, hidden)], [inside, hidden]
        if size.use_bottleneck_attention:
            query = value = inside
        elif size.key_query_shared_bottleneck:
            maps, norms, query = [*maps, (hidden, inside)], [*norms, inside], inside
    maps += [(query, inside), (query, inside), (value, inside), (inside, inside)]
    maps += size.num_feedforward_networks * [(inside, size.intermediate_dim), (size.intermediate_dim, inside)]
    return _Parts(maps, _norms(size, [*norms, *[inside] * (1 + size.num_feedforward_networks)]))


def _norms(size: Architecture, dims: list[int]) -> list[int]:
    """Widths of norms; a folded model has none."""
    return [] if size.normalization == "folded" else dims


def _residual_dim(size: Architecture, place: str) -> int:
    return size.hidden_dim if place.endswith("/bottleneck_output") else size.block_dim
