"""What dense maps lose by ranges of 8 bits that are the same for all rows, measured on rows of the task.

A few of the tokens that a BERT reads have features a hundred times larger than all others have. In the feed-forward
networks of its first blocks a range that holds these leaves the others a few of its 256 numbers. Such maps are better
off with ranges of each row, as in dynamic_int8.

A row counts by what is lost against what it computes, as in `kernel_rounding.py`: a norm follows, which takes the size
away again.
"""

from collections.abc import Mapping

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from threadpoolctl import threadpool_limits

from mbert_cli.text.batch import Batch
from mbert_cli.tflite.dense_maps import find_dense_maps, kernel_values
from mbert_cli.tflite.dense_rows import dense_rows
from mbert_cli.tflite.quantizer import TensorRanges

LARGE_LOSS = 0.01
"""What a dense map may lose. In a MiniLM the feed-forward outputs of the first five of six blocks lose 2.5 to 31 %, and
no other map more than 0.5 %."""

_STEPS = 255


def measure_range_losses(
    content: bytes, ranges: TensorRanges, rows: Batch, threads: int = 1
) -> dict[str, float]:
    """Runs examples through a float32 file.

    Args:
        content: A float32 .tflite file with one graph.
        ranges: Those of what its dense maps read and write.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32.
        threads: Threads of the interpreter.

    Returns:
        By the name of what a map computes, the mean square of what its outputs lose against their own.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    kernels = {entry.name: kernel_values(model, entry) for entry in find_dense_maps(model)}
    found: dict[str, list[float]] = {name: [] for name in kernels}
    with threadpool_limits(1):
        for entry, read, written in dense_rows(content, rows, threads):
            lost = round_to_range(read, *ranges[graph.tensors[entry.read].name.decode()]) - read
            rounded = round_to_range(written + lost @ kernels[entry.name].T, *ranges[entry.name])
            power = np.maximum(np.square(written).sum(axis=1), np.finfo(np.float32).tiny)
            found[entry.name] += (np.square(rounded - written).sum(axis=1) / power).tolist()
    return {name: float(np.mean(losses)) for name, losses in found.items()}


def round_to_range(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values -> the nearest of the 256 numbers of a range, 0 among them."""
    first, last = min(low, 0.0), max(high, 0.0)
    scale = (last - first) / _STEPS or 1.0
    zero = round(-first / scale)
    rounded: np.ndarray = (np.clip(np.round(values / scale) + zero, 0, _STEPS) - zero) * scale
    return rounded


def worst_ranges(losses: Mapping[str, float], count: int) -> list[str]:
    """The dense maps that lose most of those that lose much, by name, worst first."""
    large = [name for name, loss in losses.items() if loss > LARGE_LOSS]
    return sorted(large, key=lambda name: -losses[name])[:count]
