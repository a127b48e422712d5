"""GLUE: one row of `GLUE` is one task, read from its official folder or from tensorflow-datasets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mbert_cli.data.corpus_tfds import find_builder, open_split
from mbert_cli.data.examples import Examples, TaskData
from mbert_cli.data.options import GlueTask
from mbert_cli.data.task_files import Columns, read_examples
from mbert_cli.errors import UserError


@dataclass(frozen=True)
class GlueRow:
    """How one task is stored.

    Args:
        text: Column of the text, in the TSV files and in tensorflow-datasets.
        label: Column of the label.
        labels: Names of the labels, in the official order of their ids.
        written: The labels as the TSV files write them, in the same order.
        second_text: Column of the second text of a pair.
        metric: Name of the official figure.
    """

    text: str
    label: str
    labels: tuple[str, ...]
    written: tuple[str, ...]
    second_text: str | None = None
    metric: str = "accuracy"


GLUE: dict[str, GlueRow] = {
    "sst2": GlueRow(text="sentence", label="label", labels=("negative", "positive"), written=("0", "1")),
}

_SPLITS = {"train": "train.tsv", "validation": "dev.tsv"}


def load_glue(options: GlueTask) -> TaskData:
    """Reads train and validation; GLUE's test labels are not public.

    Raises:
        UserError: The folder lacks a file, a file is not as GLUE's are, or the data set is not prepared.
    """
    row = GLUE[options.name]
    read = _read_tfds if options.folder is None else _read_folder
    train, validation = (read(options, row, split) for split in _SPLITS)
    return TaskData(options.name, list(row.labels), train, validation, row.metric)


def _read_folder(options: GlueTask, row: GlueRow, split: str) -> Examples:
    path = Path(options.folder) / _SPLITS[split]
    if not path.is_file():
        raise UserError(
            f"The folder of a GLUE task must have the files {' and '.join(_SPLITS.values())}. "
            f"Received: {options.folder} without {path.name}",
            f"set task.folder to the folder of {options.name}, or to null to use tensorflow-datasets",
        )
    try:
        return read_examples(path, Columns(row.text, row.second_text, row.label), list(row.written))
    except UserError as error:
        hint = f"Set task.folder to the official folder of {options.name}."
        raise UserError(error.message, hint) from error


def _read_tfds(options: GlueTask, row: GlueRow, split: str) -> Examples:
    builder = find_builder(f"glue/{options.name}", options.data_dir, "task.")
    examples = open_split(builder, split, options.data_dir, "task.")
    texts: list[str] = []
    second_texts: list[str] = []
    labels: list[int] = []
    for example in examples.as_numpy_iterator():
        texts.append(example[row.text].decode("utf-8", "replace"))
        if row.second_text:
            second_texts.append(example[row.second_text].decode("utf-8", "replace"))
        labels.append(int(example[row.label]))
    return Examples(texts, second_texts if row.second_text else None, np.array(labels, np.int32))
