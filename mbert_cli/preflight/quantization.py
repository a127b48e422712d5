"""Whether a model can learn the numbers of a mode: what the section quantize of a fine-tuning needs."""

from collections.abc import Callable

from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.tflite.modes import MODES, ROUNDED_MODES, named_processor
from mbert_cli.tflite.options import QuantizedTrainingOptions


def look_at_quantization(
    inspection: Inspection, recipe: FinetuneRecipe, size: Callable[[], Architecture]
) -> None:
    """Looks at precision, target, blocks and what it starts from where the recipe has the section.

    Args:
        inspection: Receives what was found.
        recipe: That of the fine-tuning.
        size: The encoder that is trained.
    """
    options = recipe.quantize
    if options is None:
        return

    def check() -> tuple[str, None]:
        if recipe.train.precision != "float32":
            raise UserError(
                "A model that learns rounded numbers computes in float32. "
                f"Received: train.precision {recipe.train.precision}",
                "Leave train.precision at float32: numbers of fewer bits are rounded themselves.",
            )
        _check_target(options)
        _check_blocks(options, size)
        if recipe.initialize_from is None and recipe.source is None:
            raise UserError(
                "Learning rounded numbers starts from a run that is named. "
                "Received: neither initialize_from nor source",
                "Set initialize_from to a run of `mbert finetune`, or source to a pre-trained one.",
            )
        return options.mode, None

    inspection.look("quantization", check)


def _check_target(options: QuantizedTrainingOptions) -> None:
    """Checks that the mode can be exported for the target afterwards."""
    targets = MODES[options.mode].targets
    if options.target not in targets:
        fitting = [name for name in ROUNDED_MODES if options.target in MODES[name].targets]
        other = [f"set quantize.target={target}" for target in ("npu", "cpu") if target in targets]
        raise UserError(
            f"Artifacts of {options.mode} run on {' and '.join(map(named_processor, targets))}. "
            f"Received: quantize.target {options.target} with {options.mode}",
            f"Learn {' or '.join(fitting)}, or {other[0]}.",
        )


def _check_blocks(options: QuantizedTrainingOptions, size: Callable[[], Architecture]) -> None:
    """Checks that the inputs of all dense maps can be cut into blocks."""
    if options.block_size is None:
        return
    if not MODES[options.mode].has_4_bit_kernels:
        raise UserError(
            f"quantize.block_size is for kernels of four bits. Received: {options.block_size} with {options.mode}",
            "Leave it out, or set quantize.mode=int4.",
        )
    known = size()
    widths = {known.hidden_dim, known.block_dim, known.intermediate_dim, known.embedding_dim}
    odd = sorted(width for width in widths if width % options.block_size)
    if odd:
        raise UserError(
            f"Blocks must divide every width of the encoder evenly. Received: quantize.block_size {options.block_size} "
            f"and a width of {odd[0]}",
            "Leave quantize.block_size out: each output channel then has one scale.",
        )
