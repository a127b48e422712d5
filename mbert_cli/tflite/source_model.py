"""A run's model -> artifacts of it, by mode and length: folded once, measured once, converted as often as needed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mbert_cli.backend import count_cores
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.calibration import MeasuredRanges, kept_ranges, measure_clipped_ranges
from mbert_cli.tflite.convert import convert_folded
from mbert_cli.tflite.dense_layers import measure_channels
from mbert_cli.tflite.equalization import equalize
from mbert_cli.tflite.fold import Weights, fold
from mbert_cli.tflite.modes import INTEGER_MASK, MODES, Processor
from mbert_cli.tflite.quantizer import TensorRanges, quantize
from mbert_cli.tflite.targets import fit_target
from mbert_cli.tflite.tensor_ranges import tensor_ranges
from mbert_cli.tflite.trained_ranges import TrainedRanges

EQUALIZING_ROWS = 64
"""Rows that the ranges of single channels are measured on, spread over those that ranges of tensors are."""


@dataclass(frozen=True)
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
    _ranges: dict[bool, MeasuredRanges] = field(default_factory=dict)

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
        count = len(self.rows["token_ids"])
        chosen = sorted({place * count // EQUALIZING_ROWS for place in range(EQUALIZING_ROWS)})
        rows = [{name: values[place : place + 1] for name, values in self.rows.items()} for place in chosen]
        equalized, changed = equalize(
            weights, size, measure_channels(self._measured_file(weights), weights, rows)
        )
        return (equalized, changed) if changed else (weights, changed)

    def equalizes(self, mode: str) -> bool:
        """Whether channels are brought together for a mode: those whose activations have 8-bit ranges.

        A run that learned the mode has learned its ranges with the channels as they are.
        """
        if self._trained_for(mode) is not None:
            return False
        return self.equalize and MODES[mode].needs_calibration and MODES[mode].activations == "int8"

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
            ranges = self.ranges(mode) if trained is None else self._trained_ranges(trained, converted)
        return quantize(
            converted, mode, ranges, kept, target=self.target,
            block_size=self.block_size if trained is None else trained.block_size,
            has_integer_outputs=self.has_integer_outputs,
        )  # fmt: skip

    def ranges(self, mode: str) -> TensorRanges:
        """Ranges of what the model computes for a mode: cut off where 8 bits are better for it, whole for 16."""
        key = self.equalizes(mode)
        if key not in self._ranges:
            weights = self.weights_of(mode)
            self._ranges[key] = kept_ranges(
                self.calibration_folder,
                weights,
                self.rows,
                lambda: measure_clipped_ranges(self._measured_file(weights), self.rows, count_cores()),
            )
        measured = self._ranges[key]
        if MODES[mode].activations == "int16":
            return measured.whole
        return measured.symmetric if self.target == "npu" else measured.clipped

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
