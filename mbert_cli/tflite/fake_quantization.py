"""Fake quantization: a folded network that computes in float32 what its artifact of integers will compute.

At the places of its layers (`mbert_cli.model.quantizing`) values are rounded to the grid that their range gives. While
the network trains, ranges follow the values as moving averages, and from some update on they stay; they are companions
of the objective, saved and resumed with the training, and become the ranges of the artifact.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import keras
import numpy as np
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.grids import (
    Grid,
    grid_of_probabilities,
    grid_of_range,
    grid_of_tanh,
    round_kernel,
    round_rows_of_words,
)  # fmt: skip
from mbert_cli.tflite.roundings import ATTENTION_PLACES, FIXED, INPUT, VARIANCE, Rounding

_FIXED = dict(zip(FIXED, (grid_of_probabilities, grid_of_tanh), strict=True))

WORD_TABLE = "word_embeddings"
"""The place of the word table."""

Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest value by `<layer>/<place>`."""


class FakeQuantization(keras.layers.Layer):
    """The ranges of a network, and what stands at its places.

    Args:
        network: A folded network; it is changed in place, and computes with rounded numbers from then on.
        rounding: What is rounded, and how.
        momentum: Weight of what a range was, in each update.
        moving_updates: Updates after which ranges stay.
        ranges: Those of a network that has them; none begins with those of its first batch.
    """

    def __init__(
        self,
        network: keras.Model,
        rounding: Rounding,
        *,
        momentum: float = 0.99,
        moving_updates: int = 0,
        ranges: Ranges | None = None,
    ) -> None:
        super().__init__(name="fake_quantization", dtype="float32", trainable=False)
        self.rounding, self.momentum, self.moving_updates = rounding, momentum, moving_updates
        self.is_observing = False
        self.states: dict[str, keras.Variable] = {}
        for layer, places in find_places(network).items():
            learned = rounding.learned(places)
            names = [f"{layer.name}/{place}" for place in learned]
            self.states |= {name: self._state(name, ranges) for name in names}
            states = {place: self.states[name] for place, name in zip(learned, names, strict=True)}
            layer.quantizing = _LayerQuantizing(self, states, rounding.wide(places))
        self.built = True

    @contextmanager
    def observing(self, is_observing: bool = True) -> Iterator[None]:
        """Lets the ranges follow what is computed, or be traced to follow it."""
        self.is_observing, before = is_observing, self.is_observing
        try:
            yield
        finally:
            self.is_observing = before

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges as they are, by `<layer>/<place>`."""
        values = {name: ops.convert_to_numpy(state.value) for name, state in self.states.items()}
        return {name: (float(low), float(high)) for name, (low, high, _) in values.items()}

    def _state(self, name: str, ranges: Ranges | None) -> keras.Variable:
        """Smallest and largest value, and the number of updates."""
        value = (*(ranges[name] if ranges else (0.0, 0.0)), 0.0)
        return self.add_weight(
            shape=(3,),
            initializer=lambda shape, dtype: ops.convert_to_tensor(value, dtype),
            trainable=False,
            name=name.replace("/", "."),
        )

    def move(self, state: keras.Variable, values: Tensor) -> Tensor:
        """Updates a range from values and returns it, (3,)."""
        values = ops.stop_gradient(ops.cast(values, "float32"))
        seen = ops.stack([ops.min(values), ops.max(values)])
        before, updates = state.value[:2], state.value[2]
        share = ops.where(updates > 0, self.momentum, 0.0)
        moved = share * before + (1.0 - share) * seen
        held = ops.where(updates < self.moving_updates, moved, before)
        state.assign(ops.concatenate([held, ops.reshape(updates + 1.0, (1,))]))
        return state.value


class _LayerQuantizing:
    """What stands at the places of one layer; see `mbert_cli.model.quantizing.Quantizing`."""

    def __init__(
        self, owner: FakeQuantization, states: Mapping[str, keras.Variable], wide: Collection[str] = ()
    ) -> None:
        self._owner, self._states, self._rounding, self._wide = owner, states, owner.rounding, wide

    @property
    def states(self) -> Sequence[keras.Variable]:
        return list(self._states.values())

    def values(self, place: str, tensor: Tensor) -> Tensor:
        grid = self._grid(place, tensor)
        if grid is None:
            return tensor
        rounded = grid.round(ops.cast(tensor, "float32"))
        if place.endswith(VARIANCE):  # of a variance of 0, kernels make the largest number that they have
            rounded = ops.maximum(rounded, ops.stop_gradient(grid.scale) / 2)
        return ops.cast(rounded, tensor.dtype)

    def kernel(self, place: str, kernel: Tensor) -> Tensor:
        rule = self._rounding
        rounded = round_kernel(
            ops.convert_to_tensor(kernel, "float32"),
            rule.kernel_bits,
            block_size=rule.block_size,
            clips=rule.clips,
        )
        return ops.cast(rounded, kernel.dtype)

    def looked_up(self, place: str, rows: Tensor, table: Tensor) -> Tensor:
        rule = self._rounding
        if rule.word_bits is not None and place == WORD_TABLE:
            return ops.cast(round_rows_of_words(ops.cast(rows, "float32"), rule.word_bits), rows.dtype)
        if rule.table_bits is None:
            return rows
        values = ops.stop_gradient(ops.convert_to_tensor(table, "float32"))
        grid = grid_of_range(ops.min(values), ops.max(values), rule.table_bits, symmetric=rule.symmetric)
        return ops.cast(grid.round(ops.cast(rows, "float32")), rows.dtype)

    def _grid(self, place: str, tensor: Tensor) -> Grid | None:
        rule = self._rounding
        if rule.activation_bits is None or (rule.has_float_parts and place in ATTENTION_PLACES):
            return None
        if rule.dynamic:
            return self._grid_of_rows(tensor) if place.endswith(INPUT) else None
        if rule.places == "all" and place in _FIXED:
            return _FIXED[place](rule.activation_bits)
        if place not in self._states:
            return None
        state = self._states[place]
        held = self._owner.move(state, tensor) if self._owner.is_observing else state.value
        bits = 16 if place in self._wide else rule.activation_bits
        return grid_of_range(held[0], held[1], bits, symmetric=rule.symmetric)

    def _grid_of_rows(self, tensor: Tensor) -> Grid:
        values = ops.stop_gradient(ops.cast(tensor, "float32"))
        ends = partial(ops.min, axis=-1, keepdims=True), partial(ops.max, axis=-1, keepdims=True)
        low, high = (end(values) for end in ends)
        return grid_of_range(low, high, self._rounding.activation_bits or 8, symmetric=False)


class _Recorder:
    """Keeps what a layer computes at its places."""

    states: Sequence[keras.Variable] = ()

    def __init__(self) -> None:
        self.found: dict[str, np.ndarray] = {}

    def values(self, place: str, tensor: Tensor) -> Tensor:
        self.found[place] = keras.ops.convert_to_numpy(tensor)
        return tensor

    def kernel(self, place: str, kernel: Tensor) -> Tensor:
        return kernel

    def looked_up(self, place: str, rows: Tensor, table: Tensor) -> Tensor:
        return rows


def values_at_places(network: keras.Model, batch: Batch) -> dict[LayerWithParts, dict[str, np.ndarray]]:
    """What the layers of a network compute at their places, in their order; nothing is rounded meanwhile.

    Args:
        network: The network.
        batch: Its inputs, and whatever else.
    """
    layers = [layer for layer in network.layers if isinstance(layer, LayerWithParts)]
    before = [layer.quantizing for layer in layers]
    recorders = [_Recorder() for _ in layers]
    for layer, recorder in zip(layers, recorders, strict=True):
        layer.quantizing = recorder
    network({name: batch[name] for name in network.input}, training=False)
    for layer, quantizing in zip(layers, before, strict=True):
        layer.quantizing = quantizing
    return {layer: recorder.found for layer, recorder in zip(layers, recorders, strict=True)}


def find_places(network: keras.Model) -> dict[LayerWithParts, list[str]]:
    """The places of each layer at which values are computed, in their order."""
    batch = {name: np.ones((1, 4), "int32") for name in network.input}
    return {layer: list(values) for layer, values in values_at_places(network, batch).items()}
