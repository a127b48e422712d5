"""Random numbers for some rows of a batch, equal to those that a draw for all rows gives them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from keras import ops

from mbert_cli.backend import Tensor


@dataclass(frozen=True)
class OwnRows:
    """Neighbouring rows of a batch, which several devices share out evenly.

    Attributes:
        index: Which part this is, an integer that may be known only when it is computed.
        count: How many parts there are.
    """

    index: Tensor
    count: int


_own_rows: ContextVar[OwnRows | None] = ContextVar("_own_rows", default=None)


@contextmanager
def computing(own: OwnRows) -> Iterator[None]:
    """While this lasts, a step is traced that computes these rows alone."""
    token = _own_rows.set(own)
    try:
        yield
    finally:
        _own_rows.reset(token)


def draw_rows(draw: Callable[[Sequence[Tensor]], Tensor], shape: Sequence[Tensor]) -> Tensor:
    """What a draw for all rows has for those that are computed.

    Args:
        draw: Shape -> random tensor. It is called for all rows, which costs more than the rows alone.
        shape: That of the rows that are computed, which stand along its first axis.
    """
    own = _own_rows.get()
    if own is None:
        return draw(shape)
    rows, *others = shape
    drawn = draw((rows * own.count, *others))
    return ops.slice(drawn, (own.index * rows, *[0] * len(others)), shape)
