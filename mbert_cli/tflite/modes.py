"""The quantization modes: one row each. A new mode is a row here."""

from dataclasses import dataclass
from typing import Literal

Processor = Literal["cpu", "gpu", "npu"]
"""What runs an artifact on a phone."""

FLOAT_MASK = -10_000.0
"""Added to the attention logits of padding, as BERT's code does. A mask beyond float16 would be an infinity there, and
its product with the 0 of a token NaN."""

INTEGER_MASK = -40.0
"""The same where attention is integer: the 256 numbers of 8 bits reach from the mask to the largest logit. What
is left of padding, e^-40 of a token, is beyond what float32 can add to 1."""

_BITS = {"float32": 32, "float16": 16, "int16": 16, "int8": 8, "int4": 4}


@dataclass(frozen=True)
class Mode:
    """What a mode makes of a model.

    Attributes:
        weights: Type in which kernels are stored. Of int8 and int4 each output channel has a scale, or each block of
            `export.block_size` inputs of a channel.
        table: Type in which the word table is stored. Of int4 each row has a scale, and a GPU gets int8.
        activations: What quantized operations compute with: float32; dynamic_int8 where dense maps quantize their input
            while the model runs; or int8 and int16, whose ranges are fixed when the model is exported.
        quantized_operations: Which operations that is: dense maps, or all.
        needs_calibration: Whether ranges of activations have to be measured on examples before.
        mask: What is added to the attention logits of padding.
        targets: What runs such an artifact.
        summary: What a person gets from it, for the help of `export.quantize`.
    """

    weights: Literal["float32", "float16", "int8", "int4"]
    table: Literal["float32", "float16", "int8", "int4"]
    activations: Literal["float32", "dynamic_int8", "int8", "int16"]
    quantized_operations: Literal["dense", "all"] = "dense"
    needs_calibration: bool = False
    mask: float = FLOAT_MASK
    targets: tuple[Processor, ...] = ("cpu",)
    summary: str = ""

    @property
    def weight_bits(self) -> int:
        """Bits of a number in a kernel."""
        return _BITS[self.weights]

    @property
    def range_bits(self) -> int | None:
        """Bits of activations whose ranges are fixed when the model is exported; None where none are."""
        return _BITS[self.activations] if self.needs_calibration else None

    @property
    def is_dynamic(self) -> bool:
        """Whether each row has a range of its own, found while the model runs."""
        return self.activations == "dynamic_int8"

    @property
    def has_4_bit_kernels(self) -> bool:
        """Whether kernels have 4 bits: they may have a scale for each block, or are rounded by training rows."""
        return self.weights == "int4"

    @property
    def has_4_bit_words(self) -> bool:
        """Whether the word table has 4 bits, for all targets but a GPU."""
        return self.table == "int4"

    @property
    def has_8_bit_ranges(self) -> bool:
        """Whether activations have fixed ranges of 8 bits, in which a large channel leaves the others few numbers."""
        return self.range_bits == 8

    @property
    def takes_row_ranges(self) -> bool:
        """Whether dense maps that lose much by one range for all rows may have a range of each row."""
        return self.has_8_bit_ranges and self.quantized_operations == "dense"

    @property
    def _computes_in_8_bits(self) -> bool:
        return self.has_8_bit_ranges and self.quantized_operations == "all"

    def is_symmetric(self, target: Processor) -> bool:
        """Whether ranges of activations are the same on both sides of 0."""
        return target == "npu" or self.range_bits == 16

    def has_float_parts(self, target: Processor) -> bool:
        """Whether a CPU computes in float what would cost it time or answers in 8 bits.

        These are the products of attention, and LayerNorms with the sums that they read.
        """
        return target == "cpu" and self._computes_in_8_bits

    def has_wide_norms(self, target: Processor) -> bool:
        """Whether LayerNorms, the sums that they read, and what these add have 16 bits where all else has 8."""
        return target == "npu" and self._computes_in_8_bits

    @property
    def vector_bytes(self) -> int:
        """Bytes of a number in a vector, such as a bias or the gamma of a norm, none of which become int8."""
        return 2 if self.weights == "float16" else 4

    @property
    def kernel_bytes(self) -> float:
        """Bytes of a number in a kernel."""
        return self.weight_bits / 8

    @property
    def table_bytes(self) -> float:
        """Bytes of a number in the word table."""
        return _BITS[self.table] / 8

    @property
    def is_quantized_after(self) -> bool:
        """Whether `quantizer.py` makes it of a float32 artifact, rather than TensorFlow's converter of the graph."""
        return self.needs_calibration or self.has_4_bit_kernels


MODES: dict[str, Mode] = {
    "float32": Mode("float32", "float32", "float32", targets=("cpu", "gpu", "npu")),
    "float16": Mode("float16", "float16", "float32", targets=("cpu", "gpu"), summary="half the size"),
    "dynamic_int8": Mode(
        "int8",
        "int8",
        "dynamic_int8",
        targets=("cpu", "gpu"),
        summary="a quarter of the size, and faster on processors that multiply 8-bit numbers, such as those of "
        "phones; `mbert bench` measures it",
    ),
    "int8": Mode(
        "int8",
        "int8",
        "int8",
        needs_calibration=True,
        targets=("cpu", "gpu"),
        summary="the same size, dense maps with ranges that were measured on training examples",
    ),
    "int8_full": Mode(
        "int8",
        "int8",
        "int8",
        quantized_operations="all",
        needs_calibration=True,
        mask=INTEGER_MASK,
        targets=("cpu", "npu"),
        summary="integers everywhere, for NPUs; on a CPU all but products of attention and LayerNorm",
    ),
    "int16x8": Mode(
        "int8",
        "int8",
        "int16",
        quantized_operations="all",
        needs_calibration=True,
        mask=INTEGER_MASK,
        targets=("npu",),
        summary="the same with 16-bit activations, for --target npu alone: a CPU takes many times as long as in "
        "float32",
    ),
    "int4": Mode(
        "int4",
        "int4",
        "dynamic_int8",
        targets=("cpu", "gpu"),
        summary="an eighth of the size, rounded by what goes through it on training examples where there are any; on a "
        "GPU a quarter for the word table",
    ),
}
"""By the names that `export.quantize` takes."""

ROUNDED_MODES = tuple(name for name, mode in MODES.items() if mode.weights in ("int8", "int4"))
"""Names of those that round to integers."""


def kept_mode(target: Processor) -> str:
    """The mode of dense maps that are kept in higher precision where an artifact loses too much."""
    return "float32" if target == "npu" else "dynamic_int8"


def named_processor(target: str) -> str:
    """A processor with its article: a CPU, an NPU."""
    return f"a {target.upper()}" if target != "npu" else "an NPU"


def described_modes() -> str:
    """The modes with their summaries, as a list in a sentence."""
    words = [f"{name} ({mode.summary})" if mode.summary else name for name, mode in MODES.items()]
    return f"{', '.join(words[:-1])}, or {words[-1]}"
