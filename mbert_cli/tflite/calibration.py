"""Ranges of what a model computes, measured on rows of its task, and kept beside the run for all modes and lengths.

Names of tensors do not depend on the length, and of the mask only the tensors that it is added to: ranges are measured
once, on the longest length, with the mask of integer attention.

A few values far from all others would take most of the 256 numbers of 8 bits. Their ranges therefore end where the
squared error is smallest that rounding what lies inside and cutting off what lies outside make together.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.json_text import read_json
from mbert_cli.runs.manifest import replace_file
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.census import MASKED_LOGITS
from mbert_cli.tflite.clipping import NUM_BINS, count_values, least_squares_range
from mbert_cli.tflite.fold import Weights
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, SIGNATURE, keep_tensors
from mbert_cli.tflite.quantizer import TensorRanges

CALIBRATION = "calibration"
"""The folder of a run that keeps ranges."""

_VERSION = 3  # of what names and values mean; part of the key


@dataclass(frozen=True)
class MeasuredRanges:
    """Ranges of what a model computes, by names of tensors.

    Attributes:
        whole: From the smallest to the largest value.
        clipped: What 256 numbers represent best.
        symmetric: The same where 0 stands in the middle.
    """

    whole: TensorRanges
    clipped: TensorRanges
    symmetric: TensorRanges


def measure_clipped_ranges(content: bytes, rows: Batch, threads: int = 1) -> MeasuredRanges:
    """Measures on the same rows twice: how far values reach, and how often each occurs.

    Args: those of `computed_values`.
    """
    whole = measure_ranges(content, rows, threads)
    # How far masked logits reach down must not depend on how much padding there is.
    spread = {name for name, (low, high) in whole.items() if low < high and MASKED_LOGITS not in name}
    counts = {name: np.zeros(NUM_BINS, np.int64) for name in spread}
    for tensors in computed_values(content, rows, threads):
        for name, values in tensors:
            if name in spread:
                counts[name] += count_values(values, *whole[name])
    clipped, symmetric = (
        {
            name: least_squares_range(counts[name], *limits, symmetric=is_symmetric)
            if name in spread
            else limits
            for name, limits in whole.items()
        }
        for is_symmetric in (False, True)
    )
    return MeasuredRanges(whole, clipped, symmetric)


def measure_ranges(content: bytes, rows: Batch, threads: int = 1) -> dict[str, tuple[float, float]]:
    """The smallest and the largest value of every float32 tensor that a model computes.

    Args: those of `computed_values`.
    """
    limits: dict[str, tuple[float, float]] = {}
    for tensors in computed_values(content, rows, threads):
        for name, values in tensors:
            low, high = limits.get(name, (np.inf, -np.inf))
            limits[name] = float(min(low, values.min())), float(max(high, values.max()))
    return limits


def computed_values(
    content: bytes, rows: Batch, threads: int = 1
) -> Iterator[Iterator[tuple[str, np.ndarray]]]:
    """For each row, every float32 tensor that a model computes, one after the other, by name.

    Args:
        content: A float32 .tflite file with one graph.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32.
        threads: Threads of the interpreter.
    """
    interpreter = keep_tensors(content, threads)
    inputs = {
        name: details["index"]
        for name, details in interpreter.get_signature_runner(SIGNATURE).get_input_details().items()
    }
    computed = _computed_tensors(content)
    for row in range(len(rows["token_ids"])):
        for name, index in inputs.items():
            interpreter.set_tensor(index, rows[ARTIFACT_INPUTS[name]][row : row + 1].astype(np.int32))
        interpreter.invoke()
        yield ((name, interpreter.get_tensor(index)) for name, index in computed.items())


def _computed_tensors(content: bytes) -> dict[str, int]:
    """Indices of the float32 tensors that are computed, by name."""
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    operators = [graph.Operators(place) for place in range(graph.OperatorsLength())]
    indices = [operator.Outputs(place) for operator in operators for place in range(operator.OutputsLength())]
    tensors = {index: graph.Tensors(index) for index in indices}
    return {
        tensor.Name().decode(): index
        for index, tensor in tensors.items()
        if tensor.Type() == schema.TensorType.FLOAT32
    }


def kept_ranges(
    folder: Path, weights: Weights, graph: str, rows: Batch, measure: Callable[[], MeasuredRanges]
) -> MeasuredRanges:
    """Ranges that were measured before, or are measured now and kept.

    Args:
        folder: Where they are kept, made if it is not there.
        weights: Those of the folded model, by canonical name.
        graph: What else says which tensors there are and what they hold, such as the head, in words.
        rows: The rows that they are measured on, as in `measure_ranges`.
        measure: Measures them.
    """
    path = folder / f"{_key(weights, graph, rows)}.json"
    known = _read(path)
    if known is not None:
        return known
    ranges = measure()
    folder.mkdir(parents=True, exist_ok=True)
    count, length = rows["token_ids"].shape
    kept = {"rows": count, "sequence_length": length, **asdict(ranges)}
    replace_file(path, (json.dumps(kept, indent=1) + "\n").encode())
    return ranges


def _read(path: Path) -> MeasuredRanges | None:
    """What a file keeps; None where there is none, or it is damaged."""
    try:
        kept = read_json(path)
        return MeasuredRanges(*(_ranges(kept[name]) for name in ("whole", "clipped", "symmetric")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _ranges(kept: Mapping[str, list[float]]) -> TensorRanges:
    return {str(name): (float(low), float(high)) for name, (low, high) in kept.items()}


def _key(weights: Weights, graph: str, rows: Mapping[str, np.ndarray]) -> str:
    """A digest of all that the ranges depend on."""
    digest = hashlib.sha256(f"{_VERSION} {graph}".encode())
    arrays = {**weights, **{name: rows[name] for name in ARTIFACT_INPUTS.values()}}
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
