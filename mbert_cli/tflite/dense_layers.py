"""The dense maps of a .tflite file by the names that their weights have in the model, and what goes through them."""

from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.text.batch import Batch
from mbert_cli.tflite.dense_maps import find_dense_maps
from mbert_cli.tflite.dense_rows import dense_rows
from mbert_cli.tflite.fold import Weights

_KERNEL = "/kernel"
_PARTS = ("input_projections", "bottleneck_projections", "attention", "feed_forward", "bottleneck_output")
"""Of a folded block, in the order in which they are computed."""


class ChannelStatistics(NamedTuple):
    """What goes through a dense map, by channel, float64.

    Attributes:
        read_peaks: Largest magnitudes of what it reads, (inputs,).
        read_power: Mean squares of that.
        written_peaks: Largest magnitudes of what it writes, (outputs,).
    """

    read_peaks: np.ndarray
    read_power: np.ndarray
    written_peaks: np.ndarray


ChannelRanges = dict[str, ChannelStatistics]
"""By the path of the map, such as `encoder/layer_00/feed_forward_0/output`."""


def layer_paths(weights: Weights) -> list[str]:
    """The dense maps of a folded model in the order in which they are computed.

    Args:
        weights: Arrays by canonical name, from `fold`.
    """
    return sorted((name.removesuffix(_KERNEL) for name in weights if name.endswith(_KERNEL)), key=_turn)


def _turn(path: str) -> tuple[int, ...]:
    """When a dense map is computed: files of weights have them in the order of their names."""
    if not path.startswith("encoder/"):
        return (1 if path == "pooler" else 2,)
    _, layer, *inside = path.split("/")
    if layer == "embeddings":
        return (0, -1)
    part, _, number = inside[0].partition("feed_forward_")
    turn = _PARTS.index(part or "feed_forward")
    return (0, int(layer.removeprefix("layer_")), turn, int(number or 0), int(inside[-1] == "output"))


def dense_layers(content: bytes, weights: Weights) -> dict[str, str]:
    """Finds the dense maps of a file.

    Args:
        content: A .tflite file of the folded model.
        weights: Arrays by canonical name, from `fold`.

    Returns:
        The name of what a map computes by the path of its weights, such as `encoder/layer_00/feed_forward_0/output`,
        in the order in which they run.

    Raises:
        ValueError: The file has others.
    """
    found = list(find_dense_maps(schema.ModelT.InitFromPackedBuf(content, 0)))
    paths = layer_paths(weights)
    shapes = [tuple(int(dim) for dim in entry.kernel.shape) for entry in found]
    expected = [weights[path + _KERNEL].shape[::-1] for path in paths]
    if shapes != expected:
        raise ValueError(f"The file has dense maps of {shapes}, the model of {expected}.")
    return {path: entry.name for path, entry in zip(paths, found, strict=True)}


def measure_channels(content: bytes, weights: Weights, rows: Batch) -> ChannelRanges:
    """Runs examples through a float32 file; padding counts as tokens do.

    Args:
        content: A float32 .tflite file of the folded model.
        weights: Arrays by canonical name, from `fold`.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32; at least one row.
    """
    layers = dense_layers(content, weights)
    found: dict[str, list[ChannelStatistics]] = {name: [] for name in layers.values()}
    for entry, *tensors in dense_rows(content, rows, with_padding=True):
        read, written = (values.astype(np.float64) for values in tensors)
        peaks = np.abs(read).max(axis=0), np.abs(written).max(axis=0)
        found[entry.name].append(ChannelStatistics(peaks[0], np.square(read).mean(axis=0), peaks[1]))
    return {path: _joined(found[name]) for path, name in layers.items()}


def _joined(measured: list[ChannelStatistics]) -> ChannelStatistics:
    read, power, written = (np.stack(arrays) for arrays in zip(*measured, strict=True))
    return ChannelStatistics(read.max(axis=0), power.mean(axis=0), written.max(axis=0))
