"""The quantization modes: one row each. A new mode is a row here."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Mode:
    """What a mode makes of a model.

    Attributes:
        weights: Type in which kernels and tables are stored, int8 with a scale for each output channel.
        activations: What dense maps compute with: float32, or dynamic_int8 where each quantizes its input while the
            model runs. Everything else computes in float32.
        needs_calibration: Whether ranges of activations have to be measured on examples before.
        summary: What a person gets from it, for the help of `export.quantize`.
    """

    weights: Literal["float32", "float16", "int8"]
    activations: Literal["float32", "dynamic_int8"]
    needs_calibration: bool
    summary: str = ""

    @property
    def vector_bytes(self) -> int:
        """Bytes of a number in a vector, such as a bias or the gamma of a norm, none of which become int8."""
        return 2 if self.weights == "float16" else 4

    @property
    def kernel_bytes(self) -> int:
        """Bytes of a number in a kernel or a table."""
        return 1 if self.weights == "int8" else self.vector_bytes


MODES: dict[str, Mode] = {
    "float32": Mode(weights="float32", activations="float32", needs_calibration=False),
    "float16": Mode(
        weights="float16", activations="float32", needs_calibration=False, summary="half the size"
    ),
    "dynamic_int8": Mode(
        weights="int8",
        activations="dynamic_int8",
        needs_calibration=False,
        summary="a quarter of the size, and faster on processors that multiply 8-bit numbers, such as those of "
        "phones; `mbert bench` measures it",
    ),
}
"""By the names that `export.quantize` takes."""


def described_modes() -> str:
    """The modes with their summaries, as a list in a sentence."""
    words = [f"{name} ({mode.summary})" if mode.summary else name for name, mode in MODES.items()]
    return f"{', '.join(words[:-1])}, or {words[-1]}"
