"""BERT's block."""

from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model.attention import SelfAttention
from mbert_cli.model.block import Block
from mbert_cli.model.feed_forward import FeedForward
from mbert_cli.model.projections import Projections


class PlainBlock(Block):
    """Attention and feed-forward networks, each added to its input and normalized (BERT, TinyBERT).

    Arguments and results are those of `Block`.
    """

    def build(self, *shapes: object) -> None:
        size, rate = self.size, self.size.hidden_dropout_rate
        self.projections = Projections(self, size)
        self.attention = SelfAttention(self, size, rate, self.first_only)
        self.feed_forwards = [FeedForward(self, name, size, rate) for name in size.feed_forward_names]

    def compute(self, hidden: Tensor, attention_bias: Tensor, training: bool | None) -> tuple[Tensor, ...]:
        length = ops.shape(hidden)[1]
        rows = ops.reshape(hidden, (-1, self.size.hidden_dim))  # (batch * length, hidden_dim)
        residual, query, key, value = self.projections(rows)
        shown = self.shown(query, key, value, length)
        residual, query = self.keep(residual, length), self.keep(query, length)
        rows, logits = self.attention(query, key, value, residual, attention_bias, training)
        for feed_forward in self.feed_forwards:
            rows = feed_forward(rows, training)
        hidden = ops.reshape(rows, (-1, 1 if self.first_only else length, self.size.hidden_dim))
        return hidden, logits, *shown
