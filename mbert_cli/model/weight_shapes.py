"""The weights of every architecture by canonical name, with their shapes: what is known without building a network.

Names and axes are those of `encoder.py` and `heads.py`; kernels are (input, output).
"""

from collections.abc import Iterable, Iterator

from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.task_head import TaskHead

Shape = tuple[int, ...]
Shapes = Iterator[tuple[str, Shape]]

BOTTLENECKS = ("bottleneck_input", "bottleneck_attention")
ATTENTION = ("query", "key", "value")


def input_projections(size: Architecture) -> tuple[str, ...]:
    """The maps that read the input of a block; see `mbert_cli.model.projections`."""
    if size.intra_dim is None:
        return ATTENTION
    if size.use_bottleneck_attention:
        return ("bottleneck_input",)
    if size.key_query_shared_bottleneck:
        return (*BOTTLENECKS, "value")
    return ("bottleneck_input", *ATTENTION)


def bottleneck_projections(size: Architecture) -> tuple[str, ...]:
    """The maps that read one of the bottlenecks."""
    return tuple(name for name in ATTENTION if name not in input_projections(size))


def encoder_shapes(size: Architecture, vocab_size: int) -> dict[str, Shape]:
    """The weights of an encoder.

    Args:
        size: The encoder.
        vocab_size: Rows of its word table.
    """
    shapes = dict(_below("encoder/embeddings", _embeddings(size, vocab_size)))
    for layer in range(size.num_layers):
        name = layer_name(layer)
        shapes |= _below(f"encoder/{name}", _block(size, name))
    return shapes


def pretraining_shapes(size: Architecture, vocab_size: int) -> dict[str, Shape]:
    """The weights of the heads of pre-training: masked words, next sentence, and the pooler of some sizes."""
    hidden, extra_dim = size.hidden_dim, size.hidden_dim - size.embedding_dim
    head = "masked_language_model"
    shapes = dict(_below(f"{head}/transform", [*_dense("", hidden, hidden), *_norm("norm", hidden)]))
    if extra_dim:
        shapes[f"{head}/output/extra_embeddings"] = (vocab_size, extra_dim)
    shapes[f"{head}/output/bias"] = (vocab_size,)
    return shapes | dict(_pooler(size)) | dict(_dense("next_sentence", hidden, 2))


def task_shapes(size: Architecture, head: TaskHead, num_outputs: int) -> dict[str, Shape]:
    """The weights of the head of a task, with the pooler of some sizes.

    Args:
        size: The encoder below it.
        head: What reads the encoder's last hidden states.
        num_outputs: Width of the output.
    """
    if head.pooling is not None:
        return {}
    pooler = dict(_pooler(size)) if head.is_pooled else {}
    return pooler | dict(_dense(head.name, size.hidden_dim, num_outputs))


def _embeddings(size: Architecture, vocab_size: int) -> Shapes:
    hidden = size.hidden_dim
    yield "word_embeddings", (vocab_size, size.embedding_dim)
    if size.trigram_input or size.embedding_dim != hidden:
        yield from _dense("projection", size.embedding_dim * (3 if size.trigram_input else 1), hidden)
    yield "position_embeddings", (size.max_length, hidden)
    if size.num_segments:
        yield "segment_embeddings", (size.num_segments, hidden)
    yield from _norm_of(size, "", hidden)


def _block(size: Architecture, name: str) -> Shapes:
    inside = size.block_dim
    yield from _projections(size)
    yield from _dense("attention/output", inside, inside)
    yield from _norm_of(size, "attention", inside, name)
    for network in size.feed_forward_names:
        yield from _dense(f"{network}/intermediate", inside, size.intermediate_dim)
        yield from _dense(f"{network}/output", size.intermediate_dim, inside)
        yield from _norm_of(size, network, inside, name)
    if size.intra_dim is not None:
        yield from _dense("bottleneck_output", inside, size.hidden_dim)
        yield from _norm_of(size, "bottleneck_output", size.hidden_dim, name)


def _projections(size: Architecture) -> Shapes:
    """What stands before attention, as `mbert_cli.model.projections` has it."""
    inside, outer, inner = size.block_dim, input_projections(size), bottleneck_projections(size)
    for name in outer:
        if name in BOTTLENECKS:
            yield from _norm_of(size, name, inside)
    if size.merged_projections:
        yield from _dense("input_projections", size.hidden_dim, len(outer) * inside)
        if inner:
            yield from _dense("bottleneck_projections", inside, len(inner) * inside)
        return
    for name in (*outer, *inner):
        path = name if name in BOTTLENECKS else f"attention/{name}"
        yield from _dense(path, inside if name in inner else size.hidden_dim, inside)


def _norm_of(size: Architecture, owner: str, dim: int, block: str | None = None) -> Shapes:
    """The norm of a part; of a folded model the vector that multiplies the part's residual, or nothing."""
    if not size.normalization.startswith("folded"):
        yield from _norm(f"{owner}/norm".lstrip("/"), dim)
    elif f"{block}/{owner}" in size.multiplied_residuals:
        yield f"{owner}/residual_scale", (dim,)


def _pooler(size: Architecture) -> Shapes:
    if size.use_pooler:
        yield from _dense("pooler", size.hidden_dim, size.hidden_dim)


def _dense(name: str, input_dim: int, output_dim: int) -> Shapes:
    yield f"{name}/kernel".lstrip("/"), (input_dim, output_dim)
    yield f"{name}/bias".lstrip("/"), (output_dim,)


def _norm(name: str, dim: int) -> Shapes:
    yield f"{name}/gamma", (dim,)
    yield f"{name}/beta", (dim,)


def _below(path: str, shapes: Iterable[tuple[str, Shape]]) -> Shapes:
    return ((f"{path}/{name}", shape) for name, shape in shapes)
