"""Weights that an optimizer updates with the same treatment, together as one flat array or each in its own shape."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops

from mbert_cli.backend import Tensor

FLAT_VALUES = 4_000_000
"""A flat array ends after this many values (16 MB): longer ones spend their time in fresh pages of memory."""


@dataclass(frozen=True)
class FlatGroup:
    """Weights that are updated as one flat array of shape (values,).

    Attributes:
        variables: The weights.
        places: Their places among the gradients.
        scale: Factor of the learning rate.
        excluded: Whether they are exempt from weight decay (and, in LAMB, from adaptation).
        row_values: Each weight is padded to a multiple of this many values.
    """

    variables: list[keras.Variable]
    places: list[int]
    scale: float
    excluded: bool
    row_values: int
    ends: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        padded = [size + self._padding(size) for size in self._sizes()]
        object.__setattr__(self, "ends", np.cumsum(padded))

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the flat array."""
        return (int(self.ends[-1]),)

    def flatten(self, tensors: Sequence[Tensor]) -> Tensor:
        """Tensors of the weights' shapes -> (values,) float32, padded with zeros."""
        parts = []
        for tensor, size in zip(tensors, self._sizes(), strict=True):
            tensor = ops.convert_to_tensor(tensor, "float32")
            parts.append(tensor if len(tensor.shape) == 1 else ops.reshape(tensor, (-1,)))
            if self._padding(size):
                parts.append(ops.zeros((self._padding(size),), "float32"))
        return ops.concatenate(parts) if len(parts) > 1 else parts[0]

    def unflatten(self, flat: Tensor) -> list[Tensor]:
        """(values,) -> list of tensors of the weights' shapes."""
        pieces = ops.split(flat, self.ends[:-1].tolist()) if len(self.ends) > 1 else [flat]
        tensors = []
        for piece, size, variable in zip(pieces, self._sizes(), self.variables, strict=True):
            piece = piece[:size] if self._padding(size) else piece
            tensors.append(piece if len(variable.shape) == 1 else ops.reshape(piece, variable.shape))
        return tensors

    def norms(self, flat: Tensor) -> Tensor:
        """(values,) -> (weights,): the Euclidean norm of each weight."""
        squares = ops.sum(ops.square(ops.reshape(flat, (-1, self.row_values))), axis=1)  # (rows,)
        return ops.sqrt(ops.segment_sum(squares, self._row_owners(), num_segments=len(self.variables)))

    def scaled(self, flat: Tensor, factors: Tensor) -> Tensor:
        """(values,), (weights,) -> (values,): each weight times its factor."""
        rows = ops.reshape(flat, (-1, self.row_values))
        rows = rows * ops.expand_dims(ops.take(factors, self._row_owners()), 1)  # (rows, values of a row)
        return ops.reshape(rows, (-1,))

    def join(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """As `flatten`, in the memory of the host."""
        return np.concatenate([np.pad(array.ravel(), (0, self._padding(array.size))) for array in arrays])

    def part(self, flat: np.ndarray) -> list[np.ndarray]:
        """As `unflatten`, in the memory of the host."""
        pieces = zip(np.split(flat, self.ends[:-1]), self._sizes(), self.variables, strict=True)
        return [piece[:size].reshape(variable.shape) for piece, size, variable in pieces]

    def _row_owners(self) -> Tensor:
        """(rows,) int32: the weight that each row belongs to."""
        rows = np.diff(self.ends, prepend=0) // self.row_values
        return ops.convert_to_tensor(np.repeat(np.arange(len(rows), dtype="int32"), rows), "int32")

    def _sizes(self) -> list[int]:
        return [int(np.prod(variable.shape)) for variable in self.variables]

    def _padding(self, size: int) -> int:
        return -size % self.row_values


@dataclass(frozen=True)
class ShapedWeight(FlatGroup):
    """One weight in its own shape, with the methods of a group: a flat array could not be divided among devices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the weight."""
        return tuple(self.variables[0].shape)

    def flatten(self, tensors: Sequence[Tensor]) -> Tensor:
        """The only tensor as float32."""
        return ops.convert_to_tensor(tensors[0], "float32")

    def unflatten(self, flat: Tensor) -> list[Tensor]:
        """The tensor as a list."""
        return [flat]

    def norms(self, flat: Tensor) -> Tensor:
        """Tensor -> (1,): its Euclidean norm."""
        return ops.reshape(ops.sqrt(ops.sum(ops.square(flat))), (1,))

    def scaled(self, flat: Tensor, factors: Tensor) -> Tensor:
        """The tensor times the only factor."""
        return flat * factors[0]


def shaped_weights(group: FlatGroup) -> list[ShapedWeight]:
    """The weights of a group by themselves, in their order."""
    return [
        ShapedWeight([variable], [place], group.scale, group.excluded, group.row_values)
        for variable, place in zip(group.variables, group.places, strict=True)
    ]


def cut_into_parts(places: Sequence[int], variables: Sequence[keras.Variable]) -> list[list[int]]:
    """Cuts a list of places where the length of a flat array would pass the limit."""
    parts: list[list[int]] = []
    length = FLAT_VALUES
    for place in places:
        size = int(np.prod(variables[place].shape))
        if length + size > FLAT_VALUES:
            parts.append([])
            length = 0
        parts[-1].append(place)
        length += size
    return parts


def join_arrays(groups: Sequence[FlatGroup], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Arrays of weights in the order of their groups -> the flat array of each group."""
    left = iter(arrays)
    return [group.join([next(left) for _ in group.variables]) for group in groups]


def part_arrays(groups: Sequence[FlatGroup], flats: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The opposite of `join_arrays`."""
    return [part for group, flat in zip(groups, flats, strict=True) for part in group.part(flat)]
