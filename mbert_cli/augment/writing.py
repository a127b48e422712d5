"""The files of an augmentation: each example before its copies, in the columns of the task's own files."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.augment.candidates import Candidates
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.replacement import draws_of, replaced_copies
from mbert_cli.examples.augmented import Augmentation
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.options import AnyTask, FileTask, GlueTask
from mbert_cli.examples.table_files import Columns
from mbert_cli.examples.task_columns import text_columns
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.spread import spread_places

_SEPARATORS = re.compile(r"[\t\r\n]")
"""What the files of GLUE cannot hold within a cell; a few prepared sets have it."""


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        rows: Rows of the training file.
        originals: Those of them that are the examples themselves.
    """

    rows: int
    originals: int


def describe_files(folder: Path, options: AnyTask, task: TaskData) -> Augmentation:
    """Which files an augmentation of a task has, and what is noted beside them.

    Args:
        folder: Where they lie.
        options: The task's recipe section.
        task: The task.
    """
    if isinstance(options, GlueTask):
        columns, train, validation = GLUE[options.name].columns, folder / "train.tsv", None
    else:
        columns = _columns_of(options)
        train, validation = folder / "train.jsonl", folder / "validation.jsonl"
    outputs = tuple(task.output_names)
    return Augmentation(
        str(folder), train, validation, task.name, options.source, task.kind, outputs, columns
    )


def write_examples(
    files: Augmentation,
    options: AugmentOptions,
    seed: int,
    task: TaskData,
    candidates: Candidates,
) -> Written:
    """Writes the training examples with their copies, and the validation examples where they need a file.

    Args:
        files: Which files, in folders that exist.
        options: How examples are copied; `copies` is a number.
        seed: Decides what is drawn.
        task: The task.
        candidates: What may stand in place of the words of the texts that are copied.
    """
    lines = _Lines(files, task)
    train, copied = task.train, set(spread_places(len(task.train), options.max_examples).tolist())
    rows = 0
    with files.train.open("w", encoding="utf-8", newline="\n") as file:
        file.write(lines.header)
        for number, (texts, label) in enumerate(_examples(train)):
            made: list[tuple[str, ...]] = [texts]
            if number in copied:
                found = [candidates.of(text) for text in texts]
                draws = draws_of(seed, number)
                made += replaced_copies(texts, found, options.copies or 0, options.replace_probability, draws)
            file.writelines(lines.line(one, label) for one in made)
            rows += len(made)
    if files.validation is not None:
        with files.validation.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines.line(texts, label) for texts, label in _examples(task.validation))
    return Written(rows, len(train))


class _Lines:
    """How an example is written: as the official files of GLUE have it, else as a JSON object."""

    def __init__(self, files: Augmentation, task: TaskData) -> None:
        self._columns, self._task = files.columns, task
        self._row = GLUE[files.task] if files.source == "glue" else None
        self._cells = (self._row.header if self._row else None) or tuple(files.columns.names)
        has_header = self._row is not None and self._row.header is None
        self.header = "\t".join(self._cells) + "\n" if has_header else ""

    def line(self, texts: Sequence[str], label: Any) -> str:
        """One example with its line break."""
        values = dict(zip(self._columns.names, texts, strict=False)) | self._label(label)
        if self._row is None:
            return json.dumps(values) + "\n"
        cells = (_SEPARATORS.sub(" ", str(values.get(name, ""))) for name in self._cells)
        return "\t".join(cells) + "\n"

    def _label(self, label: Any) -> dict[str, Any]:
        names, columns = self._task.output_names, self._columns
        if columns.flags:
            return {name: int(flag) for name, flag in zip(names, label, strict=True)}
        if np.ndim(label):
            return {columns.label or "": [names[place] for place in np.flatnonzero(label)]}
        if isinstance(label, np.floating):
            return {
                columns.label or "": float(str(label))
            }  # the shortest number that is read as the same one
        written = self._row.written if self._row else None
        return {columns.label or "": (written or names)[label]}


def _columns_of(options: AnyTask) -> Columns:
    """The columns of files of the user's own, or those that a task without files is given."""
    texts = text_columns(options)
    if not isinstance(options, FileTask):
        return Columns(texts.text, texts.second_text, "label")
    if isinstance(options.label, list):
        return Columns(texts.text, texts.second_text, None, tuple(options.label))
    return Columns(texts.text, texts.second_text, options.label)


def _examples(examples: Examples) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The text or both texts of each example, and its label."""
    for number, text in enumerate(examples.texts):
        texts = (text,) if examples.second_texts is None else (text, examples.second_texts[number])
        yield texts, examples.labels[number]
