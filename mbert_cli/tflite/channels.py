"""Which channels of a folded model lie between dense maps, so that a factor for each of them changes no output.

A channel that some arrays write and others read may be divided by any positive number where it is written, if it is
multiplied by the same number where it is read. That is exact where nothing but sums, products with a vector, ReLU or an
average weighted by attention stands between them: after folding, everything but LayerNorm, GELU, tanh and softmax.

| channels                                            | exact where                 |
|-----------------------------------------------------|-----------------------------|
| hidden states between blocks, and inside bottlenecks | NoNorm was folded          |
| what query and key read in MobileBERT               | NoNorm was folded           |
| value, up to the output of attention                | always                      |
| query and key: one is divided, the other multiplied | always                      |
| between the dense maps of a feed-forward network    | the activation is ReLU      |
| pooler, up to the head                              | its activation is ReLU      |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.weight_shapes import bottleneck_projections, input_projections

_EMBEDDINGS = "encoder/embeddings"


class Part(NamedTuple):
    """A piece of an array: `width` entries of one axis, from `start` on."""

    name: str
    axis: int
    start: int
    width: int

    def of(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """A view of the piece."""
        index = [slice(None)] * arrays[self.name].ndim
        index[self.axis] = slice(self.start, self.start + self.width)
        return arrays[self.name][tuple(index)]

    def multiply(self, arrays: Mapping[str, np.ndarray], factors: np.ndarray) -> None:
        """Multiplies the piece, in place, by (width,) factors along its axis."""
        piece = self.of(arrays)
        piece *= factors[:, None] if self.axis == 0 and piece.ndim > 1 else factors


@dataclass
class Channels:
    """Channels that may have factors.

    Attributes:
        written: What is divided by them.
        read: What is multiplied by them: rows of kernels, or a vector that multiplies a residual.
        opposed: Whether what is "read" is written too, and the two meet in a product: query and key.
    """

    written: list[Part]
    read: list[Part] = field(default_factory=list)
    opposed: bool = False


def free_channels(arrays: Mapping[str, np.ndarray], architecture: Architecture) -> list[Channels]:
    """Lists the channels of a folded model.

    Args:
        arrays: Arrays by canonical name, from `fold`.
        architecture: The one that `fold` returned.

    Returns:
        Query and key first.
    """
    walk = _Walk(arrays, architecture)
    found = [*walk.attention(), *walk.feed_forwards()]
    if architecture.normalization == "folded":
        found += [*walk.streams(), *walk.shared_bottlenecks()]
    found += walk.word_vectors()
    return sorted((entry for entry in found if entry.read), key=lambda entry: not entry.opposed)


class _Walk:
    """Goes through the blocks of a folded model."""

    def __init__(self, arrays: Mapping[str, np.ndarray], architecture: Architecture) -> None:
        self.arrays, self.architecture = arrays, architecture
        self.paths = [f"encoder/{layer_name(index)}" for index in range(architecture.num_layers)]
        self.finished: list[Channels] = []

    def attention(self) -> Iterator[Channels]:
        """Query with key, and value with the output of attention."""
        for path in self.paths:
            query, key, value = (self._projected(path, name) for name in ("query", "key", "value"))
            yield Channels(query, key, opposed=True)
            yield Channels(value, self._rows(f"{path}/attention/output"))

    def feed_forwards(self) -> Iterator[Channels]:
        """The dense maps around a ReLU."""
        if self.architecture.activation == "relu":
            for path in self.paths:
                for name in self.architecture.feed_forward_names:
                    written = self._columns(f"{path}/{name}/intermediate")
                    yield Channels(written, self._rows(f"{path}/{name}/output"))
        if "pooler/kernel" in self.arrays and self.architecture.pooler_activation == "relu":
            yield Channels(
                self._columns("pooler"), [part for head in self._heads() for part in self._rows(head)]
            )

    def shared_bottlenecks(self) -> Iterator[Channels]:
        """What query and key of MobileBERT read."""
        for path in self.paths:
            if "bottleneck_attention" in input_projections(self.architecture):
                written = self._projected(path, "bottleneck_attention")
                yield Channels(written, self._rows(f"{path}/bottleneck_projections"))

    def word_vectors(self) -> Iterator[Channels]:
        """Word vectors, up to the projection of the embeddings, which reads three of them side by side."""
        kernel = f"{_EMBEDDINGS}/projection/kernel"
        if kernel in self.arrays:
            words = f"{_EMBEDDINGS}/word_embeddings"
            width = self.arrays[words].shape[1]
            starts = range(0, self.arrays[kernel].shape[0], width)
            yield Channels([Part(words, 1, 0, width)], [Part(kernel, 0, start, width) for start in starts])

    def streams(self) -> list[Channels]:
        """Hidden states between the blocks and inside of them, each up to the next residual that is multiplied."""
        self.finished = []
        names = ("word_embeddings", "position_embeddings", "segment_embeddings")
        kept = names if f"{_EMBEDDINGS}/projection/kernel" not in self.arrays else names[1:]
        tables = [f"{_EMBEDDINGS}/{name}" for name in kept if f"{_EMBEDDINGS}/{name}" in self.arrays]
        outer = Channels([Part(name, 1, 0, self.arrays[name].shape[1]) for name in tables])
        if kept != names:
            outer.written += self._columns(f"{_EMBEDDINGS}/projection")
        for path in self.paths:
            outer = self._block(path, outer)
        for head in ["pooler"] if "pooler/kernel" in self.arrays else self._heads():
            outer.read += self._rows(head)
        return [*self.finished, outer]

    def _block(self, path: str, outer: Channels) -> Channels:
        """Follows the hidden states through a block."""
        outer.read += self._rows(f"{path}/input_projections")
        inner = outer
        if self.architecture.intra_dim is not None:
            inner = Channels(self._projected(path, "bottleneck_input"))
            if "bottleneck_attention" not in input_projections(self.architecture):
                inner.read += self._rows(f"{path}/bottleneck_projections")
        inner = self._sum(inner, path, "attention", "attention/output")
        for name in self.architecture.feed_forward_names:
            inner.read += self._rows(f"{path}/{name}/intermediate")
            inner = self._sum(inner, path, name, f"{name}/output")
        if self.architecture.intra_dim is None:
            return inner
        inner.read += self._rows(f"{path}/bottleneck_output")
        self.finished.append(inner)
        return self._sum(outer, path, "bottleneck_output", "bottleneck_output")

    def _sum(self, stream: Channels, path: str, place: str, output: str) -> Channels:
        """Adds a dense map to a stream; a residual that is multiplied ends it and begins another."""
        if f"{path.partition('/')[2]}/{place}" in self.architecture.multiplied_residuals:
            name = f"{path}/{place}/residual_scale"
            factors = Part(name, 0, 0, self.arrays[name].shape[0])
            stream.read.append(factors)
            self.finished.append(stream)
            stream = Channels([factors])
        stream.written += self._columns(f"{path}/{output}")
        return stream

    def _heads(self) -> list[str]:
        return sorted({name.partition("/")[0] for name in self.arrays} - {"encoder", "pooler"})

    def _projected(self, path: str, name: str) -> list[Part]:
        """The columns of one of the merged projections."""
        outer = input_projections(self.architecture)
        merged, parts = "input_projections", outer
        if name not in outer:
            merged, parts = "bottleneck_projections", bottleneck_projections(self.architecture)
        width = self.architecture.block_dim
        return self._columns(f"{path}/{merged}", parts.index(name) * width, width)

    def _columns(self, path: str, start: int = 0, width: int | None = None) -> list[Part]:
        width = width or self.arrays[f"{path}/bias"].shape[0]
        return [Part(f"{path}/kernel", 1, start, width), Part(f"{path}/bias", 0, start, width)]

    def _rows(self, path: str) -> list[Part]:
        """The rows of a kernel; none where a model has no such map."""
        name = f"{path}/kernel"
        return [Part(name, 0, 0, self.arrays[name].shape[0])] if name in self.arrays else []
