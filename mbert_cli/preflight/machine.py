"""Whether disk, memory and packages suffice for a training."""

from pathlib import Path

from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.memory import judge_memory
from mbert_cli.runs.disk import checkpoint_bytes, format_bytes, require_disk
from mbert_cli.runs.tensorboard import require_tensorboard
from mbert_cli.train.options import TrainOptions


def look_at_training_disk(
    inspection: Inspection,
    run: Path,
    parameters: int,
    options: TrainOptions,
    models: int = 1,
) -> None:
    """Whether the disk has room for the checkpoints of a training, and for the models that it leaves behind.

    Args:
        inspection: Receives what is found.
        run: The run to write.
        parameters: Of one model.
        options: How it trains.
        models: How many models are left behind.
    """
    others = 4 * parameters * (models - 1)  # checkpoint_bytes has room for one
    checkpoints = checkpoint_bytes(parameters, options.keep_checkpoints, accumulates=options.accumulates)
    look_at_disk(inspection, run, checkpoints + others)


def float_bytes(options: TrainOptions) -> int:
    """Bytes of an activation."""
    return options.float_bytes


def look_at_memory(inspection: Inspection, needed: int, rows: int, length: int) -> None:
    """Whether a step fits into the memory; `needed` in bytes, for batches of `rows` examples of `length` tokens."""

    def check() -> tuple[str, bool]:
        return judge_memory(needed, rows, f"batches of {rows:,} x {length} tokens")

    inspection.weigh("memory", check)


def look_at_extras(inspection: Inspection, options: TrainOptions) -> None:
    """Packages that a recipe needs beside those that are always there."""
    if options.tensorboard:
        inspection.look("extra tensorboard", _find_tensorboard)


def _find_tensorboard() -> tuple[str, None]:
    require_tensorboard()
    return "installed", None


def look_at_disk(inspection: Inspection, path: Path, size_bytes: int) -> None:
    """Whether the disk of a run has room for some bytes more."""

    def check() -> tuple[str, None]:
        require_disk(path, size_bytes)
        return f"room for {format_bytes(size_bytes)} in {path}", None

    inspection.look("disk", check)
