"""The pre-flight of the machine: whether disk, memory and packages suffice for a training."""

from pathlib import Path

from mbert_cli.examples.texts import TaskData
from mbert_cli.model.cost import (
    comparing_bytes,
    count_head_parameters,
    count_parameters,
    count_task_parameters,
    training_bytes,
)
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.memory import judge_memory
from mbert_cli.preflight.task import largest_batch
from mbert_cli.recipe.schema import DistillRecipe, FinetuneRecipe, TrainTeacherRecipe
from mbert_cli.runs.disk import checkpoint_bytes, format_bytes, require_disk
from mbert_cli.runs.tensorboard import require_tensorboard
from mbert_cli.search.grid import plan_search
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.train.options import TrainOptions
from mbert_cli.weights.description import ModelDescription

USUAL_VOCABULARY = 30522
"""Tokens assumed for the estimates while no vocabulary is known: BERT's."""
USUAL_OUTPUTS = 10
"""Outputs assumed while the task was not read: some thousands of numbers beside the millions of an encoder."""


def _training_disk(
    inspection: Inspection,
    run: Path,
    parameters: int,
    options: TrainOptions,
    models: int = 1,
) -> None:
    others = 4 * parameters * (models - 1)  # checkpoint_bytes has room for one
    look_at_disk(inspection, run, checkpoint_bytes(parameters, options.keep_checkpoints) + others)


def look_at_pretraining(
    inspection: Inspection,
    run: Path,
    recipe: TrainTeacherRecipe | DistillRecipe,
    size: Architecture,
    vocabulary: Vocabulary | None,
    teacher: Architecture | None = None,
) -> None:
    """Disk, memory and extras of a training on a token store; with a teacher to compare with, both models'."""
    data, options = recipe.data, recipe.train
    vocab_size = vocabulary.size if vocabulary else USUAL_VOCABULARY
    parameters = count_parameters(size, vocab_size) + count_head_parameters(size, vocab_size)
    _training_disk(inspection, run, parameters, options)
    rows = options.batch_size, data.sequence_length
    needed = training_bytes(size, vocab_size, *rows, data.max_predictions, _float_bytes(options))
    if teacher:
        needed += comparing_bytes(teacher, vocab_size, *rows)
    _memory(inspection, needed, options.batch_size, f"batches of {rows[0]:,} x {rows[1]} tokens")
    look_at_extras(inspection, options)


def look_at_finetuning(
    inspection: Inspection, run: Path, recipe: FinetuneRecipe, source: ModelDescription, task: TaskData | None
) -> None:
    """Disk and memory of a fine-tuning, for the largest batch of a search and the longest text that is known."""
    options, vocab_size = recipe.train, source.vocabulary.size
    head = kind_of(task.kind).head if task else CLASSIFIER
    num_outputs = len(task.output_names) if task else USUAL_OUTPUTS
    parameters = count_parameters(source.size, vocab_size)
    parameters += count_task_parameters(source.size, head, num_outputs)
    _training_disk(inspection, run, parameters, options, _count_models(recipe))
    batch_size = max(
        recipe.search.batch_size or [options.batch_size] if recipe.search else [options.batch_size]
    )
    length = recipe.task.sequence_length
    rows = largest_batch(task, batch_size, length, options.dynamic_length)
    needed = training_bytes(source.size, vocab_size, *rows, 0, _float_bytes(options))
    _memory(inspection, needed, rows[0], f"batches of {rows[0]:,} x {rows[1]} tokens")


def _float_bytes(options: TrainOptions) -> int:
    return 2 if options.precision == "bfloat16" else 4


def _memory(inspection: Inspection, needed: int, batch_size: int, what: str) -> None:
    def check() -> tuple[str, bool]:
        return judge_memory(needed, batch_size, what)

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


def _count_models(recipe: FinetuneRecipe) -> int:
    """Models that a fine-tuning leaves behind: one, or those of all trials and the chosen one once more."""
    if recipe.search is None:
        return 1
    return plan_search(recipe.search, recipe.train, recipe.seed).num_trials + 1
