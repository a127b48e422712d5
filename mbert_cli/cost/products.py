"""The matrix products of a network, from its size alone: how many operations each takes, and whose weights it uses."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.task_head import TaskHead
from mbert_cli.model.weight_shapes import (
    Shape,
    encoder_shapes,
    input_projections,
    pretraining_shapes,
    task_shapes,
)

_MASKED_WORDS = "masked_language_model"
"""Name of the head that scores the vocabulary at the masked words."""


@dataclass(frozen=True)
class Product:
    """A matrix product for one example.

    Attributes:
        layer: The layer whose weights are one of its factors, or in whose block it is.
        place: 0 for the embeddings, l for layer l counted from 1, one more than the layers for a head.
        operations: Floating-point operations: two for each multiplication.
        is_weighted: Whether one of its factors is a kernel; the factors of attention are both activations.
        reads_below: Whether its other factor is what the place below returns, and not made in its own place.
        is_aside: Whether no place above reads what it makes: a projection that only a loss compares.
    """

    layer: str
    place: int
    operations: int
    is_weighted: bool = True
    reads_below: bool = False
    is_aside: bool = False


@dataclass(frozen=True)
class Network:
    """An encoder with heads, as far as its cost depends on them.

    Attributes:
        size: The encoder.
        vocab_size: Rows of its word table.
        heads: The heads of pre-training that it has.
        task_head: The head of a task, if it has one.
        num_outputs: Outputs of that head.
    """

    size: Architecture
    vocab_size: int
    heads: tuple[str, ...] = ()
    task_head: TaskHead | None = None
    num_outputs: int = 0

    @property
    def shapes(self) -> dict[str, Shape]:
        """All weights by name, without the `encoder/` of the encoder's."""
        shapes = encoder_shapes(self.size, self.vocab_size)
        own = {name.removeprefix("encoder/"): shape for name, shape in shapes.items()}
        above = pretraining_shapes(self.size, self.vocab_size) if self.heads else {}
        pooled = (*self.heads, "pooler") if "next_sentence" in self.heads else self.heads
        own |= {name: shape for name, shape in above.items() if name.split("/")[0] in pooled}
        if self.task_head:
            own |= task_shapes(self.size, self.task_head, self.num_outputs)
        return own

    @property
    def parameters(self) -> int:
        """Numbers of all weights."""
        return sum(map(math.prod, self.shapes.values()))


def products_of(network: Network, length: int, predictions: int, depth: int | None = None) -> list[Product]:
    """The products of a forward pass, from the bottom up.

    Args:
        network: What runs.
        length: Tokens of an example, padding included.
        predictions: Masked words of an example.
        depth: Blocks that run, without the heads; None for the whole network.
    """
    size = network.size
    shapes = encoder_shapes(size.model_copy(update={"num_layers": 1}), 0)
    projection = shapes.get("encoder/embeddings/projection/kernel")
    # Tables are read without a product; where there is nothing else, their layer is here for the gradients it wants.
    found = [Product("embeddings", 0, 0 if projection is None else _dense(length, projection))]
    block = list(_block(size, shapes, length))
    for layer in range(size.num_layers if depth is None else depth):
        found += [replace(product, layer=layer_name(layer), place=layer + 1) for product in block]
    if depth is None:
        found += _heads(network, length, predictions)
    return found


def _block(size: Architecture, shapes: Mapping[str, Shape], length: int) -> Iterator[Product]:
    """Maps that read the input of a block, attention, and the maps that read what the block itself has made."""
    name = layer_name(0)
    readers = ("input_projections",) if size.merged_projections else input_projections(size)
    for path, shape in shapes.items():
        if f"/{name}/" in path and path.endswith("/kernel"):
            yield Product(name, 1, _dense(length, shape), reads_below=path.split("/")[-2] in readers)
    # Scores, and the sums of values that they weigh: two products of length x width x length.
    yield Product(name, 1, 2 * 2 * length * length * size.block_dim, is_weighted=False)


def _heads(network: Network, length: int, predictions: int) -> Iterator[Product]:
    """A head of masked words reads these alone, one of tokens all of them, and every other one [CLS]."""
    size, place = network.size, network.size.num_layers + 1
    reads_tokens = network.task_head is not None and not network.task_head.is_pooled
    for name, shape in network.shapes.items():
        head = name.split("/")[0]
        if name.endswith("kernel") and not head.startswith(("embeddings", "layer_")):
            rows = predictions if head == _MASKED_WORDS else length if reads_tokens else 1
            yield Product(head, place, _dense(rows, shape))
    if _MASKED_WORDS in network.heads:
        yield Product(_MASKED_WORDS, place, _dense(predictions, (size.hidden_dim, network.vocab_size)))


def _dense(rows: int, kernel: Shape) -> int:
    input_dim, output_dim = kernel
    return 2 * rows * input_dim * output_dim
