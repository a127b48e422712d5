"""What the modes of integers round, and how, as far as a model has to know that learns to live with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mbert_cli.tflite.modes import FLOAT_MASK, MODES, Processor

INPUT = "/input"
"""What a dense map reads is called by its place with this after it."""

FIXED = ("attention/probabilities", "activation")
"""Places whose grids the kernels of phones fix."""

ATTENTION_PLACES = ("attention/logits", "attention/masked_logits", "attention/probabilities")
"""Places that stay float where the products of attention do, as `quantizer.FLOAT_ON_CPU` says."""

VARIANCE = "norm/variance"
"""How the places of variances end, which LayerNorms alone have."""

NORM_PLACES = ("mean", "centered", "squares", "variance", "deviation")
"""Places of a LayerNorm that stay float where the norm does. Its result is rounded by what reads it."""

RESIDUAL = "residual"
"""How the places of what such sums add to a dense map end."""

SUM_PLACES = ("sum", "segments")
"""How the places of sums end that LayerNorms read."""


@dataclass(frozen=True)
class Rounding:
    """What a mode rounds, and how.

    Attributes:
        activation_bits: Bits of values; None where they stay float.
        places: Which values: what dense maps read and write, or all.
        dynamic: Whether each row has a range of its own, found when it is computed.
        symmetric: Whether the integer 0 stands for 0.
        kernel_bits: Bits of kernels.
        block_size, clips: As in `round_kernel`.
        table_bits: Bits of tables, each of which has one scale; None where they stay float.
        word_bits: Bits of the word table where each row has a scale; None where it is like the other tables.
        masked: What is added to the attention logits of padding.
        has_float_parts: Whether logits and probabilities of attention, and LayerNorms with the sums that they read,
            stay float where all else is rounded.
        has_wide_norms: Whether LayerNorms, the sums that they read, and what these add have 16 bits where all else has
            8.
    """

    activation_bits: int | None
    kernel_bits: int
    places: Literal["dense", "all"] = "dense"
    dynamic: bool = False
    symmetric: bool = False
    block_size: int | None = None
    clips: bool = False
    table_bits: int | None = None
    word_bits: int | None = None
    masked: float = FLOAT_MASK
    has_float_parts: bool = False
    has_wide_norms: bool = False

    @property
    def has_ranges(self) -> bool:
        """Whether ranges of values are learned."""
        return self.activation_bits is not None and not self.dynamic

    def learned(self, places: Sequence[str]) -> list[str]:
        """Those of a layer's places, as `find_places` lists them, that have a learned range."""
        if not self.has_ranges:
            return []
        maps = {place.removesuffix(INPUT) for place in places if place.endswith(INPUT)}
        if self.places == "dense":
            # A dense map that computes its ReLU writes what the next one reads: one tensor, and one range.
            once = {f"{name}/output{INPUT}" for name in _names_of_fused(places)}
            return [
                place for place in places if (place.endswith(INPUT) or place in maps) and place not in once
            ]
        # What a dense map reads is what another place has written.
        written = [place for place in places if not place.endswith(INPUT) and place not in FIXED]
        floats = self.left_float(places)
        return [place for place in written if place not in floats]

    def left_float(self, places: Sequence[str]) -> set[str]:
        """Those of a layer's places that stay float although all others are rounded."""
        return {*ATTENTION_PLACES, *_places_of_norms(places)} if self.has_float_parts else set()

    def wide(self, places: Sequence[str]) -> set[str]:
        """Those of a layer's places that have 16 bits although all others have 8."""
        if not self.has_wide_norms:
            return set()
        norms = set(_places_of_norms(places))
        residuals = {place for place in places if norms and place.endswith(RESIDUAL)}
        return norms | residuals | set(_maps_before_sums(places))


def _places_of_norms(places: Sequence[str]) -> Iterator[str]:
    """What the LayerNorms of a layer compute, and the sums that they read."""
    for place in places:
        if place.endswith(VARIANCE):
            norm = place.removesuffix("variance")
            yield from (norm + name for name in NORM_PLACES)
            before = places[places.index(f"{norm}mean") - 1]
            if before.endswith(SUM_PLACES):
                yield before


def _maps_before_sums(places: Sequence[str]) -> Iterator[str]:
    """The dense maps whose results are added in the sums that LayerNorms read."""
    for place in _places_of_norms(places):
        if place.endswith(SUM_PLACES):
            before = [one for one in places[: places.index(place)] if not one.endswith(RESIDUAL)]
            if before and before[-1].endswith("output"):
                yield before[-1]


def _names_of_fused(places: Sequence[str]) -> list[str]:
    """The feed-forward networks of a layer whose activation is computed with the map before it."""
    names = [place.removesuffix("/intermediate") for place in places if place.endswith("/intermediate")]
    return [name for name in names if f"{name}/activation" not in places]


def rounding_of(mode: str, target: Processor = "cpu", block_size: int | None = None) -> Rounding:
    """What a mode rounds.

    Args:
        mode: One of `ROUNDED_MODES`.
        target: What runs the artifact.
        block_size: Input channels that share a scale in a kernel of four bits; None for all.
    """
    row = MODES[mode]
    return Rounding(
        activation_bits=8 if row.is_dynamic else row.range_bits,
        kernel_bits=row.weight_bits,
        places=row.quantized_operations,
        dynamic=row.is_dynamic,
        symmetric=row.is_symmetric(target),
        block_size=block_size if row.has_4_bit_kernels else None,
        clips=row.has_4_bit_kernels,
        table_bits=8,
        word_bits=4 if row.has_4_bit_words else None,
        masked=row.mask,
        has_float_parts=row.has_float_parts(target),
        has_wide_norms=row.has_wide_norms(target),
    )
