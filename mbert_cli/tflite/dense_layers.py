"""The dense maps of a .tflite file by the names that their weights have in the model, and what goes through them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.fold import Weights
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, SIGNATURE, keep_tensors

_KERNEL = "/kernel"


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


class DenseLayer(NamedTuple):
    """A FULLY_CONNECTED operation.

    Attributes:
        path: Where its weights lie in the model, such as `encoder/layer_00/feed_forward_0/output`.
        read: Index of the tensor that it reads.
        written: Index of the tensor that it writes.
        output_name: Name of that tensor.
    """

    path: str
    read: int
    written: int
    output_name: str


def layer_paths(weights: Weights) -> list[str]:
    """The dense maps of a folded model in the order in which they are computed.

    Args:
        weights: Arrays by canonical name, from `fold`.
    """
    paths = [name.removesuffix(_KERNEL) for name in weights if name.endswith(_KERNEL)]
    return sorted(paths, key=lambda path: 0 if path.startswith("encoder/") else 1 if path == "pooler" else 2)


def dense_layers(content: bytes, weights: Weights, subgraph_index: int = 0) -> list[DenseLayer]:
    """Finds the dense maps of a file.

    Args:
        content: A .tflite file of the folded model.
        weights: Arrays by canonical name, from `fold`.
        subgraph_index: The subgraph of one of its signatures.

    Raises:
        ValueError: The file has others.
    """
    model = schema.Model.GetRootAs(content, 0)
    subgraph = model.Subgraphs(subgraph_index)
    operations = (subgraph.Operators(index) for index in range(subgraph.OperatorsLength()))
    dense = [entry for entry in operations if _code(model, entry) == schema.BuiltinOperator.FULLY_CONNECTED]
    paths = layer_paths(weights)
    shapes = [tuple(int(dim) for dim in subgraph.Tensors(entry.Inputs(1)).ShapeAsNumpy()) for entry in dense]
    expected = [weights[path + _KERNEL].shape[::-1] for path in paths]
    if shapes != expected:
        raise ValueError(f"The file has dense maps of {shapes}, the model of {expected}.")
    return [
        DenseLayer(
            path, entry.Inputs(0), entry.Outputs(0), subgraph.Tensors(entry.Outputs(0)).Name().decode()
        )
        for path, entry in zip(paths, dense, strict=True)
    ]


def measure_channels(
    content: bytes, weights: Weights, rows: Sequence[Mapping[str, np.ndarray]]
) -> ChannelRanges:
    """Runs examples through a float32 file.

    Args:
        content: A float32 .tflite file of the folded model.
        weights: Arrays by canonical name, from `fold`.
        rows: Batches of one example each, with arrays (1, length) as in `Artifact.set_row`; at least one.
    """
    interpreter = keep_tensors(content)
    runner = interpreter.get_signature_runner(SIGNATURE)
    maps = dense_layers(content, weights)
    found: dict[str, list[ChannelStatistics]] = {entry.path: [] for entry in maps}
    for row in rows:
        runner(**{name: np.asarray(row[key], np.int32) for name, key in ARTIFACT_INPUTS.items()})
        for entry in maps:
            read, written = (_rows(interpreter.get_tensor(index)) for index in (entry.read, entry.written))
            peaks = np.abs(read).max(axis=0), np.abs(written).max(axis=0)
            found[entry.path].append(ChannelStatistics(peaks[0], np.square(read).mean(axis=0), peaks[1]))
    return {path: _joined(measured) for path, measured in found.items()}


def _joined(measured: list[ChannelStatistics]) -> ChannelStatistics:
    read, power, written = (np.stack(arrays) for arrays in zip(*measured, strict=True))
    return ChannelStatistics(read.max(axis=0), power.mean(axis=0), written.max(axis=0))


def _rows(tensor: np.ndarray) -> np.ndarray:
    """(..., channels) -> (rows, channels), float64."""
    return tensor.reshape(-1, tensor.shape[-1]).astype(np.float64)


def _code(model: schema.Model, operator: schema.Operator) -> int:
    return int(model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())
