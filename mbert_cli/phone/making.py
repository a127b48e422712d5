"""An artifact in a mode: made, compared with the Keras run, and saved where it can be if it loses too much."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from mbert_cli import console
from mbert_cli.backend import count_cores
from mbert_cli.errors import RunError, UserError
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.figures import counted
from mbert_cli.phone.reference import Reference
from mbert_cli.tflite.fallback import (
    FallbackCost,
    MadeFile,
    describe_fallback,
    keep_layers,
    kept_names,
    measure_cost,
)
from mbert_cli.tflite.interpreter import Artifact, opened_content
from mbert_cli.tflite.layer_errors import LayerError, LayerErrors, measure_layer_errors
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.modes import MODES, kept_mode
from mbert_cli.tflite.options import ExportOptions
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.verify import Remedy, VerifyReport, missed_bound, require_parity

NAMED_LAYERS = 3
"""Layers that an error names."""


@dataclass(frozen=True)
class MadeArtifact:
    """What came of a mode.

    Attributes:
        chosen: The artifact that may be written.
        before: What it said with all dense maps in the mode, if some were kept in higher precision.
        errors: What its layers do, if it lost too much at first.
        cost: What keeping them costs.
        equalized: Dense maps before which channels were brought together.
        eight_bit_maps: Dense maps of int4 that have 8 bits whatever it says.
        row_ranges: Dense maps of int8 that have ranges of each row whatever it says.
    """

    chosen: MadeFile
    before: VerifyReport | None = None
    errors: LayerErrors | None = None
    cost: FallbackCost | None = None
    equalized: tuple[str, ...] = ()
    eight_bit_maps: tuple[str, ...] = ()
    row_ranges: tuple[str, ...] = ()

    def record(self, precision: str) -> dict[str, object]:
        """What report.json keeps of it beside the figures of every artifact."""
        found: dict[str, object] = {
            "equalized": list(self.equalized), "eight_bit_maps": list(self.eight_bit_maps),
            "row_ranges": list(self.row_ranges),
        }  # fmt: skip
        if self.errors:
            found["layer_errors"] = self.errors.record()
        if self.before and self.cost:
            found["fallback"] = {
                "layers": [layer.path for layer in self.chosen.kept],
                "precision": precision,
                "disagreement_rate_without": self.before.disagreement_rate,
                "metric_without": self.before.metric_artifact,
                "size_bytes": self.cost.size_bytes,
                "time_ratio": self.cost.time_ratio,
            }
        return found


@dataclass(frozen=True)
class ArtifactMaker:
    """Makes artifacts of a run.

    Attributes:
        source: What they are made of.
        reference: What they are compared with.
        lengths: Their lengths in tokens.
        finish: Packs into an artifact what is read with it.
        options: Their section of the recipe.
        task: The recipe section of the task, whose training rows say which layers are the worst.
    """

    source: SourceModel
    reference: Reference
    lengths: Sequence[int]
    finish: Callable[[bytes], bytes]
    options: ExportOptions
    task: AnyTask

    @property
    def precision(self) -> str:
        """What dense maps are kept in, in words."""
        return kept_mode(self.options.target).replace("_", " ")

    def make(self, mode: str) -> MadeArtifact:
        """Makes an artifact in a mode.

        Raises:
            RunError: It loses more than the recipe allows, whatever was done for it.
        """
        converted = {length: self.source.converted(mode, length) for length in self.lengths}
        build = partial(self._build, mode, converted)
        candidate = build(())
        equalized = tuple(self.source.equalized[1]) if self.source.equalizes(mode) else ()
        if equalized:
            console.info(f"Brought channels together before {counted(len(equalized), 'dense map')}")
        finished = partial(
            MadeArtifact,
            equalized=equalized,
            eight_bit_maps=self._say_rounding(mode, converted[max(converted)]),
            row_ranges=self._say_row_ranges(mode, converted[max(converted)]),
        )
        can_fall_back = MODES[mode].is_quantized_after and not isinstance(self.task, ImportedTask)
        if self._fits(candidate.parity) or not can_fall_back:
            require_parity(candidate.parity, self.options.verify, self._remedy(mode))
            return finished(candidate)
        errors = self._layer_errors(mode, converted[max(converted)])
        # Where all else does the damage, as LayerNorm in integers, dense maps in float rows only add roundings.
        max_layers = self.options.fallback.max_layers if errors.rest < errors.every else 0
        tried = keep_layers(build, self._fits, errors.layers, max_layers)
        chosen = tried[-1] if tried else candidate
        require_parity(chosen.parity, self.options.verify, self._remedy(mode, errors, len(tried)))
        cost = measure_cost(candidate.bare, chosen.bare, self.source.rows)
        console.info(describe_fallback(candidate.parity, chosen, cost, self.precision))
        return finished(chosen, candidate.parity, errors, cost)

    def _say_rounding(self, mode: str, converted: bytes) -> tuple[str, ...]:
        """Says how kernels of 4 bits were rounded, and returns the dense maps that have 8."""
        if not self.source.rounds_by_rows(mode):
            return ()
        rounded = self.source.rounded(mode, converted)
        if rounded.kernels is None:
            console.info(
                f"Kernels of 4 bits have their nearest numbers, without training rows: {rounded.why_not}"
            )
            return ()
        worst = tuple(rounded.eight_bit_maps.values())
        of_eight = f"; those that lose most have 8 bits: {', '.join(worst)}" if worst else ""
        console.info(f"Kernels of 4 bits are rounded by what goes through them{of_eight}")
        return worst

    def _say_row_ranges(self, mode: str, converted: bytes) -> tuple[str, ...]:
        """Says which dense maps have ranges of each row, and returns them."""
        found = tuple(self.source.row_ranged(mode, converted).values())
        if found:
            console.info(
                f"{counted(len(found), 'dense map')} with ranges of each row, since one range for all rows loses too "
                f"much there: {', '.join(found)}"
            )
        return found

    def _build(self, mode: str, converted: dict[int, bytes], kept: Sequence[LayerError]) -> MadeFile:
        """An artifact with some dense maps in higher precision, beside the Keras run."""
        contents = {
            length: self.source.quantized(content, mode, kept_names(kept))
            for length, content in converted.items()
        }
        bare = merge_lengths(contents)
        content = self.finish(bare)
        with ExitStack() as stack:
            artifact = self._open(stack, content, mode)
            parity = self.reference.compare(artifact)
            return MadeFile(content, bare, parity, self.reference.examples_by_length(artifact), tuple(kept))

    def _open(self, stack: ExitStack, content: bytes, mode: str) -> Artifact:
        """Opens what was made, until the stack is left.

        Raises:
            RunError: The runtime refuses it.
        """
        try:
            outputs = [self.reference.head.artifact_outputs]
            return stack.enter_context(opened_content(content, known_outputs=outputs, workers=count_cores()))
        except UserError as error:
            ways = self._other_modes(mode) if self.options.equalize else "--set export.equalize=true"
            raise RunError(
                f"LiteRT runs every artifact before it is written. Received: one in {mode} that it refuses, such as "
                "where ranges of activations lie too far apart for integers.",
                f"Try {ways}.",
            ) from error

    def _fits(self, parity: VerifyReport) -> bool:
        return missed_bound(parity, self.options.verify) is None

    def _layer_errors(self, mode: str, converted: bytes) -> LayerErrors:
        console.info(f"{mode} loses too much: looking for the layers that do it, on training rows")
        quantized = partial(self.source.quantized, converted, mode)
        return measure_layer_errors(converted, self.source.weights_of(mode), quantized, self.source.rows)

    def _remedy(self, mode: str, errors: LayerErrors | None = None, kept: int = 0) -> Remedy:
        """What a person can do for an artifact that loses too much."""
        if not MODES[mode].is_quantized_after:
            return Remedy()
        hints = [self._other_modes(mode)]
        if errors and errors.rest < errors.every:
            hints.append(f"more layers in higher precision: --set export.fallback.max_layers={kept + 4}")
        if self.source.rounds_by_rows(mode) and isinstance(self.task, ImportedTask):
            hints.append(
                "training rows, which say how kernels of 4 bits are rounded: a task with this model's labels, "
                "--set task.source=..."
            )
        if errors and errors.rest > errors.every / 2 and not self.source.has_learned(mode):
            target = " --set quantize.target=npu" if self.options.target == "npu" else ""
            hints.append(
                "fine-tuning for it, since most of the damage is not the dense maps': `mbert finetune` with "
                f"--set quantize.mode={mode}{target}"
            )
        if not self.options.equalize:
            hints.append("--set export.equalize=true")
        return Remedy(_worst(errors, kept), kept, tuple(hints))

    def _other_modes(self, mode: str) -> str:
        """Modes of the same target that lose less."""
        better = ("int16x8", "float32") if self.options.target == "npu" else ("dynamic_int8", "float16")
        return " or ".join(f"--quantize {other}" for other in better if other != mode)


def _worst(errors: LayerErrors | None, kept: int) -> tuple[str, ...]:
    """The worst layers with their errors; first what is not a dense map, if that does most of the damage."""
    if errors is None:
        return ()
    named = [f"{layer.path} {layer.alone:.4f}" for layer in errors.layers[: max(kept, NAMED_LAYERS)]]
    if errors.rest > errors.every / 2:
        named.insert(0, f"all that are no dense maps {errors.rest:.4f}")
    return tuple(named)
