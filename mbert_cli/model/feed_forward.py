"""The feed-forward network of a block, and the activations."""

from collections.abc import Callable

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model.dense import Dense, Dropout, LayerWithParts
from mbert_cli.model.gelu import EXACT, TANH, Gelu
from mbert_cli.model.normalization import AddNorm
from mbert_cli.model.options import Architecture

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": ops.relu,
    "relu6": ops.relu6,
    "gelu": TANH,
    "gelu_exact": EXACT,
}
"""Activations by their names in `Architecture.activation`; gelu is the tanh form that BERT was trained with."""

COMPUTED_WITH_MAPS = ("relu", "relu6")
"""Those that a phone computes with the dense map before them, in one operation."""


class FeedForward:
    """`norm(output(activation(intermediate(rows))) + rows)`, a part of a block.

    Args:
        owner: The block.
        name: Name scope of the weights `intermediate`, `output` and `norm`.
        size: Gives widths, activation and normalization.
        dropout_rate: Share of the output zeroed while training, before the residual is added.
    """

    def __init__(
        self, owner: LayerWithParts, name: str, size: Architecture, dropout_rate: float = 0.0
    ) -> None:
        self.owner, self.name = owner, name
        activation = ACTIVATIONS[size.activation]
        is_fused = size.activation in COMPUTED_WITH_MAPS
        self.activation = None if is_fused else activation
        with keras.name_scope(name):
            self.intermediate = Dense(
                owner, "intermediate", size.block_dim, size.intermediate_dim, activation if is_fused else None
            )
            self.output = Dense(owner, "output", size.intermediate_dim, size.block_dim)
            is_last = name == size.feed_forward_names[-1]
            epsilon = size.edge_epsilon if is_last else None
            self.add_norm = AddNorm(owner, size, size.block_dim, name, epsilon)
        self.dropout = Dropout(owner, f"{name}_dropout", dropout_rate)

    def __call__(self, rows: Tensor, training: bool | None) -> Tensor:
        inside = self._activated(rows, training)
        return self.add_norm.of_map(self.output, inside, self.dropout, rows, training)

    def _activated(self, rows: Tensor, training: bool | None) -> Tensor:
        if self.activation is None:
            return self.intermediate(rows)
        if isinstance(self.activation, Gelu) and not training and self.owner.suits_bfloat16(rows):
            return self.intermediate.with_gelu(rows, self.activation)
        return self.owner.at(f"{self.name}/activation", self.activation(self.intermediate(rows)))
