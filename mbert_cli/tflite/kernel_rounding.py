"""Kernels of 4 bits rounded by what goes through them, instead of each weight to its nearest number.

The scale that makes the squared error of the weights smallest (OCTAV) clips the few large ones. Where a network sends
its outliers through just those, as BERTs do in the feed-forward networks of their first blocks, nearly half of what the
map computes is lost. Here both steps ask what an error does to the outputs of the map on rows of the task: the
scale of a channel is the one that loses least with every weight at its nearest number. Then weights are rounded one
input after the other, each time moving those that are not rounded yet so that they make up for the error (Frantar et
al. 2022, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", equations 2 and 3).

A row counts by the inverse of the mean square of what it computes: a norm follows, which takes the size away again, and
otherwise the outliers of a few tokens would decide for all.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from threadpoolctl import threadpool_limits

from mbert_cli.text.batch import Batch
from mbert_cli.tflite.dense_maps import find_dense_maps, kernel_values
from mbert_cli.tflite.dense_rows import dense_rows
from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.word_table import pack_four_bits

Moments = dict[str, np.ndarray]
"""Sums over rows of the products of the inputs of a dense map, (inputs, inputs), by the name of what it computes."""

DAMPING = 0.01
"""Share of their mean that is added to the squares of all inputs, so that the products have an inverse."""

SHARES = np.linspace(0.35, 1.0, 27)
"""How much of the largest weight of a channel the largest number may stand for, as far as is tried."""

INPUTS_AT_ONCE = 64
"""Inputs after which the others are moved together."""

_LOWEST, _HIGHEST = -8, 7


def measure_moments(content: bytes, rows: Batch, threads: int = 1) -> Moments:
    """Runs examples through a float32 file.

    Args:
        content: A float32 .tflite file with one graph.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32.
        threads: Threads of the interpreter.
    """
    found: Moments = {}
    # Threads that wait for one another make products so small many times slower.
    with threadpool_limits(1):
        for entry, read, written in dense_rows(content, rows, threads):
            size = np.sqrt(np.square(written).mean(axis=1, keepdims=True))
            read = read / np.maximum(size, np.finfo(np.float32).tiny)
            found[entry.name] = found.get(entry.name, np.float32(0)) + read.T @ read
    return found


class RoundedKernel(NamedTuple):
    """A kernel of 4 bits.

    Attributes:
        integers: From -8 to 7, (outputs, inputs) int8.
        scales: What the integers of an output are multiplied by, (outputs,) float32.
        loss: Mean square of what the outputs lose on the rows, against their own.
    """

    integers: np.ndarray
    scales: np.ndarray
    loss: float


def round_dense_maps(content: bytes, moments: Moments) -> dict[str, RoundedKernel]:
    """Rounds the kernels of all dense maps.

    Args:
        content: A float32 .tflite file.
        moments: From `measure_moments`, of that file.

    Returns:
        The kernels by the name of what their maps compute.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    with threadpool_limits(1):
        return {
            entry.name: round_for_rows(kernel_values(model, entry), moments[entry.name])
            for entry in find_dense_maps(model)
        }


def worst_kernels(kernels: Mapping[str, RoundedKernel], count: int) -> list[str]:
    """The dense maps that lose most, by name, worst first."""
    return sorted(kernels, key=lambda name: -kernels[name].loss)[:count]


def store_kernels(quantized: bytes, kernels: Mapping[str, RoundedKernel]) -> bytes:
    """Puts rounded kernels into a file of int4; those in blocks, or of more bits, stay as they are."""
    model = schema.ModelT.InitFromPackedBuf(quantized, 0)
    for entry in find_dense_maps(model):
        details = entry.kernel.quantization
        if entry.kernel.type != schema.TensorType.INT4 or details.scale is None:
            continue
        rounded = kernels[entry.name]
        details.scale = rounded.scales
        model.buffers[entry.kernel.buffer].data = pack_four_bits(rounded.integers)
    return pack_model(model, len(quantized))


def round_for_rows(kernel: np.ndarray, moments: np.ndarray) -> RoundedKernel:
    """Rounds a kernel so that its outputs change little.

    Args:
        kernel: (outputs, inputs) float32.
        moments: Of what it reads, (inputs, inputs).
    """
    scales = _scales(kernel, np.diag(moments))
    damped = np.array(moments, np.float64)
    damped[np.diag_indices_from(damped)] += DAMPING * np.diag(damped).mean() + np.finfo(np.float32).tiny
    order = np.argsort(-np.diag(damped))  # the largest inputs first, while much can still make up for them
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    factor = np.linalg.cholesky(inverse).T.astype(np.float32)
    integers = np.empty(kernel.shape, np.int8)
    integers[:, order] = _compensated(kernel[:, order], scales, factor)
    lost, power = _power(kernel - integers * scales[:, None], moments), _power(kernel, moments)
    return RoundedKernel(integers, scales, lost / power if power > 0 else 0.0)


def _power(kernel: np.ndarray, moments: np.ndarray) -> float:
    """Sum of the squares of what a kernel computes."""
    return float(((kernel @ moments) * kernel).sum())


def _scales(kernel: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """The scale of each output that loses least if every weight becomes its nearest number."""
    largest = np.maximum(np.abs(kernel).max(axis=1), np.finfo(np.float32).tiny * 2**24) / _HIGHEST
    tried = [largest * share for share in SHARES]
    errors = [np.square(kernel - _nearest(kernel, one) * one[:, None]) @ squares for one in tried]
    chosen = SHARES[np.argmin(errors, axis=0)]
    scales: np.ndarray = (largest * chosen).astype(np.float32)
    return scales


def _compensated(kernel: np.ndarray, scales: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Rounds input after input; what is left of each error moves the inputs behind it.

    Args:
        kernel: (outputs, inputs), in the order in which inputs are rounded.
        scales: (outputs,).
        factor: Upper triangular, the inverse of the moments is its transpose times it; (inputs, inputs).
    """
    weights, integers = np.asfortranarray(kernel, np.float32), np.empty(kernel.shape, np.int8)
    for start in range(0, kernel.shape[1], INPUTS_AT_ONCE):
        end = min(start + INPUTS_AT_ONCE, kernel.shape[1])
        errors = np.empty((len(kernel), end - start), np.float32)
        for place in range(start, end):
            column = weights[:, place]
            integers[:, place] = rounded = _nearest(column[:, None], scales)[:, 0]
            errors[:, place - start] = error = (column - rounded * scales) / factor[place, place]
            weights[:, place + 1 : end] -= np.outer(error, factor[place, place + 1 : end])
        weights[:, end:] -= errors @ factor[start:end, end:]
    return integers


def _nearest(kernel: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Weights (outputs, inputs) -> the nearest integers, as floats."""
    nearest: np.ndarray = np.clip(np.round(kernel / scales[:, None]), _LOWEST, _HIGHEST)
    return nearest
