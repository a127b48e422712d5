"""Whether a task can be read: its files are, by the reader that the task has, and what is read is handed on."""

from mbert_cli.cost.products import Network
from mbert_cli.examples.loading import load_task, require_task
from mbert_cli.examples.options import AnyTask, FileTask, GlueTask, ImportedTask, SquadTask, TokenTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.figures import counted, in_words
from mbert_cli.losses.options import LossOptions
from mbert_cli.losses.weights import require_factors
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.word_lists import joined

SHOWN_LABELS = 6
_SET_NAMES = {"train": "training"}
"""What examples of a set are called where that is not its name."""
MARKS = 2
"""[CLS] and [SEP] around a text."""
USUAL_OUTPUTS = 10
"""Outputs assumed while the task was not read: some thousands of numbers beside the millions of an encoder."""


def look_at_task(
    inspection: Inspection,
    task: AnyTask,
    loss: LossOptions | None = None,
    split: str | None = None,
    *,
    may_lack_examples: bool = False,
) -> Looked[TaskData | None]:
    """Checks that a task's data is there and is as the recipe says: columns, labels, cells.

    Args:
        inspection: Receives what is found.
        task: The recipe's section.
        loss: That of a fine-tuning, whose factors must fit the labels.
        split: A set that is needed alone; None needs all.
        may_lack_examples: Whether a model that came from elsewhere, without any, can be worked on.

    Returns:
        The task where it lies in files; None where a library brings it, which takes long to load.
    """

    def check() -> tuple[str, TaskData | None]:
        if isinstance(task, ImportedTask) and may_lack_examples:
            return task.source, None
        require_task(task, split)
        if not _lies_in_files(task):
            return task.source, None
        data = load_task(task, split)
        require_factors(loss or LossOptions(), data)
        return _described(data), data

    looked = inspection.look("task", check)
    data = looked.found
    notes = [note for part in data.sets.values() for note in part.notes] if data else []
    for note in (*data.notes, *data.warnings, *notes) if data else ():
        inspection.note("task", note)
    return looked


def largest_batch(
    task: TaskData | None, batch_size: int, sequence_length: int, dynamic_length: bool
) -> tuple[int, int]:
    """Rows and tokens that the largest batch has at least, as far as the texts are known, else at most.

    Args:
        task: The task; None where it was not read.
        batch_size: Examples of a batch.
        sequence_length: Tokens of the longest row.
        dynamic_length: Whether a batch is only as long as its longest text.
    """
    train = task.train if task else None
    if not isinstance(train, Examples) or not len(train):
        return batch_size, sequence_length
    rows = min(batch_size, len(train))
    if not dynamic_length:
        return rows, sequence_length
    second = train.second_texts or [""] * len(train)
    words = max(len(f"{one} {two}".split()) for one, two in zip(train.texts, second, strict=True))
    return rows, min(sequence_length, words + MARKS)


def network_for(task: TaskData | None, size: Architecture, vocab_size: int) -> Network:
    """The network of a task, as far as the cost of a training depends on it.

    Args:
        task: The task; None where it was not read, which a usual head stands for.
        size: The encoder.
        vocab_size: Rows of its word table.
    """
    head = kind_of(task.kind).head if task else CLASSIFIER
    outputs = len(task.output_names) if task else USUAL_OUTPUTS
    return Network(size, vocab_size, task_head=head, num_outputs=outputs)


def _lies_in_files(task: AnyTask) -> bool:
    """Whether its reader needs no library that takes long to load, or says at once that there is nothing to read."""
    if isinstance(task, GlueTask):
        return task.folder is not None
    if isinstance(task, SquadTask):
        return task.train is not None
    return isinstance(task, FileTask | TokenTask | ImportedTask)


def _described(data: TaskData) -> str:
    sets = [f"{len(examples):,} {_SET_NAMES.get(name, name)}" for name, examples in data.sets.items()]
    counts = f"{joined(sets, 'and')} examples"
    if not kind_of(data.kind).has_labels:
        return f"{data.name}: {in_words(data.kind)}, {counts}"
    shown = ", ".join(data.output_names[:SHOWN_LABELS]) + (
        ", ..." if len(data.output_names) > SHOWN_LABELS else ""
    )
    return f"{data.name}: {counted(len(data.output_names), 'label')} ({shown}), {counts}"
