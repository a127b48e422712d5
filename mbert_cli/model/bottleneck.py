"""The bottleneck block of MobileBERT, and the inverted one of its teacher IB-BERT."""

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model.attention import SelfAttention
from mbert_cli.model.block import Block
from mbert_cli.model.dense import Dense, Dropout, LayerWithParts
from mbert_cli.model.feed_forward import FeedForward
from mbert_cli.model.normalization import build_norm
from mbert_cli.model.options import Architecture


class Bottleneck:
    """`norm(rows @ kernel + bias)` from the width between blocks to the width inside, a part of a block."""

    def __init__(self, owner: LayerWithParts, name: str, size: Architecture) -> None:
        with keras.name_scope(name):
            self.dense = Dense(owner, None, size.hidden_dim, size.block_dim)
            self.norm = build_norm(owner, size, size.block_dim)

    def __call__(self, rows: Tensor) -> Tensor:
        return self.norm(self.dense(rows))


class BottleneckBlock(Block):
    """A block that works at `intra_dim` between two linear maps from and to `hidden_dim`.

    The bottlenecked input is the residual of the attention. What attention reads depends on the size:

    | size                          | query and key            | value                  |
    |-------------------------------|--------------------------|------------------------|
    | `use_bottleneck_attention`    | the bottlenecked input   | the bottlenecked input |
    | `key_query_shared_bottleneck` | a bottleneck of their own | the block's input     |
    | neither (IB-BERT)             | the block's input        | the block's input      |

    Arguments and results are those of `Block`.
    """

    def build(self, *shapes: object) -> None:
        size = self.size
        self.bottleneck_input = Bottleneck(self, "bottleneck_input", size)
        query_dim = value_dim = size.block_dim if size.use_bottleneck_attention else size.hidden_dim
        self.bottleneck_attention = None
        if size.key_query_shared_bottleneck and not size.use_bottleneck_attention:
            self.bottleneck_attention = Bottleneck(self, "bottleneck_attention", size)
            query_dim = size.block_dim
        self.attention = SelfAttention(self, size, query_dim, value_dim)
        self.feed_forwards = [
            FeedForward(self, f"feed_forward_{index}", size) for index in range(size.num_feedforward_networks)
        ]
        with keras.name_scope("bottleneck_output"):
            self.output_dense = Dense(self, None, size.block_dim, size.hidden_dim)
            self.output_norm = build_norm(self, size, size.hidden_dim)
        self.output_dropout = Dropout(self, "output_dropout", size.hidden_dropout_rate)

    def compute(self, hidden: Tensor, attention_bias: Tensor, training: bool | None) -> tuple[Tensor, Tensor]:
        wide = ops.reshape(hidden, (-1, self.size.hidden_dim))  # (batch * length, hidden_dim)
        narrow = self.bottleneck_input(wide)  # (batch * length, intra_dim)
        query_rows, value_rows = self._attention_sources(wide, narrow)
        rows, logits = self.attention(query_rows, value_rows, narrow, attention_bias, training)
        for feed_forward in self.feed_forwards:
            rows = feed_forward(rows, training)
        update = self.output_dropout(self.output_dense(rows), training)
        wide = self.output_norm(update + wide)
        return ops.reshape(wide, (-1, ops.shape(hidden)[1], self.size.hidden_dim)), logits

    def _attention_sources(self, wide: Tensor, narrow: Tensor) -> tuple[Tensor, Tensor]:
        """The rows that query and key read, and those that the value reads."""
        if self.size.use_bottleneck_attention:
            return narrow, narrow
        if self.bottleneck_attention is not None:
            return self.bottleneck_attention(wide), wide
        return wide, wide
