"""What the two kinds of block have in common: their arguments and what they return."""

from typing import Any

from keras import KerasTensor

from mbert_cli.backend import Tensor
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.options import Architecture
from mbert_cli.model.shared_trace import SharedTrace


class Block(LayerWithParts):
    """One transformer block.

    Args:
        size: Gives widths, normalization, activation and dropout.
        shared_trace: That of all blocks of an encoder; None for a block by itself.

    Call arguments:
        hidden: (batch, length, hidden_dim).
        attention_bias: (batch, 1, 1, length), see `AttentionBias`.

    Returns:
        The next hidden states, of the same shape, and the attention logits (batch, heads, query, key).
    """

    def __init__(self, size: Architecture, shared_trace: SharedTrace | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self._shared_trace = size, shared_trace or SharedTrace()

    def call(
        self, hidden: Tensor, attention_bias: Tensor, training: bool | None = None
    ) -> tuple[Tensor, Tensor]:
        return self._shared_trace(self, self.compute, hidden, attention_bias, training)

    def compute(self, hidden: Tensor, attention_bias: Tensor, training: bool | None) -> tuple[Tensor, Tensor]:
        """What a kind of block computes; arguments and results as those of `call`."""
        raise NotImplementedError

    def compute_output_spec(
        self, hidden: KerasTensor, attention_bias: KerasTensor, training: bool | None = None
    ) -> tuple[KerasTensor, KerasTensor]:
        batch, length, _ = hidden.shape
        logits_shape = (batch, self.size.num_heads, length, length)
        return (
            KerasTensor(hidden.shape, dtype=self.compute_dtype),
            KerasTensor(logits_shape, dtype="float32"),
        )
