"""A model -> the same model with norms, the factor of attention and constants folded into its weights.

NoNorm is `gamma * x + beta`, so wherever it follows a dense map alone it disappears into the kernel and the
bias. After a residual sum, `gamma * (update + residual) + beta`, it would leave one multiplication of the
residual. That one goes too when the hidden states are kept divided by a vector, their *scale*: the next state
takes the scale `gamma * scale`, and every kernel that reads it has its rows multiplied by that. Products of
many gammas could leave the range of float16 or starve channels of an int8 matrix, so a scale that leaves
[1 / MAX_SCALE, MAX_SCALE] is brought back to 1, at the price of the multiplication, which is one of the
architecture's `multiplied_residuals`.
To bring back single channels alone, or to plan what a scale begins with so that it stays in range for longer, was tried
and is not worth it (docs/results.md, "What quantization costs").

A LayerNorm is not linear, but what follows its standardization is: in a task network the next dense maps take its gamma
and its beta, and the residual, which is multiplied by gamma, leaves its beta to the bias of the map
that it is added to. The converter would take half of that step by itself: it gives dense maps the gamma that stands
before them and leaves both operations to the residual, so that the kernels of an artifact are not those of the model.

Everything is computed in float64 and stored in float32. What was folded before stays as it is.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.weight_shapes import ATTENTION, BOTTLENECKS, bottleneck_projections, input_projections

MAX_SCALE = 8.0
"""Largest factor, and its inverse the smallest, by which a channel of the hidden states is kept divided."""

Weights = Mapping[str, np.ndarray]


def fold(weights: Weights, architecture: Architecture) -> tuple[dict[str, np.ndarray], Architecture]:
    """Folds an encoder, or a task network.

    Args:
        weights: Arrays by canonical name, as listed in `mbert_cli.model.encoder` and `heads`.
        architecture: What they are the weights of.

    Returns:
        float32 arrays by canonical name, and the architecture that a network of them has: its projections are
        merged, and its normalization is "folded" if it was "no_norm", and "folded_layer_norm" if it was "layer_norm"
        below a head. The network gives the same outputs and attention logits. Its hidden states
        are kept divided by a vector for each layer, except for the last one of an encoder without a head.
    """
    if architecture.is_folded:
        return {name: np.asarray(array, np.float32) for name, array in weights.items()}, architecture
    folding = _Folding(weights, architecture)
    rows = folding.fold_embeddings()
    for index in range(architecture.num_layers):
        rows = folding.fold_block(index, rows)
    folding.fold_heads(rows)
    changes = {"merged_projections": True, "multiplied_residuals": tuple(folding.multiplied_residuals)}
    if folding.is_linear:
        changes["normalization"] = "folded"
    elif folding.is_standardized:
        changes["normalization"] = "folded_layer_norm"
    if architecture.num_segments == 1:
        changes["num_segments"] = 0
    folded = {name: np.asarray(array, np.float32) for name, array in folding.folded.items()}
    return folded, Architecture(**(architecture.model_dump() | changes))


class KeptRows(NamedTuple):
    """How rows are kept: they are `scale * kept + offset`; None stands for 1 and 0."""

    scale: np.ndarray | None = None
    offset: np.ndarray | None = None


AS_THEY_ARE = KeptRows()


class Affine(NamedTuple):
    """`rows @ kernel + bias`, in float64."""

    kernel: np.ndarray  # (input_dim, output_dim)
    bias: np.ndarray  # (output_dim,)

    def after(self, rows: KeptRows) -> "Affine":
        """Returns the map for rows that are kept in this way."""
        kernel = self.kernel if rows.scale is None else self.kernel * rows.scale[:, None]
        return Affine(kernel, self.bias if rows.offset is None else self.bias + rows.offset @ self.kernel)

    def then(self, factor: np.ndarray | float, offset: np.ndarray | float | None = None) -> "Affine":
        """Returns this map followed by `factor * y + offset`."""
        bias = self.bias * factor
        return Affine(self.kernel * factor, bias if offset is None else bias + offset)


class _Folding:
    """The weights of a model on their way.

    Attributes:
        folded: Arrays by canonical name, in float64.
        multiplied_residuals: As in the architecture.
        is_linear: Whether norms can be folded.
        is_standardized: Whether what follows their standardization can.
    """

    def __init__(self, weights: Weights, architecture: Architecture) -> None:
        self.weights, self.architecture = weights, architecture
        self.is_linear = architecture.normalization == "no_norm"
        self.folded: dict[str, np.ndarray] = {}
        self.multiplied_residuals: list[str] = []
        self.heads = sorted({name.partition("/")[0] for name in weights} - {"encoder"})
        self.is_standardized = architecture.normalization == "layer_norm" and bool(self.heads)

    def fold_embeddings(self) -> KeptRows:
        """Folds the tables, and returns how the first hidden states are kept.

        The gamma of a NoNorm goes into what is looked up or projected, its beta and a single row of segments into the
        positions.
        """
        path = "encoder/embeddings"
        words, positions = self._array(f"{path}/word_embeddings"), self._array(f"{path}/position_embeddings")
        tables = {"position_embeddings": positions}
        if self.architecture.num_segments:
            tables["segment_embeddings"] = self._array(f"{path}/segment_embeddings")
        if self.architecture.num_segments == 1:  # of both texts of a pair
            tables["position_embeddings"] = positions + tables.pop("segment_embeddings")
        has_projection = f"{path}/projection/kernel" in self.weights
        projection = self._affine(f"{path}/projection") if has_projection else None
        if self.is_linear:
            gamma, beta = self._norm(path)
            tables = {name: table * gamma for name, table in tables.items()}
            tables["position_embeddings"] += beta
            if projection:
                projection = projection.then(gamma)
            else:
                words = words * gamma
        self.folded |= {f"{path}/{name}": table for name, table in tables.items()}
        self.folded[f"{path}/word_embeddings"] = words
        if projection:
            self._store(f"{path}/projection", projection)
        return AS_THEY_ARE if self.is_linear else self._rows_of_norm(path)

    def fold_block(self, index: int, rows: KeptRows) -> KeptRows:
        """Folds one block, and returns how its output is kept.

        Args:
            index: Its number.
            rows: How its input is kept.
        """
        architecture, path = self.architecture, f"encoder/{layer_name(index)}"
        has_bottleneck = architecture.intra_dim is not None
        must_end = index == architecture.num_layers - 1 and not self.heads  # nothing could take a scale
        inside = self._fold_attention(path, self._fold_projections(path, rows))
        for name in architecture.feed_forward_names:
            intermediate = self._affine(f"{path}/{name}/intermediate").after(inside)
            self._store(f"{path}/{name}/intermediate", intermediate)
            output = self._affine(f"{path}/{name}/output")
            ends = must_end and not has_bottleneck and name == architecture.feed_forward_names[-1]
            inside = self._fold_sum(path, name, f"{name}/output", output, inside, ends)
        if not has_bottleneck:
            return inside
        output = self._affine(f"{path}/bottleneck_output").after(inside)
        return self._fold_sum(path, "bottleneck_output", "bottleneck_output", output, rows, must_end)

    def fold_heads(self, rows: KeptRows) -> None:
        """What reads the last hidden states takes them as they are kept; what reads a pooler stays as it is."""
        readers = ["pooler"] if "pooler" in self.heads else self.heads
        for head in self.heads:
            self._store(head, self._affine(head).after(rows if head in readers else AS_THEY_ARE))

    def _fold_projections(self, path: str, rows: KeptRows) -> KeptRows:
        """Writes the dense maps before attention as one product for each kind of rows that they read.

        Returns how the residual of attention is kept: the bottlenecked input, or the rows where there is none.
        """
        outer, inner = input_projections(self.architecture), bottleneck_projections(self.architecture)
        maps, kept = {}, {}
        for name in BOTTLENECKS:
            if name in outer:
                maps[name], kept[name] = self._fold_bottleneck(f"{path}/{name}", rows)
        residual = kept.get("bottleneck_input", rows)
        read = dict.fromkeys(outer, rows) | dict.fromkeys(inner, kept.get("bottleneck_attention", residual))
        for name in ATTENTION:
            maps[name] = self._affine(f"{path}/attention/{name}").after(read[name])
        maps["query"] = maps["query"].then(
            (self.architecture.block_dim // self.architecture.num_heads) ** -0.5
        )
        if self._residual_is_bottleneck_alone():
            maps["bottleneck_input"] = maps["bottleneck_input"].then(self._norm(f"{path}/attention")[0])
        self._store(f"{path}/input_projections", _side_by_side(maps[name] for name in outer))
        if inner:
            self._store(f"{path}/bottleneck_projections", _side_by_side(maps[name] for name in inner))
        return residual

    def _fold_bottleneck(self, path: str, rows: KeptRows) -> tuple[Affine, KeptRows]:
        """A bottleneck, and how what its norm returns is kept."""
        projection = self._affine(path).after(rows)
        if self.is_linear:
            return projection.then(*self._norm(path)), AS_THEY_ARE
        return projection, self._rows_of_norm(path)

    def _fold_attention(self, path: str, residual: KeptRows) -> KeptRows:
        output = self._affine(f"{path}/attention/output")
        if not self._residual_is_bottleneck_alone():
            return self._fold_sum(path, "attention", "attention/output", output, residual)
        self._store(f"{path}/attention/output", output.then(*self._norm(f"{path}/attention")))
        return AS_THEY_ARE

    def _residual_is_bottleneck_alone(self) -> bool:
        """Whether the bottlenecked input is nothing but a residual, so that it takes the next gamma with it."""
        outer = input_projections(self.architecture)
        return self.is_linear and "bottleneck_input" in outer and len(outer) > 1

    def _fold_sum(
        self,
        block: str,
        place: str,
        output: str,
        update: Affine,
        residual: KeptRows,
        must_end: bool = False,
    ) -> KeptRows:
        """Writes `norm(update + residual)`, and returns how the result is kept.

        Args:
            block: Path of the block.
            place: Name scope of the norm in it.
            output: Name scope of the dense map in it.
            update: That map, for the rows that it reads as they are kept.
            residual: How what is added is kept.
            must_end: Whether the result has to be kept as it is.
        """
        if not self.is_linear:
            if residual.scale is not None:
                update = update.then(1.0, residual.offset)
                self._multiply_residual(block, place, residual.scale)
            self._store(f"{block}/{output}", update)
            return self._rows_of_norm(f"{block}/{place}")
        gamma, beta = self._norm(f"{block}/{place}")
        update = update.then(gamma, beta)
        product = gamma if residual.scale is None else gamma * residual.scale
        if _is_moderate(product) and not must_end:
            self._store(f"{block}/{output}", update.then(1.0 / product))
            return KeptRows(product)
        self._store(f"{block}/{output}", update)
        self._multiply_residual(block, place, product)
        return AS_THEY_ARE

    def _multiply_residual(self, block: str, place: str, scale: np.ndarray) -> None:
        self.folded[f"{block}/{place}/residual_scale"] = scale
        self.multiplied_residuals.append(f"{block.partition('/')[2]}/{place}")

    def _array(self, name: str) -> np.ndarray:
        return np.asarray(self.weights[name], np.float64)

    def _affine(self, path: str) -> Affine:
        return Affine(self._array(f"{path}/kernel"), self._array(f"{path}/bias"))

    def _norm(self, path: str) -> tuple[np.ndarray, np.ndarray]:
        return self._array(f"{path}/norm/gamma"), self._array(f"{path}/norm/beta")

    def _rows_of_norm(self, path: str) -> KeptRows:
        """How the results of a LayerNorm are kept: standardized, or as they are with gamma and beta in the norm."""
        if self.is_standardized:
            return KeptRows(*self._norm(path))
        self._keep_norm(path)
        return AS_THEY_ARE

    def _keep_norm(self, path: str) -> None:
        self.folded[f"{path}/norm/gamma"], self.folded[f"{path}/norm/beta"] = self._norm(path)

    def _store(self, path: str, affine: Affine) -> None:
        self.folded[f"{path}/kernel"], self.folded[f"{path}/bias"] = affine


def _side_by_side(maps: Iterable[Affine]) -> Affine:
    kernels, biases = zip(*maps, strict=True)
    return Affine(np.concatenate(kernels, axis=1), np.concatenate(biases))


def _is_moderate(scale: np.ndarray) -> bool:
    magnitude = np.abs(scale)
    return bool(magnitude.max() <= MAX_SCALE and magnitude.min() >= 1.0 / MAX_SCALE)
