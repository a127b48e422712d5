"""The bottleneck block of MobileBERT, and the inverted one of its teacher IB-BERT."""

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model.attention import SelfAttention
from mbert_cli.model.block import Block
from mbert_cli.model.dense import Dense, Dropout
from mbert_cli.model.feed_forward import FeedForward
from mbert_cli.model.normalization import AddNorm
from mbert_cli.model.projections import Projections


class BottleneckBlock(Block):
    """A block that works at `intra_dim` between two linear maps from and to `hidden_dim`.

    The bottlenecked input is the residual of the attention. What attention reads depends on the architecture: see
    the table in `mbert_cli.model.projections`.

    Arguments and results are those of `Block`.
    """

    def build(self, *shapes: object) -> None:
        size = self.size
        self.projections = Projections(self, size)
        self.attention = SelfAttention(self, size, first_only=self.first_only)
        self.feed_forwards = [FeedForward(self, name, size) for name in size.feed_forward_names]
        with keras.name_scope("bottleneck_output"):
            self.output_dense = Dense(self, None, size.block_dim, size.hidden_dim)
            self.output_norm = AddNorm(self, size, size.hidden_dim, "bottleneck_output")
        self.output_dropout = Dropout(self, "output_dropout", size.hidden_dropout_rate)

    def compute(self, hidden: Tensor, attention_bias: Tensor, training: bool | None) -> tuple[Tensor, ...]:
        length = ops.shape(hidden)[1]
        wide = ops.reshape(hidden, (-1, self.size.hidden_dim))  # (batch * length, hidden_dim)
        residual, query, key, value = self.projections(wide)
        shown = self.shown(query, key, value, length)
        residual, query = self.keep(residual, length), self.keep(query, length)
        rows, logits = self.attention(query, key, value, residual, attention_bias, training)
        for feed_forward in self.feed_forwards:
            rows = feed_forward(rows, training)
        wide = self.output_norm.of_map(
            self.output_dense, rows, self.output_dropout, self.keep(wide, length), training
        )
        hidden = ops.reshape(wide, (-1, 1 if self.first_only else length, self.size.hidden_dim))
        return hidden, logits, *shown
