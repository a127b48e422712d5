"""The pre-flight of a task: its files are read by the reader that the task has, when they are not too large."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.examples.loading import load_task, require_task
from mbert_cli.examples.options import FileTask, GlueTask, SquadTask, Task, TokenTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.losses.options import LossOptions
from mbert_cli.losses.weights import require_factors
from mbert_cli.preflight.findings import Report
from mbert_cli.tasks.kinds import in_words, kind_of

QUICKLY_READ_BYTES = 1_000_000
"""Files up to this size take a tenth of a second and are read before every command, larger ones for `recipe check`."""
SHOWN_LABELS = 6
MARKS = 2
"""[CLS] and [SEP] around a text."""


@dataclass(frozen=True)
class TaskCheck:
    """What is known of a task.

    Attributes:
        data: Its examples; None where they were not read.
    """

    data: TaskData | None

    def largest_batch(self, batch_size: int, sequence_length: int, dynamic_length: bool) -> tuple[int, int]:
        """Rows and tokens that the largest batch has at least, as far as the texts are known, else at most.

        Args:
            batch_size: Examples of a batch.
            sequence_length: Tokens of the longest row.
            dynamic_length: Whether a batch is only as long as its longest text.
        """
        train = self.data.train if self.data else None
        if not isinstance(train, Examples) or not len(train):
            return batch_size, sequence_length
        rows = min(batch_size, len(train))
        if not dynamic_length:
            return rows, sequence_length
        second = train.second_texts or [""] * len(train)
        words = max(len(f"{one} {two}".split()) for one, two in zip(train.texts, second, strict=True))
        return rows, min(sequence_length, words + MARKS)


def look_at_task(report: Report, task: Task, loss: LossOptions | None = None) -> TaskCheck:
    """Checks that a task's data is there and is as the recipe says: columns, labels, cells.

    Args:
        report: Receives what is found.
        task: The recipe's section.
        loss: That of a fine-tuning, whose factors must fit the labels.
    """

    def check() -> tuple[str, TaskData | None]:
        require_task(task)
        files = _files(task)
        if not files:
            return task.source, None
        size_bytes = sum(os.path.getsize(file) for file in files)
        if size_bytes > QUICKLY_READ_BYTES and not report.is_thorough:
            return f"{task.source}: {', '.join(map(str, files))}", None
        data = load_task(task)
        require_factors(loss or LossOptions(), data)
        return _described(data), data

    data = report.look("task", check)
    notes = [note for part in data.sets.values() for note in part.notes] if data else []
    for note in (*data.notes, *data.warnings, *notes) if data else ():
        report.passed("task", note)
    return TaskCheck(data)


def _files(task: Task) -> Sequence[Path]:
    """The files that a task is read from; none where it comes from elsewhere."""
    if isinstance(task, GlueTask):
        return sorted(Path(task.folder).glob("*.tsv")) if task.folder else []
    if isinstance(task, FileTask | TokenTask):
        return [Path(file) for file in (task.train, task.validation) if file]
    if isinstance(task, SquadTask) and task.train:
        return [Path(file) for file in (task.train, task.validation) if file]
    return []


def _described(data: TaskData) -> str:
    counts = f"{len(data.train):,} training and {len(data.validation):,} validation examples"
    if not kind_of(data.kind).has_labels:
        return f"{data.name}: {in_words(data.kind)}, {counts}"
    shown = ", ".join(data.output_names[:SHOWN_LABELS]) + (
        ", ..." if len(data.output_names) > SHOWN_LABELS else ""
    )
    return f"{data.name}: {len(data.output_names)} labels ({shown}), {counts}"
