"""The part of every batch that one host feeds to its devices."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mbert_cli.text.batch import Batch


@dataclass(frozen=True)
class RowShare:
    """Neighbouring rows of a batch.

    Attributes:
        index: Which part, in the order of the rows.
        count: How many there are, each with as many rows.
    """

    index: int = 0
    count: int = 1

    def of(self, rows: int) -> slice:
        """Where the part lies in a batch of so many rows, which `count` divides."""
        size = rows // self.count
        return slice(self.index * size, (self.index + 1) * size)


class GlobalBatches(Protocol):
    """Batches as a pure function of the step, of which a part can be had without the rest."""

    def __call__(self, step: int) -> Batch:
        """The global batch of a step, counted from 0."""

    def shard(self, index: int, count: int) -> Callable[[int], Batch]:
        """A function like this one that returns part `index` of `count` of the rows of each batch."""
