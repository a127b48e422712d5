"""Whether disk, memory and packages suffice for a training."""

from collections.abc import Sequence
from pathlib import Path

from mbert_cli.cost.disk import training_disk_bytes
from mbert_cli.cost.memory import memory_of
from mbert_cli.cost.training import Training, cost_of_stage
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.memory import judge_memory
from mbert_cli.runs.disk import format_bytes, require_disk
from mbert_cli.runs.tensorboard import require_tensorboard
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage


def look_at_training(
    inspection: Inspection,
    run: Path,
    training: Training,
    plan: Sequence[Stage],
    options: TrainOptions,
    *,
    model_parallel: int = 1,
    models: int = 1,
    at_once: int = 1,
) -> None:
    """Whether the disk has room for what a training writes, and the memory for a step; both as its plan has them.

    Args:
        inspection: Receives what is found.
        run: The run to write.
        training: What takes part.
        plan: The stages; without any the whole network trains.
        options: How it trains.
        model_parallel: How many devices divide a model.
        models: How many models are left behind.
        at_once: How many such trainings share the machine.
    """
    look_at_disk(inspection, run, training_disk_bytes(training, plan, options, models))
    memory = memory_of(
        training,
        [cost_of_stage(training, stage) for stage in plan],
        float_bytes=options.float_bytes,
        accumulates=options.accumulates,
        devices=model_parallel,
        model_parallel=model_parallel,
    )
    rows, length = training.batch_size, training.length

    def check() -> tuple[str, bool]:
        return judge_memory(at_once * memory.total, rows, f"batches of {rows:,} x {length} tokens")

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
