"""What the two kinds of block have in common: their arguments and what they return."""

from typing import Any

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

    Call arguments:
        hidden: (batch, length, hidden_dim).
        attention_bias: (batch, 1, 1, length), see `AttentionBias`.

    Returns:
        The next hidden states, of the same shape, and the attention logits (batch, heads, query, key); with
        `first_only`, of one position and one query.
    """

    def __init__(
        self,
        size: Architecture,
        shared_trace: SharedTrace | None = None,
        *,
        first_only: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.first_only = size, first_only
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
    ) -> tuple[Tensor, Tensor]:
        return self._shared_trace(self, self.form, self.compute, hidden, attention_bias, training)

    def keep(self, rows: Tensor, length: Tensor) -> Tensor:
        """Rows (batch * length, dim) -> those that this block computes, all or (batch, dim)."""
        if not self.first_only:
            return rows
        dim = rows.shape[-1]
        return ops.reshape(rows, (-1, length * dim))[:, :dim]

    def compute(self, hidden: Tensor, attention_bias: Tensor, training: bool | None) -> tuple[Tensor, Tensor]:
        """What a kind of block computes; arguments and results as those of `call`."""
        raise NotImplementedError

    def compute_output_spec(
        self, hidden: KerasTensor, attention_bias: KerasTensor, training: bool | None = None
    ) -> tuple[KerasTensor, KerasTensor]:
        batch, length, dim = hidden.shape
        rows = 1 if self.first_only else length
        logits_shape = (batch, self.size.num_heads, rows, length)
        return (
            KerasTensor((batch, rows, dim), dtype=self.compute_dtype),
            KerasTensor(logits_shape, dtype="float32"),
        )
