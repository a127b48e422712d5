"""A run's model -> artifacts of it, by mode and length: folded once, measured once, converted as often as needed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mbert_cli.backend import count_cores
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.calibration import kept_ranges, measure_ranges
from mbert_cli.tflite.convert import convert_folded
from mbert_cli.tflite.fold import Weights, fold
from mbert_cli.tflite.modes import INTEGER_MASK, MODES, Processor
from mbert_cli.tflite.quantizer import TensorRanges, quantize
from mbert_cli.tflite.targets import fit_target


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
    """

    weights: Weights
    size: Architecture
    head: TaskHead
    calibration_rows: Callable[[], Batch]
    calibration_folder: Path
    target: Processor = "cpu"
    block_size: int | None = None
    has_integer_outputs: bool = False

    @cached_property
    def folded(self) -> tuple[Weights, Architecture]:
        """What is converted."""
        return fold(self.weights, self.size)

    def content(self, mode: str, sequence_length: int, kept: Collection[str] = ()) -> bytes:
        """The content of a .tflite file.

        Args:
            mode: A key of `MODES`.
            sequence_length: Its length in tokens.
            kept: As in `quantize`.
        """
        converted = self.converted(mode, sequence_length)
        if not MODES[mode].is_quantized_after:
            return fit_target(converted, self.target)
        ranges = self.ranges if MODES[mode].needs_calibration else None
        return quantize(
            converted, mode, ranges, kept, target=self.target, block_size=self.block_size,
            has_integer_outputs=self.has_integer_outputs,
        )  # fmt: skip

    def converted(self, mode: str, sequence_length: int) -> bytes:
        """What TensorFlow's converter writes: the artifact, or the float32 file that it is quantized from."""
        return convert_folded(*self.folded, sequence_length, mode, self.head)

    @cached_property
    def ranges(self) -> TensorRanges:
        """Smallest and largest values of what the model computes."""
        rows = self.calibration_rows()

        def measure() -> TensorRanges:
            length = rows["token_ids"].shape[1]
            integer = next(name for name, mode in MODES.items() if mode.mask == INTEGER_MASK)
            return measure_ranges(self.converted(integer, length), rows, count_cores())

        return kept_ranges(self.calibration_folder, self.folded[0], rows, measure)
