"""The weights of a task network -> those of the inference graph, with NoNorm and constants folded away.

NoNorm is `gamma * x + beta`, so wherever it follows a dense map alone it disappears into the kernel and the
bias. After a residual sum, `gamma * (update + residual) + beta`, it would leave one multiplication of the
residual. That one goes too when the hidden states are kept divided by a vector, their *scale*: the next state
takes the scale `gamma * scale`, and every kernel that reads it has its rows multiplied by that. Products of
many gammas could leave the range of float16 or starve channels of an int8 matrix, so a scale that leaves
[1 / MAX_SCALE, MAX_SCALE] is brought back to 1, at the price of the multiplication.

Everything is computed in float64 and stored in float32. A LayerNorm is not linear and stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mbert_cli.model.feed_forward import last_feed_forward
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER, TaskHead

MAX_SCALE = 8.0
"""Largest factor, and its inverse the smallest, by which a channel of the hidden states is kept divided."""

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Dense:
    """`rows @ kernel + bias`."""

    kernel: np.ndarray  # (input_dim, output_dim)
    bias: np.ndarray  # (output_dim,)

    def after(self, scale: np.ndarray | None) -> "Dense":
        """For rows that are kept divided by `scale`."""
        return self if scale is None else Dense(self.kernel * scale[:, None], self.bias)

    def then(self, factor: np.ndarray | float, offset: np.ndarray | float = 0.0) -> "Dense":
        """Followed by `factor * y + offset`."""
        return Dense(self.kernel * factor, self.bias * factor + offset)

    def stored(self) -> "Dense":
        """In float32."""
        return Dense(self.kernel.astype(np.float32), self.bias.astype(np.float32))


@dataclass(frozen=True)
class Norm:
    """gamma and beta, (dim,) each, of a NoNorm or a LayerNorm, and what the latter adds to the variance."""

    gamma: np.ndarray
    beta: np.ndarray
    epsilon: float


@dataclass(frozen=True)
class Projection:
    """A dense map and, if it could not be folded, the LayerNorm after it."""

    dense: Dense
    norm: Norm | None


@dataclass(frozen=True)
class Join:
    """`norm(dense(rows) + residual_scale * residual)`; None stands for no norm and for a scale of 1."""

    dense: Dense
    residual_scale: np.ndarray | None
    norm: Norm | None


@dataclass(frozen=True)
class FoldedEmbeddings:
    """Sum of three tables, or of two and a projection of the first; `positions` holds every constant."""

    words: np.ndarray  # (vocab_size, embedding_dim)
    projection: np.ndarray | None  # (embedding_dim or 3 * embedding_dim, hidden_dim)
    positions: np.ndarray  # (max_length, hidden_dim)
    segments: np.ndarray | None  # (num_segments, hidden_dim)
    norm: Norm | None


@dataclass(frozen=True)
class FoldedBlock:
    """One block; `narrow` is the bottlenecked input, `shared` what query and key read if not that or the input."""

    narrow: Projection | None
    shared: Projection | None
    query: Dense
    key: Dense
    value: Dense
    attention_output: Join
    feed_forwards: list[tuple[Dense, Join]]
    bottleneck_output: Join | None


@dataclass(frozen=True)
class FoldedNetwork:
    """All that the inference graph computes with."""

    size: Architecture
    embeddings: FoldedEmbeddings
    blocks: list[FoldedBlock]
    pooler: Dense | None
    head: Dense


def fold(weights: Weights, size: Architecture, head: TaskHead = CLASSIFIER) -> FoldedNetwork:
    """Folds the weights of a task network.

    Args:
        weights: Arrays by canonical name, as listed in `mbert_cli.model.encoder` and `heads`.
        size: The architecture.
        head: The head of the task.
    """
    blocks, scale = [], None
    for index in range(size.num_layers):
        block, scale = _BlockFolder(weights, size, f"encoder/layer_{index:02d}").fold(scale)
        blocks.append(block)
    has_pooler = head.is_pooled and size.use_pooler
    first = _dense(weights, "pooler" if has_pooler else head.name).after(scale).stored()
    return FoldedNetwork(
        size=size,
        embeddings=_embeddings(weights, size),
        blocks=blocks,
        pooler=first if has_pooler else None,
        head=_dense(weights, head.name).stored() if has_pooler else first,
    )


def _embeddings(weights: Weights, size: Architecture) -> FoldedEmbeddings:
    path = "encoder/embeddings"
    words = weights[f"{path}/word_embeddings"]
    positions = _double(weights, f"{path}/position_embeddings")
    projection = None
    if f"{path}/projection/kernel" in weights:
        dense = _dense(weights, f"{path}/projection")
        projection, positions = dense.kernel, positions + dense.bias
    segments = _double(weights, f"{path}/segment_embeddings") if size.num_segments else None
    if size.num_segments == 1:
        positions, segments = positions + segments[0], None  # of both texts of a pair
    norm = _norm(weights, path, size.edge_epsilon)
    if size.normalization == "no_norm":
        if projection is None:
            words = words * norm.gamma
        else:
            projection = projection * norm.gamma
        positions = positions * norm.gamma + norm.beta
        segments = segments * norm.gamma if segments is not None else None
        norm = None
    stored = [_stored(array) for array in (words, projection, positions, segments)]
    return FoldedEmbeddings(*stored, norm=_stored_norm(norm))


class _BlockFolder:
    """Folds one block; `scale` is always the vector that hidden states are kept divided by, None for 1."""

    def __init__(self, weights: Weights, size: Architecture, path: str) -> None:
        self.weights, self.path = weights, path
        self.linear, self.epsilon = size.normalization == "no_norm", size.norm_epsilon
        self.edge = {last_feed_forward(size): size.edge_epsilon}
        self.head_dim = size.block_dim // size.num_heads
        self.num_feedforward_networks = size.num_feedforward_networks
        self.has_bottleneck = size.intra_dim is not None
        self.attends_to_narrow = self.has_bottleneck and size.use_bottleneck_attention
        self.narrow_is_residual = self.has_bottleneck and not self.attends_to_narrow
        self.has_shared = self.narrow_is_residual and size.key_query_shared_bottleneck

    def fold(self, scale: np.ndarray | None) -> tuple[FoldedBlock, np.ndarray | None]:
        """Returns the block and the scale of its output.

        Args:
            scale: That of the block's input.
        """
        narrow = self._narrow(scale) if self.has_bottleneck else None
        shared = self._projection("bottleneck_attention", scale) if self.has_shared else None
        source_scale = None if self.attends_to_narrow else scale
        query_scale = None if self.has_shared else source_scale
        query = self._dense("attention/query").then(self.head_dim**-0.5)
        attention_output, rows_scale = self._join(
            "attention/output", "attention", None, None if self.has_bottleneck else scale,
            residual_is_multiplied=self.narrow_is_residual,
        )  # fmt: skip
        feed_forwards = []
        for index in range(self.num_feedforward_networks):
            part = f"feed_forward_{index}"
            intermediate = self._dense(f"{part}/intermediate").after(rows_scale).stored()
            output, rows_scale = self._join(f"{part}/output", part, None, rows_scale)
            feed_forwards.append((intermediate, output))
        bottleneck_output, output_scale = None, rows_scale
        if self.has_bottleneck:
            path = "bottleneck_output"
            bottleneck_output, output_scale = self._join(path, path, rows_scale, scale)
        block = FoldedBlock(
            narrow=narrow,
            shared=shared,
            query=query.after(query_scale).stored(),
            key=self._dense("attention/key").after(query_scale).stored(),
            value=self._dense("attention/value").after(source_scale).stored(),
            attention_output=attention_output,
            feed_forwards=feed_forwards,
            bottleneck_output=bottleneck_output,
        )
        return block, output_scale

    def _narrow(self, scale: np.ndarray | None) -> Projection:
        """The bottlenecked input. Where it is nothing but a residual it takes the next gamma with it."""
        projection = self._projection("bottleneck_input", scale)
        if not (self.linear and self.narrow_is_residual):
            return projection
        gamma = self._norm("attention").gamma
        return Projection(projection.dense.then(gamma).stored(), None)

    def _projection(self, part: str, scale: np.ndarray | None) -> Projection:
        dense = self._dense(part).after(scale)
        norm = self._norm(part)
        if self.linear:
            return Projection(dense.then(norm.gamma, norm.beta).stored(), None)
        return Projection(dense.stored(), _stored_norm(norm))

    def _join(
        self,
        dense_part: str,
        norm_part: str,
        rows_scale: np.ndarray | None,
        residual_scale: np.ndarray | None,
        residual_is_multiplied: bool = False,
    ) -> tuple[Join, np.ndarray | None]:
        """A dense map, its residual and their norm, and the scale of the result."""
        dense = self._dense(dense_part).after(rows_scale)
        norm = self._norm(norm_part)
        if not self.linear:
            return Join(dense.stored(), None, _stored_norm(norm)), None
        folded = dense.then(norm.gamma, norm.beta)
        if residual_is_multiplied:
            return Join(folded.stored(), None, None), None
        product = norm.gamma if residual_scale is None else norm.gamma * residual_scale
        if _is_moderate(product):
            return Join(folded.then(1.0 / product).stored(), None, None), product
        return Join(folded.stored(), _stored(product), None), None

    def _dense(self, part: str) -> Dense:
        return _dense(self.weights, f"{self.path}/{part}")

    def _norm(self, part: str) -> Norm:
        return _norm(self.weights, f"{self.path}/{part}", self.edge.get(part, self.epsilon))


def _is_moderate(scale: np.ndarray) -> bool:
    magnitude = np.abs(scale)
    return bool(magnitude.max() <= MAX_SCALE and magnitude.min() >= 1.0 / MAX_SCALE)


def _dense(weights: Weights, path: str) -> Dense:
    return Dense(_double(weights, f"{path}/kernel"), _double(weights, f"{path}/bias"))


def _norm(weights: Weights, path: str, epsilon: float) -> Norm:
    return Norm(_double(weights, f"{path}/norm/gamma"), _double(weights, f"{path}/norm/beta"), epsilon)


def _double(weights: Weights, name: str) -> np.ndarray:
    return np.asarray(weights[name], np.float64)


def _stored(array: np.ndarray | None) -> np.ndarray | None:
    return None if array is None else np.asarray(array, np.float32)


def _stored_norm(norm: Norm | None) -> Norm | None:
    return None if norm is None else Norm(_stored(norm.gamma), _stored(norm.beta), norm.epsilon)
