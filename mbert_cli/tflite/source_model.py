"""A run's model -> artifacts of it, by mode and length: folded once, measured once, converted as often as needed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from mbert_cli.backend import count_cores
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.spread import spread_places
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.calibration import MeasuredRanges, kept_ranges, measure_clipped_ranges
from mbert_cli.tflite.convert import convert_folded
from mbert_cli.tflite.dense_layers import dense_layers, measure_channels
from mbert_cli.tflite.equalization import equalize
from mbert_cli.tflite.flatbuffer import input_length
from mbert_cli.tflite.fold import Weights, fold
from mbert_cli.tflite.kernel_rounding import RoundedKernel, measure_moments, round_dense_maps, worst_kernels
from mbert_cli.tflite.layer_norms import find_wide_parts
from mbert_cli.tflite.modes import INTEGER_MASK, MODES, Processor
from mbert_cli.tflite.quantizer import TensorRanges, quantize
from mbert_cli.tflite.range_losses import measure_range_losses, worst_ranges
from mbert_cli.tflite.targets import fit_target
from mbert_cli.tflite.tensor_ranges import tensor_ranges
from mbert_cli.tflite.trained_ranges import TrainedRanges

EQUALIZING_ROWS = 64
"""Rows that the ranges of single channels are measured on, spread over those that ranges of tensors are."""

RANGE_ROWS = 32
"""Rows that say which dense maps have ranges of each row, spread in the same way."""

ROUNDING_ROWS = 100
"""Rows that say how kernels of 4 bits are rounded, spread in the same way."""


class RoundedByRows(NamedTuple):
    """Kernels of 4 bits as training rows have them rounded.

    Attributes:
        kernels: By the name of what their maps compute; None where weights become their nearest numbers.
        eight_bit_maps: Paths of the dense maps that lose most and have 8 bits, by the same name, worst first.
        why_not: Why there are no training rows.
    """

    kernels: Mapping[str, RoundedKernel] | None = None
    eight_bit_maps: Mapping[str, str] = {}
    why_not: str | None = None


@dataclass
class SourceModel:
    """A task model that artifacts are made of.

    Attributes:
        weights: Arrays by canonical name, not folded.
        size: What they are the weights of.
        head: The head of the task.
        calibration_rows: Gives rows of the longest length that ranges are measured on.
        calibration_folder: Keeps the ranges.
        target: What runs the artifacts.
        block_size: As in `quantize`.
        has_integer_outputs: As in `quantize`.
        equalize: Whether channels are brought together for modes with 8-bit ranges of activations.
        trained: The ranges of a run that was fine-tuned with fake quantization; None for any other.
        eight_bit_maps: How many dense maps of int4 have 8 bits, where training rows say which lose most in 4.
        row_ranges: Most dense maps of int8 that have ranges of each row, where one for all rows loses much.
    """

    weights: Weights
    size: Architecture
    head: TaskHead
    calibration_rows: Callable[[], Batch]
    calibration_folder: Path
    target: Processor = "cpu"
    block_size: int | None = None
    has_integer_outputs: bool = False
    equalize: bool = False
    trained: TrainedRanges | None = None
    eight_bit_maps: int = 4
    row_ranges: int = 5
    _ranges: dict[bool, MeasuredRanges] = field(default_factory=dict, init=False)
    _rounded: dict[str, RoundedByRows] = field(default_factory=dict, init=False)
    _row_ranged: dict[bool, dict[str, str]] = field(default_factory=dict, init=False)

    @cached_property
    def rows(self) -> Batch:
        """The rows that ranges are measured on."""
        return self.calibration_rows()

    @cached_property
    def folded(self) -> tuple[Weights, Architecture]:
        """What is converted."""
        return fold(self.weights, self.size)

    @cached_property
    def equalized(self) -> tuple[Weights, list[str]]:
        """The folded weights with channels brought together, and the dense maps that read what was changed."""
        weights, size = self.folded
        rows = _spread(self.rows, EQUALIZING_ROWS)
        ranges = measure_channels(self._measured_file(weights), weights, rows)
        equalized, changed = equalize(weights, size, ranges)
        return (equalized, changed) if changed else (weights, changed)

    def equalizes(self, mode: str) -> bool:
        """Whether channels are brought together for a mode: those whose activations have 8-bit ranges.

        A run that learned the mode has learned its ranges with the channels as they are.
        """
        if self._trained_for(mode) is not None:
            return False
        return self.equalize and MODES[mode].has_8_bit_ranges

    def has_learned(self, mode: str) -> bool:
        """Whether the run was fine-tuned with the numbers of a mode."""
        return self._trained_for(mode) is not None

    def weights_of(self, mode: str) -> Weights:
        """The folded weights that a mode is made of."""
        return self.equalized[0] if self.equalizes(mode) else self.folded[0]

    def content(self, mode: str, sequence_length: int, kept: Collection[str] = ()) -> bytes:
        """The content of a .tflite file.

        Args:
            mode: A key of `MODES`.
            sequence_length: Its length in tokens.
            kept: As in `quantize`.
        """
        return self.quantized(self.converted(mode, sequence_length), mode, kept)

    def converted(self, mode: str, sequence_length: int) -> bytes:
        """What TensorFlow's converter writes: the artifact, or the float32 file that it is quantized from."""
        return convert_folded(self.weights_of(mode), self.folded[1], sequence_length, mode, self.head)

    def quantized(self, converted: bytes, mode: str, kept: Collection[str] = ()) -> bytes:
        """What a mode makes of the file that was converted for it; `kept` as in `quantize`."""
        if not MODES[mode].is_quantized_after:
            return fit_target(converted, self.target)
        trained = self._trained_for(mode)
        ranges: TensorRanges | None = None
        if MODES[mode].needs_calibration:
            ranges = (
                self.ranges(mode, converted) if trained is None else self._trained_ranges(trained, converted)
            )
        rounded = self.rounded(mode, converted) if self.rounds_by_rows(mode) else RoundedByRows()
        better = {*rounded.eight_bit_maps, *self.row_ranged(mode, converted)}
        return quantize(
            converted, mode, ranges, {*kept, *better}, target=self.target,
            block_size=self.block_size if trained is None else trained.block_size,
            has_integer_outputs=self.has_integer_outputs,
            kernels=rounded.kernels,
        )  # fmt: skip

    def rounds_by_rows(self, mode: str) -> bool:
        """Whether training rows say how the kernels of a mode are rounded, where the task has any.

        Blocks have scales of their own. A run that learned the mode has learned its nearest numbers.
        """
        return MODES[mode].has_4_bit_kernels and self.block_size is None and self._trained_for(mode) is None

    def rounded(self, mode: str, converted: bytes) -> RoundedByRows:
        """The kernels of 4 bits that a mode has, of its float32 file."""
        if mode not in self._rounded:
            self._rounded[mode] = self._round(mode, converted)
        return self._rounded[mode]

    def _round(self, mode: str, converted: bytes) -> RoundedByRows:
        try:
            rows = _spread(self.rows, ROUNDING_ROWS)
        except UserError as missing:
            return RoundedByRows(why_not=missing.message)
        content, paths = self._measurable(mode, converted)
        kernels = round_dense_maps(content, measure_moments(content, rows, count_cores()))
        worst = {name: paths[name] for name in worst_kernels(kernels, self.eight_bit_maps)}
        return RoundedByRows(kernels, worst)

    def row_ranged(self, mode: str, converted: bytes) -> Mapping[str, str]:
        """The dense maps of a mode that have ranges of each row: paths by the name of what they compute, worst first.

        A run that learned the mode has learned to live with ranges that are the same for all.
        """
        takes_any = MODES[mode].takes_row_ranges and self.row_ranges > 0
        if not takes_any or self._trained_for(mode) is not None:
            return {}
        key = self.equalizes(mode)
        if key not in self._row_ranged:
            self._row_ranged[key] = self._find_row_ranged(mode, converted)
        return self._row_ranged[key]

    def _find_row_ranged(self, mode: str, converted: bytes) -> dict[str, str]:
        rows = _spread(self.rows, RANGE_ROWS)
        content, paths = self._measurable(mode, converted)
        losses = measure_range_losses(content, self.ranges(mode, content), rows, count_cores())
        return {name: paths[name] for name in worst_ranges(losses, self.row_ranges)}

    def _measurable(self, mode: str, converted: bytes) -> tuple[bytes, dict[str, str]]:
        """A float32 file as long as the rows, and paths of its dense maps by the name of what they compute."""
        length = self.rows["token_ids"].shape[1]
        content = converted if input_length(converted) == length else self.converted(mode, length)
        paths = {name: path for path, name in dense_layers(content, self.weights_of(mode)).items()}
        return content, paths

    def ranges(self, mode: str, converted: bytes) -> TensorRanges:
        """Ranges of what the model computes for a mode: cut off where 8 bits are better for it, whole for 16.

        Args:
            mode: A key of `MODES`.
            converted: The float32 file that it is made of.
        """
        measured = self._measured(mode)
        if MODES[mode].range_bits == 16:
            return measured.whole
        if self.target != "npu":
            return measured.clipped
        wide = find_wide_parts(converted) if MODES[mode].has_wide_norms(self.target) else {}
        whole = {name: measured.whole[name] for name, is_inner in wide.items() if is_inner}
        return {**measured.symmetric, **whole}

    def _measured(self, mode: str) -> MeasuredRanges:
        """Ranges of what the model computes, with the weights of a mode."""
        key = self.equalizes(mode)
        if key not in self._ranges:
            weights = self.weights_of(mode)
            self._ranges[key] = kept_ranges(
                self.calibration_folder,
                weights,
                f"{self.head} {self.folded[1].model_dump_json()}",
                self.rows,
                lambda: measure_clipped_ranges(self._measured_file(weights), self.rows, count_cores()),
            )
        return self._ranges[key]

    def _measured_file(self, weights: Weights) -> bytes:
        """The float32 file that ranges are measured with."""
        integer = next(name for name, mode in MODES.items() if mode.mask == INTEGER_MASK)
        length = self.rows["token_ids"].shape[1]
        return convert_folded(weights, self.folded[1], length, integer, self.head)

    def _trained_for(self, mode: str) -> TrainedRanges | None:
        return self.trained if self.trained is not None and self.trained.mode == mode else None

    def _trained_ranges(self, trained: TrainedRanges, converted: bytes) -> TensorRanges:
        weights, size = self.folded
        return tensor_ranges(converted, weights, size, self.head, trained)


def _spread(rows: Batch, count: int) -> Batch:
    """Some of many rows, spread evenly."""
    chosen = spread_places(len(rows["token_ids"]), count)
    return {name: values[chosen] for name, values in rows.items()}
