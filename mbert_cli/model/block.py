"""What the two kinds of block have in common: their arguments and what they return."""

from typing import Any

import keras
from keras import KerasTensor, ops

from mbert_cli.backend import Tensor
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.options import Architecture
from mbert_cli.model.shared_trace import SharedTrace


class Block(LayerWithParts):
    """One transformer block.

    Args:
        size: Gives widths, normalization, activation and dropout.
        shared_trace: That of all blocks of an encoder; None for a block by itself.
        first_only: Whether the block computes the first position alone, which is all that a reader of [CLS]
            needs. Keys and values are of all positions anyway.
        returns_projections: Whether it also returns what its attention is computed from; not with `first_only`.

    Attributes:
        rematerialize: Whether a training computes the block again in its backward pass instead of keeping all that
            was computed inside it.

    Call arguments:
        hidden: (batch, length, hidden_dim).
        attention_bias: (batch, 1, 1, length), see `AttentionBias`.

    Returns:
        The next hidden states, of the same shape, and the attention logits (batch, heads, query, key); with
        `first_only`, of one position and one query. With `returns_projections` queries, keys and values
        follow, (batch, length, block_dim) each, before they are scaled and split into heads.
    """

    def __init__(
        self,
        size: Architecture,
        shared_trace: SharedTrace | None = None,
        *,
        first_only: bool = False,
        returns_projections: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.first_only, self.returns_projections = size, first_only, returns_projections
        self.rematerialize = False
        self._shared_trace = shared_trace or SharedTrace()

    @property
    def form(self) -> tuple[object, ...]:
        """What the blocks of an encoder may differ in apart from the values of their weights."""
        scope = f"{self.name}/"
        places = [
            place.removeprefix(scope) for place in self.size.multiplied_residuals if place.startswith(scope)
        ]
        return self.first_only, *places

    def call(
        self, hidden: Tensor, attention_bias: Tensor, training: bool | None = None
    ) -> tuple[Tensor, ...]:
        return self._shared_trace(
            self, self.form, self.compute, hidden, attention_bias, training, rematerialize=self.rematerialize
        )

    def keep(self, rows: Tensor, length: Tensor) -> Tensor:
        """Rows (batch * length, dim) -> those that this block computes, all or (batch, dim)."""
        if not self.first_only:
            return rows
        dim = rows.shape[-1]
        return ops.reshape(rows, (-1, length * dim))[:, :dim]

    def shown(self, query: Tensor, key: Tensor, value: Tensor, length: Tensor) -> tuple[Tensor, ...]:
        """What attention is computed from, as the block returns it: three tensors or none.

        Args:
            query: (batch * length, block_dim), scaled by 1 / sqrt(width of a head).
            key, value: (batch * length, block_dim).
            length: Tokens of a text.
        """
        if not self.returns_projections:
            return ()
        dim = self.size.block_dim
        rows = query * (dim // self.size.num_heads) ** 0.5, key, value
        return tuple(ops.reshape(part, (-1, length, dim)) for part in rows)

    def compute(self, hidden: Tensor, attention_bias: Tensor, training: bool | None) -> tuple[Tensor, ...]:
        """What a kind of block computes; arguments and results as those of `call`."""
        raise NotImplementedError

    def compute_output_spec(
        self, hidden: KerasTensor, attention_bias: KerasTensor, training: bool | None = None
    ) -> tuple[KerasTensor, ...]:
        batch, length, dim = hidden.shape
        rows = 1 if self.first_only else length
        logits_shape = (batch, self.size.num_heads, rows, length)
        # An object for each: Keras tells outputs apart by these alone, and would return the last one for all three.
        vectors = [
            KerasTensor((batch, length, self.size.block_dim), dtype=self.compute_dtype) for _ in range(3)
        ]
        return (
            KerasTensor((batch, rows, dim), dtype=self.compute_dtype),
            KerasTensor(logits_shape, dtype="float32"),
            *(vectors if self.returns_projections else []),
        )


def rematerialize_blocks(network: keras.Model, rematerialize: bool) -> None:
    """Sets whether a training computes the blocks of a network twice; those of nested models count as its own."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            rematerialize_blocks(layer, rematerialize)
        elif isinstance(layer, Block):
            layer.rematerialize = rematerialize
