"""What every layer of the model is made of: named parts that own weights, and the dense map.

A Keras layer call costs about a millisecond of tracing, and a MobileBERT block has twenty-five maps and
norms. So a block is *one* Keras layer, and what it is made of are plain objects, its parts: they own
weights and are called like functions.
"""

from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model import bfloat16
from mbert_cli.model.gelu import Gelu
from mbert_cli.model.own_rows import draw_rows
from mbert_cli.model.quantizing import Quantizing


class LayerWithParts(keras.Layer):
    """A Keras layer whose weights carry names of several parts, such as `attention/query/kernel`.

    `keras.Layer.add_weight` knows only names of one part. Parts open a name scope each and call `own`.

    Args:
        seed: Decides the dropout of all parts.

    Attributes:
        quantizing: What stands at the places of the layer while it learns to be rounded; None for nothing.
    """

    def __init__(self, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.quantizing: Quantizing | None = None
        self.owned: list[keras.Variable | keras.random.SeedGenerator] = []  # Keras tracks what is in lists

    def own(
        self, name: str, shape: Sequence[int], initializer: str = "zeros", *, autocast: bool = True
    ) -> keras.Variable:
        """Creates a trainable weight in the current name scope; only `build` may call it.

        Args:
            name: Last part of its path.
            shape: Its shape.
            initializer: What it holds at first.
            autocast: Whether a layer that computes in bfloat16 reads it in bfloat16.
        """
        variable = keras.Variable(
            initializer, tuple(shape), dtype=self.variable_dtype, name=name, autocast=autocast
        )
        self.owned.append(variable)
        return variable

    def at(self, place: str, tensor: Tensor) -> Tensor:
        """Passes on what the layer computes at a place of `mbert_cli.model.quantizing`."""
        return tensor if self.quantizing is None else self.quantizing.values(place, tensor)

    def suits_bfloat16(self, rows: Tensor) -> bool:
        """Whether parts compute by `mbert_cli.model.bfloat16` from rows (rows, dim)."""
        return self.quantizing is None and len(rows.shape) == 2 and bfloat16.suits(rows)


class Dense:
    """`activation(rows @ kernel + bias)`, a part of a layer.

    Args:
        owner: The layer that the weights belong to.
        name: Name scope of the weights `kernel` (input_dim, output_dim) and `bias` (output_dim,);
            None puts them directly in the owner's.
        activation: One that phones compute with the map, in one operation; None for none.
    """

    def __init__(
        self,
        owner: LayerWithParts,
        name: str | None,
        input_dim: int,
        output_dim: int,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.owner, self.activation = owner, activation
        if name is None:
            self._build(owner, input_dim, output_dim)
        else:
            with keras.name_scope(name):
                self._build(owner, input_dim, output_dim)

    def _build(self, owner: LayerWithParts, input_dim: int, output_dim: int) -> None:
        self.kernel = owner.own("kernel", (input_dim, output_dim))
        self.bias = owner.own("bias", (output_dim,), autocast=False)
        *scopes, _ = self.kernel.path.split("/")
        within = scopes[scopes.index(owner.name) + 1 :] if owner.name in scopes else scopes
        self.place = "/".join(within) or "dense"

    def __call__(self, rows: Tensor) -> Tensor:
        if self.owner.suits_bfloat16(rows):
            is_relu = self.activation is ops.relu
            rows = bfloat16.dense(rows, self.kernel.value, self.bias.value, with_relu=is_relu)
            return rows if is_relu or self.activation is None else self.activation(rows)
        rows, kernel = self.owner.at(f"{self.place}/input", rows), self.kernel
        if self.owner.quantizing is not None:
            kernel = self.owner.quantizing.kernel(self.place, kernel)
        rows = ops.matmul(rows, kernel)
        rows = ops.add(rows, ops.cast(self.bias, rows.dtype))
        return self.owner.at(self.place, rows if self.activation is None else self.activation(rows))

    def with_gelu(self, rows: Tensor, gelu: Gelu) -> Tensor:
        """`gelu(self(rows))` in one operation; only where `LayerWithParts.suits_bfloat16`, and not to be trained."""
        return bfloat16.dense_with_gelu(rows, self.kernel.value, self.bias.value, gelu)


class Dropout:
    """Zeroes a share of the values while training, a part of a layer.

    One random byte decides about a value, so the share is a multiple of 1/256, and what remains is
    scaled by exactly that. Random numbers are what dropout costs: a float for each value would take four
    times as long.

    Args:
        owner: The layer that the random state belongs to.
        name: Name of that state; with the owner's name and seed it decides which values are zeroed.
        rate: Share of values to zero, rounded to a multiple of 1/256 but never to 0 or 1; 0 makes no
            random state and no op.
    """

    def __init__(self, owner: LayerWithParts, name: str, rate: float) -> None:
        self.rate = rate
        if rate > 0:
            seed = crc32(f"{owner.seed}/{owner.name}/{name}".encode())
            self.seed_generator = keras.random.SeedGenerator(seed, name=name)
            owner.owned.append(self.seed_generator)

    def __call__(self, values: Tensor, training: bool | None) -> Tensor:
        if self.rate == 0 or not training:
            return values
        is_kept = self.draw(ops.shape(values))
        return values * ops.cast(is_kept, values.dtype) * self.factor

    @property
    def factor(self) -> float:
        """What remains is multiplied by this."""
        return 256 / (256 - self._zeroed)

    def draw(self, shape: Sequence[Tensor]) -> Tensor:
        """Draws which values of a shape remain, as bool; only with a rate above 0."""
        return ops.greater_equal(draw_rows(self._random_bytes, shape), ops.cast(self._zeroed, "uint8"))

    @property
    def _zeroed(self) -> int:
        """Of the 256 values of a byte, those that stand for zero."""
        return min(max(round(self.rate * 256), 1), 255)

    def _random_bytes(self, shape: Sequence[Tensor]) -> Tensor:
        """(..., features) -> the same shape in uint8."""
        *leading, features = shape
        words = keras.random.randint(
            (*leading, -(-features // 4), 1), -(2**31), 2**31 - 1, dtype="int32", seed=self.seed_generator
        )
        parts = ops.view(words, "uint8")  # (..., words, 4)
        return ops.reshape(parts, (*leading, -1))[..., :features]
