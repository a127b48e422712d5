"""Whether an export can make the modes that are wanted: their target, their keys, and rows to measure ranges on."""

from collections.abc import Sequence

from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.task import look_at_task
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tflite.modes import MODES, named_processor
from mbert_cli.tflite.options import ExportOptions
from mbert_cli.tflite.trained_ranges import TrainedRanges

_GPU_SCALES = "LiteRT's GPU accelerator takes 4-bit weights with one scale for each channel."


def wanted_modes(options: ExportOptions) -> list[str]:
    """The modes of the recipe, in order, each once."""
    return [options.quantize] if isinstance(options.quantize, str) else list(dict.fromkeys(options.quantize))


def look_at_modes(
    inspection: Inspection, options: ExportOptions, trained: TrainedRanges | None = None
) -> None:
    """Looks whether the target runs every mode, and whether each key fits one.

    Args:
        inspection: Receives what is found.
        options: The section of the recipe.
        trained: What the run learned with fake quantization, if it did.
    """

    def check() -> tuple[str, None]:
        modes = wanted_modes(options)
        for mode in modes:
            _require_target(mode, options.target)
        if options.block_size is not None and not any(MODES[mode].has_4_bit_kernels for mode in modes):
            raise UserError(
                "export.block_size is how many 4-bit weights share a scale, and int4 alone has such. "
                f"Received: {options.block_size} with {' and '.join(modes)}",
                "Add --quantize int4, or leave export.block_size out.",
            )
        if trained is not None and trained.mode in modes:
            _require_learned_blocks(options, trained)
        elif options.block_size is not None and options.target == "gpu":
            raise UserError(
                f"{_GPU_SCALES} Received: export.block_size {options.block_size} with --target gpu",
                "Leave export.block_size out, or export for a CPU.",
            )
        return f"{', '.join(modes)} for {named_processor(options.target)}", None

    inspection.look("modes", check)


def _require_learned_blocks(options: ExportOptions, trained: TrainedRanges) -> None:
    """Checks that the scales which a run learned are those of its artifact, and that the target takes them."""
    if options.block_size not in (None, trained.block_size):
        learned = (
            "a scale for each channel" if trained.block_size is None else f"blocks of {trained.block_size}"
        )
        raise UserError(
            "An artifact of a run that learned int4 has the scales that it learned. "
            f"Received: export.block_size {options.block_size} for a run with {learned}",
            f"Leave export.block_size out, or fine-tune with quantize.block_size={options.block_size}.",
        )
    if trained.block_size is not None and options.target == "gpu":
        raise UserError(
            f"{_GPU_SCALES} Received: a run that learned blocks of {trained.block_size}, with --target gpu",
            "Export for a CPU, or fine-tune without quantize.block_size.",
        )


def _require_target(mode: str, target: str) -> None:
    targets = MODES[mode].targets
    if target in targets:
        return
    if mode == "int16x8" and target == "cpu":
        raise UserError(
            "int16x8 is for NPUs: a CPU takes many times as long for it as for float32. "
            "Received: --target cpu, which is the default",
            "Add --target npu, or choose --quantize dynamic_int8, which is made for CPUs.",
        )
    fitting = [name for name, row in MODES.items() if target in row.targets]
    raise UserError(
        f"{mode} runs on {' and '.join(map(named_processor, targets))}. Received: --target {target}",
        f"Choose --quantize {' or '.join(fitting)}.",
    )


def look_at_calibration(
    inspection: Inspection, modes: Sequence[str], task: AnyTask, model: str, kind: str
) -> TaskData | None:
    """Looks for training rows where a mode needs them to measure ranges on.

    Args:
        inspection: Receives what is found.
        modes: Keys of `MODES`.
        task: The recipe section of the task.
        model: What is exported, in words.
        kind: Its kind, a key of `KINDS`.

    Returns:
        The training set where it lies in files; None where it is not needed, or a library brings it.
    """
    calibrated = [mode for mode in modes if MODES[mode].needs_calibration]
    if not calibrated:
        return None

    def check() -> tuple[str, None]:
        if isinstance(task, ImportedTask):
            raise UserError(
                f"{calibrated[0]} needs training rows of the task, on which ranges of activations are measured. "
                f"Received: {model}, which knows none",
                f"Name them, such as --set {kind_of(kind).settings}; or choose "
                "--quantize dynamic_int8, which needs none.",
            )
        return "the task's training set", None

    if inspection.look("calibration rows", check).failure is not None:
        return None
    return look_at_task(inspection, task, split="train").value
