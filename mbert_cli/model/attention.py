"""Self-attention that returns its logits, and the padding mask in the form that attention adds."""

from typing import Any

import keras
from keras import KerasTensor, ops

from mbert_cli.backend import Tensor
from mbert_cli.model import bfloat16
from mbert_cli.model.dense import Dense, Dropout, LayerWithParts
from mbert_cli.model.normalization import AddNorm
from mbert_cli.model.options import Architecture

MASKED = -1e30
"""Added to the logits of padding; after the softmax nothing of it is left.

BERT's code adds -10,000, which a NoNorm model's logits can outgrow: padding then takes part, and an answer depends on
how long the batch is. Below that the two give the same bits.
"""


class AttentionBias(keras.Layer):
    """Padding mask -> what is added to the attention logits: 0 for tokens, a large negative number for padding.

    Args:
        masked: That number.

    Call arguments:
        padding_mask: (batch, length) int32, 1 for tokens and 0 for padding.

    Returns:
        (batch, 1, 1, length) float32.
    """

    def __init__(self, masked: float = MASKED, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.masked = masked

    def call(self, padding_mask: Tensor) -> Tensor:
        padding = 1.0 - ops.cast(padding_mask, "float32")
        return ops.expand_dims(padding * self.masked, (1, 2))

    def compute_output_spec(self, padding_mask: KerasTensor) -> KerasTensor:
        batch, length = padding_mask.shape
        return KerasTensor((batch, 1, 1, length), dtype="float32")


class SelfAttention:
    """`norm(output(attention) + residual)` with several heads, a part of a block.

    What it attends with are the results of `mbert_cli.model.projections`.

    Args:
        owner: The block.
        size: Gives the number of heads, the width (`block_dim`) and the dropout rate of probabilities.
        dropout_rate: Share of the output zeroed while training, before the residual is added.
        first_only: Whether only the first position attends.
    """

    def __init__(
        self,
        owner: LayerWithParts,
        size: Architecture,
        dropout_rate: float = 0.0,
        first_only: bool = False,
    ) -> None:
        self.owner, self.first_only, width = owner, first_only, size.block_dim
        self.num_heads, self.head_dim = size.num_heads, width // size.num_heads
        with keras.name_scope("attention"):
            self.output = Dense(owner, "output", width, width)
            self.add_norm = AddNorm(owner, size, width, "attention")
        self.probability_dropout = Dropout(owner, "attention_dropout", size.attention_dropout_rate)
        self.output_dropout = Dropout(owner, "attention_output_dropout", dropout_rate)

    def __call__(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        residual: Tensor,
        attention_bias: Tensor,
        training: bool | None,
    ) -> tuple[Tensor, Tensor]:
        """Attends.

        Args:
            query: (batch * queries, block_dim), scaled by 1 / sqrt(head_dim).
            key, value: (batch * length, block_dim).
            residual: (batch * queries, block_dim).
            attention_bias: (batch, 1, 1, length).
            training: Whether dropout is active.

        Returns:
            The next rows (batch * queries, block_dim) and the logits (batch, heads, query, key): before
            the softmax, with the mask added, in float32 whatever the layer computes in.
        """
        length = ops.shape(attention_bias)[-1]
        query = self._split(query, 1 if self.first_only else length, (0, 2, 1, 3))
        key = self._split(key, length, (0, 2, 3, 1))
        value = self._split(value, length, (0, 2, 1, 3))
        at = self.owner.at
        logits = at("attention/logits", ops.cast(ops.matmul(query, key), "float32"))
        logits = at("attention/masked_logits", logits + ops.cast(attention_bias, "float32"))
        context = ops.transpose(self._context(logits, value, training), (0, 2, 1, 3))
        context = ops.reshape(context, (-1, self.num_heads * self.head_dim))
        rows = self.add_norm.of_map(self.output, context, self.output_dropout, residual, training)
        return rows, logits

    def _context(self, logits: Tensor, value: Tensor, training: bool | None) -> Tensor:
        """(batch, heads, query, key), (batch, heads, key, head_dim) -> (batch, heads, query, head_dim)."""
        at, dropout = self.owner.at, self.probability_dropout
        if self.owner.quantizing is None and bfloat16.suits(value):
            is_dropped = dropout.rate > 0 and training
            is_kept = dropout.draw(ops.shape(logits)) if is_dropped else None
            return bfloat16.attend(logits, value, is_kept, dropout.factor if is_dropped else 1.0)
        probabilities = at("attention/probabilities", ops.cast(ops.softmax(logits), value.dtype))
        return at("attention/context", ops.matmul(dropout(probabilities, training), value))

    def _split(self, rows: Tensor, length: Tensor, order: tuple[int, ...]) -> Tensor:
        """(batch * length, width) -> the four axes (batch, length, head, head_dim) in `order`."""
        return ops.transpose(ops.reshape(rows, (-1, length, self.num_heads, self.head_dim)), order)
