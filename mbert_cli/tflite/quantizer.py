"""A float32 .tflite file -> the same model in one of the modes that `litert-quantizer` makes.

The library is told by rules, of which the last that fits an operation holds: which operation, by its kind and by the
names of what it computes, gets weights and activations of which type.
"""

import io
import re
import warnings
from collections.abc import Collection, Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import RunError
from mbert_cli.native_output import hidden_native_output
from mbert_cli.tflite.census import DENSE, MASKED_LOGITS, dense_maps, require_mode
from mbert_cli.tflite.dense_maps import find_dense_maps, kernel_values
from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.kernel_rounding import RoundedKernel, store_kernels
from mbert_cli.tflite.layer_norms import find_layer_norms, find_wide_parts, multiply_squares
from mbert_cli.tflite.modes import MODES, Mode, Processor, kept_mode
from mbert_cli.tflite.operation_codes import operators
from mbert_cli.tflite.word_table import store_words_in_four_bits

TensorRanges = Mapping[str, tuple[float, float]]
"""Smallest and largest value of a tensor, by its name."""

_EVERYTHING = ".*"

FLOAT_ON_CPU = {"BATCH_MATMUL": _EVERYTHING, "SOFTMAX": _EVERYTHING, "ADD": MASKED_LOGITS}
"""What stays float on a CPU where everything else is integer, and the names of what it computes: the products of
attention, whose 8-bit kernel takes as long there as all dense maps together, and what lies between them. LayerNorms
with the sums that they read stay float too (`layer_norms.py`)."""


class Rule(NamedTuple):
    """What becomes of operations.

    Attributes:
        names: A regular expression that is searched in the names of what an operation computes, a semicolon after each.
        operation: Its kind, as in the schema; "*" for all that the library knows.
        weight_bits: Bits of a weight; None leaves the operation in float32.
        activation_bits: Bits of an activation; None leaves them in float32, of which dense maps then make 8-bit numbers
            while the model runs.
        is_symmetric: Whether the range of an activation is the same on both sides of 0.
        block_size: How many inputs of a channel share a scale; None for all.
        finds_scale: Whether outliers among the weights are clipped where that lowers the mean squared error (OCTAV).
    """

    names: str
    operation: str
    weight_bits: int | None = None
    activation_bits: int | None = None
    is_symmetric: bool = False
    block_size: int | None = None
    finds_scale: bool = False


def quantize(
    content: bytes,
    mode: str,
    ranges: TensorRanges | None = None,
    kept: Collection[str] = (),
    *,
    target: Processor = "cpu",
    block_size: int | None = None,
    has_integer_outputs: bool = False,
    kernels: Mapping[str, RoundedKernel] | None = None,
) -> bytes:
    """Quantizes a model.

    Args:
        content: A float32 .tflite file, with the mask of the mode.
        mode: A key of `MODES` with `is_quantized_after`.
        ranges: Those of all tensors that the model computes, for a mode that needs calibration.
        kept: Dense maps, by the names of `census.dense_maps`, that are left in higher precision, that of
            `kept_mode`: on a CPU or GPU with weights in int8 and rows in float32, on an NPU all in float32.
        target: What will run it. Pixel's NPU takes symmetric ranges only.
        block_size: As in `Rule`, for int4; a kernel whose inputs it does not divide has a scale for each channel.
        has_integer_outputs: Whether outputs stay integers where the mode computes integers.
        kernels: Those of int4, from `round_dense_maps`; None rounds each weight to its nearest number.

    Raises:
        RunError: A tensor has no range, or what came out is not what the mode promises.
    """
    row = MODES[mode]
    if row.has_4_bit_words and target != "gpu":
        content = store_words_in_four_bits(content)
    wide = find_wide_parts(content) if row.has_wide_norms(target) else ()
    if wide:
        content = multiply_squares(content)
    has_float_parts = row.has_float_parts(target)
    rules = mode_rules(
        row, kept, target, block_size, has_integer_outputs, _without_blocks(content, block_size),
        _with_zeros(content, block_size) if row.has_4_bit_kernels else (),
        find_layer_norms(content) if has_float_parts else (),
        wide,
    )  # fmt: skip
    known = dict(ranges or {}) | _table_ranges(content)
    if row.needs_calibration:
        _require_ranges(content, known)
    if (
        not known
    ):  # no table is left that rows are gathered from, as where words alone are looked up, in 4 bits
        rules = [rule for rule in rules if rule.operation != "GATHER"]
    quantized = _run(content, rules, known)
    if row.has_4_bit_kernels and kernels is not None:
        quantized = store_kernels(quantized, kernels)
    require_mode(quantized, mode, kept, has_float_parts, wide)
    return quantized


def mode_rules(
    mode: Mode,
    kept: Collection[str] = (),
    target: Processor = "cpu",
    block_size: int | None = None,
    has_integer_outputs: bool = False,
    without_blocks: Collection[str] = (),
    with_zeros: Collection[str] = (),
    norms: Collection[str] = (),
    wide: Collection[str] = (),
) -> list[Rule]:
    """The rules of a mode.

    Args: those of `quantize`, and
        without_blocks: Dense maps whose channels have one scale each, whatever the block size.
        with_zeros: Dense maps of which a channel, or a block of one, is 0. OCTAV would give it the scale 0, which the
            runtime refuses; they have one scale for each channel, as large as the largest weight asks for.
        norms: What stays float with the products of attention: what LayerNorms compute, and the sums that they read.
        wide: What has 16 bits where all else has 8, as `find_wide_parts` names it.
    """
    is_symmetric = mode.is_symmetric(target)
    blocks = block_size if mode.has_4_bit_kernels else None
    dense = Rule(
        _EVERYTHING, DENSE, mode.weight_bits, mode.range_bits, is_symmetric, blocks,
        finds_scale=mode.has_4_bit_kernels,
    )  # fmt: skip
    # A gather computes nothing, so the table may have fewer bits than what reads its rows.
    table = Rule(_EVERYTHING, "GATHER", 8, 8, is_symmetric)
    if mode.quantized_operations == "dense":
        rules = [table, dense]
    else:
        rules = [dense._replace(operation="*"), table]
        if mode.has_float_parts(target):
            rules += [Rule(names, operation) for operation, names in FLOAT_ON_CPU.items()]
        if norms:
            rules.append(Rule(_exactly(norms), "*"))
        if wide:
            rules.append(Rule(_exactly(wide), "*", mode.weight_bits, 16, is_symmetric=True))
        if not has_integer_outputs:
            rules.append(Rule(_EVERYTHING, "OUTPUT"))
    if without_blocks:
        rules.append(dense._replace(names=_exactly(without_blocks), block_size=None))
    if with_zeros:
        rules.append(dense._replace(names=_exactly(with_zeros), block_size=None, finds_scale=False))
    if kept:
        precision = MODES[kept_mode(target)]
        weight_bits = None if precision.weights == "float32" else precision.weight_bits
        rules.append(Rule(_exactly(kept), DENSE, weight_bits))
    return rules


def _exactly(names: Collection[str]) -> str:
    return "|".join(f"^{re.escape(name)};$" for name in sorted(names))


def _without_blocks(content: bytes, block_size: int | None) -> list[str]:
    """Dense maps whose inputs cannot be divided into blocks."""
    if block_size is None:
        return []
    maps = find_dense_maps(schema.ModelT.InitFromPackedBuf(content, 0))
    return [entry.name for entry in maps if entry.kernel.shape[-1] % block_size]


def _with_zeros(content: bytes, block_size: int | None) -> list[str]:
    """Dense maps of which a channel, or a block of one, is 0."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    found = []
    for entry in find_dense_maps(model):
        kernel = kernel_values(model, entry)
        inputs = kernel.shape[1]
        width = block_size if block_size and inputs % block_size == 0 else inputs
        if not kernel.reshape(-1, width).any(axis=1).all():
            found.append(entry.name)
    return found


def _table_ranges(content: bytes) -> dict[str, tuple[float, float]]:
    """Ranges of what is looked up in constant tables."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    found = {}
    for graph, operator, code in operators(model):
        if code != schema.BuiltinOperator.GATHER:
            continue
        table, rows = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
        data = model.buffers[table.buffer].data
        if data is not None:
            values = data.view(np.float32)
            limits = float(values.min()), float(values.max())
            found[table.name.decode()] = found[rows.name.decode()] = limits
    return found


def _require_ranges(content: bytes, ranges: TensorRanges) -> None:
    missing = [name for name in dense_maps(content) if name not in ranges]
    if missing:
        raise RunError(
            f"The ranges of what a model computes are measured before it is quantized. Received: none of {missing[0]}"
            + (f" and of {len(missing) - 1} more" if len(missing) > 1 else ""),
            "Delete the folder `calibration` of the run, and export again.",
        )


def _run(content: bytes, rules: list[Rule], ranges: TensorRanges) -> bytes:
    """Has the library quantize; it is imported here, because that takes half a second."""
    from litert_quantizer.qtyping import TFLOperationName
    from litert_quantizer.quantizer import Quantizer

    # It shows bars and sums, warns of how it looks at tensors, and runs what announces itself.
    with (
        hidden_native_output(),
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        quantizer = Quantizer(bytearray(content))
        for rule in rules:
            config, algorithm = _config(rule)
            quantizer.update_quantization_recipe(
                rule.names, TFLOperationName(rule.operation), config, algorithm
            )
        limits = {
            name: {"min": np.full((1, 1), low), "max": np.full((1, 1), high)}
            for name, (low, high) in ranges.items()
        }
        result = quantizer.quantize(limits, enable_progress_bar=False, enable_progress_report=False)
    return _with_data_inside(bytes(result.quantized_model))


def _with_data_inside(content: bytes) -> bytes:
    """The same model with the data of its tensors where all readers look: the library writes them behind it."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.size:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return pack_model(model, len(content))


def _config(rule: Rule) -> tuple[Any, Any]:
    """What the library wants to know: its configuration of an operation, and its algorithm."""
    from litert_quantizer import qtyping
    from litert_quantizer.quantizer import AlgorithmName

    if rule.weight_bits is None:
        return None, AlgorithmName.NO_QUANTIZE
    granularity = f"BLOCKWISE_{rule.block_size}" if rule.block_size else "CHANNELWISE"
    config = qtyping.OpQuantizationConfig(
        activation_tensor_config=None
        if rule.activation_bits is None
        else qtyping.TensorQuantizationConfig(rule.activation_bits, rule.is_symmetric),
        weight_tensor_config=qtyping.TensorQuantizationConfig(
            rule.weight_bits, granularity=qtyping.QuantGranularity(granularity)
        ),
        compute_precision=qtyping.ComputePrecision.INTEGER,
    )
    return config, AlgorithmName.OCTAV if rule.finds_scale else AlgorithmName.MIN_MAX_UNIFORM_QUANT
