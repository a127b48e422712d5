"""Encoders of every size, and the names of their weights.

The name of a weight is its `path`, the same in every process, on every backend, for every depth and in every
network that contains the encoder. With NN the number of the block, from 00, and n that of its feed-forward
network, from 0:

    encoder/embeddings/word_embeddings                                   (vocab_size, embedding_dim)
    encoder/embeddings/position_embeddings, segment_embeddings           (rows, hidden_dim)
    encoder/embeddings/projection/{kernel,bias}                          trigram or embedding_dim ≠ hidden_dim
    encoder/embeddings/norm/{gamma,beta}
    encoder/layer_NN/bottleneck_input/{kernel,bias,norm/gamma,norm/beta}
    encoder/layer_NN/bottleneck_attention/{kernel,bias,norm/gamma,norm/beta}    key_query_shared_bottleneck
    encoder/layer_NN/attention/{query,key,value,output}/{kernel,bias}
    encoder/layer_NN/attention/norm/{gamma,beta}
    encoder/layer_NN/feed_forward_n/{intermediate,output}/{kernel,bias}
    encoder/layer_NN/feed_forward_n/norm/{gamma,beta}
    encoder/layer_NN/bottleneck_output/{kernel,bias,norm/gamma,norm/beta}

Kernels are (input, output). Plain blocks have no `bottleneck_*`. The heads' names are in `heads.py`.

A folded model has no `norm`, and in the place of each that follows a sum at most a `residual_scale` (dim,). With
merged projections there is no `attention/{query,key,value}` and no kernel and bias of `bottleneck_input` and
`bottleneck_attention`, but

    encoder/layer_NN/input_projections/{kernel,bias}                            what reads the block's input
    encoder/layer_NN/bottleneck_projections/{kernel,bias}                       what reads a bottleneck
"""

from functools import partial
from typing import Any

import keras

from mbert_cli.errors import UserError
from mbert_cli.model.attention import MASKED, AttentionBias
from mbert_cli.model.bottleneck import BottleneckBlock
from mbert_cli.model.embedding import Embeddings
from mbert_cli.model.initialization import draw_weights
from mbert_cli.model.options import SIZES, Architecture, layer_name
from mbert_cli.model.plain import PlainBlock
from mbert_cli.model.shared_trace import SharedTrace

INPUTS = ("token_ids", "segment_ids", "padding_mask")
"""What every encoder reads, each (batch, length) int32."""

PROJECTIONS = ("queries", "keys", "values")
"""Parts of a Trace from which attention is computed."""

BLOCK_PARTS = ("attention_logits", *PROJECTIONS)
"""Parts of a Trace that each block has."""


def build_encoder(
    size: str | Architecture,
    *,
    vocab_size: int = 30522,
    seed: int | None = 0,
    name: str = "encoder",
    dtype: str | keras.DTypePolicy | None = None,
    learns_attention: bool = True,
    returns_projections: bool = False,
    is_drawn: bool = True,
    ends_in_cls: bool = False,
    masked: float = MASKED,
) -> keras.Model:
    """Builds an encoder as a functional model.

    Args:
        size: A row of `SIZES`, or the size itself.
        vocab_size: Rows of the word table.
        seed: Draws kernels and tables and decides dropout; None leaves zeros, to be loaded from a file.
        name: Name of the model; the names of its weights start with `encoder` whatever it is.
        dtype: Keras dtype policy; None takes the global one.
        learns_attention: Whether gradients flow through `attention_logits`; without, a training is faster.
        returns_projections: Whether the Trace also has what attention is computed from; not with `ends_in_cls`.
        is_drawn: False leaves zeros as a seed of None does, and the seed decides dropout alone.
        ends_in_cls: Whether the last block computes the first position alone, because nothing else is read.
        masked: What is added to the attention logits of padding.

    Returns:
        A model from a dict of `INPUTS` to a Trace: a dict of `hidden_states`, num_layers + 1 tensors (batch,
        length, hidden_dim) of which the first is the embeddings' output, and `attention_logits`, num_layers
        tensors (batch, heads, query, key) float32. With `returns_projections` it also has `queries`, `keys` and
        `values`, num_layers tensors (batch, length, block_dim) each, before they are scaled and split into heads.
        Keras refuses a dict with keys that are not inputs: call it with `{key: batch[key] for key in encoder.input}`.

    Raises:
        UserError: The size is unknown.
    """
    size = resolve_size(size)
    inputs = {key: keras.Input((None,), dtype="int32", name=key) for key in INPUTS}
    block_class = PlainBlock if size.intra_dim is None else BottleneckBlock
    shared: dict[str, Any] = {"seed": seed or 0, "dtype": dtype}
    shared_trace = SharedTrace(learns_attention=learns_attention)
    new_block = partial(block_class, size, shared_trace, returns_projections=returns_projections, **shared)
    with keras.name_scope("encoder"):
        bias = AttentionBias(masked, name="attention_bias", dtype=dtype)(inputs["padding_mask"])
        embeddings = Embeddings(size, vocab_size, name="embeddings", **shared)
        hidden_states = [embeddings(inputs["token_ids"], inputs["segment_ids"])]
        block_parts = []
        for index in range(size.num_layers):
            block = new_block(first_only=ends_in_cls and index == size.num_layers - 1, name=layer_name(index))
            hidden, *others = block(hidden_states[-1], bias)
            hidden_states.append(hidden)
            block_parts.append(others)
    parts = BLOCK_PARTS if returns_projections else BLOCK_PARTS[:1]
    by_name = {part: [others[place] for others in block_parts] for place, part in enumerate(parts)}
    encoder = keras.Model(inputs, {"hidden_states": hidden_states} | by_name, name=name)
    draw_weights(encoder.weights, seed if is_drawn else None, size.initializer_range)
    return encoder


def truncate(network: keras.Model, num_layers: int) -> keras.Model:
    """The part of a network up to and with its first blocks, made of the very same layers.

    Args:
        network: A model whose output has a Trace, as `build_encoder` describes it.
        num_layers: Blocks to keep; 0 keeps the embeddings alone.

    Returns:
        A model from a dict of `INPUTS` to the Trace of that depth.

    Raises:
        UserError: The network has fewer blocks.
    """
    trace = {
        name: tensors for name, tensors in network.output.items() if name in ("hidden_states", *BLOCK_PARTS)
    }
    depth = len(trace["hidden_states"]) - 1
    if not 0 <= num_layers <= depth:
        raise UserError(
            f"num_layers must be between 0 and the network's {depth}. Received: {num_layers}",
            "Choose fewer blocks.",
        )
    return keras.Model(
        {key: network.input[key] for key in INPUTS},
        {name: tensors[: num_layers + (name == "hidden_states")] for name, tensors in trace.items()},
        name=f"{network.name}_of_{num_layers}_layers",
    )


def resolve_size(size: str | Architecture) -> Architecture:
    """The row of `SIZES` with that name, or the size itself."""
    if isinstance(size, Architecture):
        return size
    if size not in SIZES:
        raise UserError(
            f"A size is one of {', '.join(SIZES)}. Received: {size!r}",
            "See `mbert recipe explain model.size`.",
        )
    return SIZES[size]
