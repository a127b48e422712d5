"""The dense maps of a block that stand before its attention: what each reads, apart or merged.

| architecture                            | what reads the block's input                     | what reads a bottleneck |
|-----------------------------------------|--------------------------------------------------|-------------------------|
| no `intra_dim` (BERT)                   | query, key, value                                |                         |
| `use_bottleneck_attention` (TINY)       | bottleneck_input                                 | query, key, value       |
| `key_query_shared_bottleneck` (MobileBERT) | bottleneck_input, bottleneck_attention, value | query, key              |
| neither (IB-BERT)                       | bottleneck_input, query, key, value              |                         |

Query and key of MobileBERT read `bottleneck_attention`, those of MobileBERT TINY `bottleneck_input`. With
`merged_projections` the maps of a cell are one product, their outputs side by side in the order of the table.
"""

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.model import bfloat16
from mbert_cli.model.dense import Dense, LayerWithParts
from mbert_cli.model.normalization import Folded, NoNorm, Standardize, build_norm
from mbert_cli.model.options import Architecture
from mbert_cli.model.weight_shapes import ATTENTION, BOTTLENECKS, bottleneck_projections, input_projections


class Projections:
    """A block's input -> residual, query, key and value of its attention; a part of a block.

    Weights, apart: `bottleneck_input`, `bottleneck_attention` and `attention/{query,key,value}`, as far as the
    architecture has them; merged: `input_projections` and `bottleneck_projections`. Norms of bottlenecks have the
    same names in both.

    Args:
        owner: The block.
        size: Gives widths and normalization, and says what reads what.
    """

    def __init__(self, owner: LayerWithParts, size: Architecture) -> None:
        self.size, self._owner = size, owner
        self._query_factor = (size.block_dim // size.num_heads) ** -0.5
        self._outer, self._inner = input_projections(size), bottleneck_projections(size)
        self._input_dims = dict.fromkeys(self._outer, size.hidden_dim) | dict.fromkeys(
            self._inner, size.block_dim
        )
        self._maps: dict[str, Dense] = {}
        self._norms: dict[str, NoNorm | Standardize | Folded] = {}
        for name in BOTTLENECKS:
            if name in self._outer:
                self._add_bottleneck(owner, name)
        if not size.merged_projections:
            with keras.name_scope("attention"):
                for name in ATTENTION:
                    self._maps[name] = Dense(owner, name, self._input_dims[name], size.block_dim)
            return
        self._add_merged(owner, "input_projections", self._outer)
        if self._inner:
            self._add_merged(owner, "bottleneck_projections", self._inner)

    def __call__(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Computes what attention takes.

        Args:
            rows: (batch * length, hidden_dim).

        Returns:
            The residual, (batch * length, block_dim) if there is a bottleneck, otherwise the rows; then query,
            scaled by 1 / sqrt(width of a head), key and value, (batch * length, block_dim) each.
        """
        parts = self._read("input_projections", self._outer, rows)
        residual = parts.get("bottleneck_input", rows)
        if self._inner:
            source = parts.get("bottleneck_attention", residual)
            parts |= self._read("bottleneck_projections", self._inner, source)
        return residual, parts["query"], parts["key"], parts["value"]

    def _add_bottleneck(self, owner: LayerWithParts, name: str) -> None:
        with keras.name_scope(name):
            if not self.size.merged_projections:
                self._maps[name] = Dense(owner, None, self.size.hidden_dim, self.size.block_dim)
            self._norms[name] = build_norm(owner, self.size, self.size.block_dim, place=f"{name}/norm")

    def _add_merged(self, owner: LayerWithParts, name: str, parts: tuple[str, ...]) -> None:
        width = len(parts) * self.size.block_dim
        self._maps[name] = Dense(owner, name, self._input_dims[parts[0]], width)

    def _read(self, merged: str, parts: tuple[str, ...], rows: Tensor) -> dict[str, Tensor]:
        """The outputs of the maps that read the same rows, by name, and normalized where a norm follows."""
        if not self.size.merged_projections:
            if self._owner.suits_bfloat16(rows):
                return self._read_side_by_side(parts, rows)
            return {name: self._map(name, rows) for name in parts}
        together = self._maps[merged](rows)
        outputs = [together] if len(parts) == 1 else ops.split(together, len(parts), axis=-1)
        read = dict(zip(parts, outputs, strict=True))
        return {name: self._norms[name](part) if name in self._norms else part for name, part in read.items()}

    def _map(self, name: str, rows: Tensor) -> Tensor:
        dense = self._maps[name]
        if name in self._norms:
            return self._norms[name](dense(rows))
        return dense(rows) * self._query_factor if name == "query" else dense(rows)

    def _read_side_by_side(self, parts: tuple[str, ...], rows: Tensor) -> dict[str, Tensor]:
        """The same of maps that lie apart, by one product of bfloat16 rows."""
        read = bfloat16.side_by_side(rows, [self._with_scale(name) for name in parts])
        # A NoNorm is the scale and shift of its map; any other norm looks at what the map makes.
        return {
            name: part if type(norm := self._norms.get(name)) is NoNorm or norm is None else norm(part)
            for name, part in zip(parts, read, strict=True)
        }

    def _with_scale(self, name: str) -> bfloat16.Map:
        """Kernel and bias of a map, and what its result is multiplied with and shifted by."""
        dense, norm = self._maps[name], self._norms.get(name)
        kernel, bias = dense.kernel.value, dense.bias.value
        if type(norm) is NoNorm:
            return kernel, bias, norm.gamma.value, norm.beta.value
        factor = self._query_factor if name == "query" else 1.0
        return kernel, bias, ops.full_like(bias, factor), ops.zeros_like(bias)
