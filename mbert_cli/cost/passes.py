"""The operations of a training step: forward, backward down to the lowest layer that trains, and the teacher's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mbert_cli.cost.products import Product


@dataclass(frozen=True)
class Passes:
    """Floating-point operations of the matrix products of a step.

    Attributes:
        forward: Of what trains, through its losses.
        backward: Gradients of weights that train, and of activations on the way down to the lowest of them.
        teacher: Of the teacher, which runs forward alone.
        repeated: Of the blocks that run forward once more for their gradients, with `train.rematerialize`.
    """

    forward: float = 0
    backward: float = 0
    teacher: float = 0
    repeated: float = 0

    @property
    def total(self) -> float:
        """All of them."""
        return self.forward + self.backward + self.teacher + self.repeated

    def __add__(self, other: "Passes") -> "Passes":
        return Passes(
            self.forward + other.forward,
            self.backward + other.backward,
            self.teacher + other.teacher,
            self.repeated + other.repeated,
        )

    def __mul__(self, factor: float) -> "Passes":
        return Passes(
            self.forward * factor, self.backward * factor, self.teacher * factor, self.repeated * factor
        )


def count_operations(products: Sequence[Product]) -> int:
    """The operations of a forward pass."""
    return sum(product.operations for product in products)


def count_backward(products: Sequence[Product], trains: Callable[[str], bool]) -> int:
    """The operations of the gradients of a forward pass.

    The gradient of either factor of a product takes as many operations as the product. That of a kernel is
    computed where its layer trains, and that of an activation where anything trains from which it is made.

    Args:
        products: Of the forward pass.
        trains: Name of a layer -> whether its weights train.
    """
    lowest = lowest_place(products, trains)
    return sum(product.operations * _gradients(product, trains, lowest) for product in products)


def lowest_place(products: Sequence[Product], trains: Callable[[str], bool]) -> float:
    """The place of the lowest layer that trains, below which no gradient is needed; infinity where none does."""
    places = [one.place for one in products if trains(one.layer) and not one.is_aside]
    return min(places, default=float("inf"))


def _gradients(product: Product, trains: Callable[[str], bool], lowest: float) -> int:
    """How many factors of a product need a gradient: 0, 1 or 2."""
    needs_input = lowest < product.place if product.reads_below else lowest <= product.place
    if not product.is_weighted:
        return 2 * needs_input
    return trains(product.layer) + needs_input
