"""The places of a layer at which an artifact of integers rounds, and what stands there while a model learns it.

A place has a name within its layer. With N the number of a feed-forward network and `map` that of a dense map
(`input_projections`, `bottleneck_projections`, `attention/output`, `feed_forward_N/intermediate`,
`feed_forward_N/output`, `bottleneck_output`, `projection`; `dense` where a layer is one map):

    <map>/input                                what a dense map reads
    <map>                                      what it writes, after a ReLU that is computed with it
    feed_forward_N/activation                  after an activation by itself
    attention/{logits,masked_logits,probabilities,context}
    attention, feed_forward_N, bottleneck_output, each with
        .../residual                           the residual times its factor
        .../sum                                update + residual
        .../norm/{mean,centered,squares,variance,deviation,normalized,scaled,shifted}
    {word,position,segment}_embeddings         rows of a table
    trigram, positions, segments               neighbours side by side, and sums, in the embeddings
    activation                                 after the pooler's own

Splits, transpositions and slices of a tensor round nothing and are no places.
"""

from collections.abc import Sequence
from typing import Protocol

import keras

from mbert_cli.backend import Tensor


class Quantizing(Protocol):
    """What stands at the places of one layer; each method returns what goes on in place of what came."""

    @property
    def states(self) -> Sequence[keras.Variable]:
        """Variables that it changes while it computes; none where it changes nothing."""

    def values(self, place: str, tensor: Tensor) -> Tensor:
        """What a layer computes, of any shape."""

    def kernel(self, place: str, kernel: Tensor) -> Tensor:
        """The kernel (input_dim, output_dim) of a dense map."""

    def looked_up(self, place: str, rows: Tensor, table: Tensor) -> Tensor:
        """Rows (..., dim) of a table (rows, dim)."""
