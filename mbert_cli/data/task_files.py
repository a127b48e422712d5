"""The user's own tasks: labelled examples in TSV, CSV and JSONL files.

`mbert_cli.data.table_files.read_texts` reads such files without their labels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.data.document import hash_fraction
from mbert_cli.data.examples import TaskData
from mbert_cli.data.labelled_rows import LabelledRows, Table, read_rows, to_examples
from mbert_cli.data.options import FileTask
from mbert_cli.data.table_files import Columns, TableForm
from mbert_cli.errors import UserError

METRICS = {
    "classification": ("accuracy",),
    "multi_label": ("f1_micro", "f1_macro"),
    "regression": ("pearson", "spearman"),
}
"""What a task of one's own is scored by, by its kind."""


def load_file_task(options: FileTask) -> TaskData:
    """Reads the user's own files.

    Raises:
        UserError: A file is missing, empty or malformed, lacks a column, or has a label outside the set.
    """
    path = Path(options.train)
    table = table_of(options)
    rows = read_rows(path, table)
    notes = rows.notes
    labels = None if options.kind == "regression" else _find_labels(options, rows)
    train = to_examples(rows, labels, table)
    if options.validation is not None:
        held_out = read_rows(Path(options.validation), table)
        notes = list(dict.fromkeys(notes + held_out.notes))
        validation = to_examples(held_out, labels, table)
    else:
        seconds = train.second_texts or [""] * len(train)
        fractions = [hash_fraction(*pair) for pair in zip(train.texts, seconds, strict=True)]
        train, validation = hold_out(train, fractions, options.validation_share, path)
    return TaskData(
        name=path.name,
        labels=labels or [str(options.label)],
        sets={"train": train, "validation": validation},
        metrics=METRICS[options.kind],
        kind=options.kind,
        notes=tuple(notes),
    )


def table_of(options: FileTask) -> Table:
    """How the files of a task are laid out."""
    return Table(
        Columns(options.text, options.second_text, options.label),
        TableForm(options.delimiter, options.encoding),
        options.label_separator if options.kind == "multi_label" else None,
    )


def _find_labels(options: FileTask, rows: LabelledRows) -> list[str]:
    """The labels that the recipe lists, else those of the training file in alphabetical order."""
    written = {label for row in rows.rows for label in row.labels}
    labels = list(options.labels or sorted(written))
    if len(labels) < (1 if options.kind == "multi_label" else 2):
        raise UserError(
            f"A task must have at least two labels. Received: {', '.join(labels)} in {options.train}",
            "Set task.label to the column of the labels.",
        )
    return labels


def hold_out(examples: Any, fractions: Sequence[float], share: float, path: Path) -> tuple[Any, Any]:
    """Splits by a hash of the texts, so that equal texts are on one side and no order matters.

    Args:
        examples: `Examples`, or what has their length and `take`.
        fractions: (examples,) The hash of each, 0 to 1.
        share: What is held out; one example at least.
        path: Where they come from, for the message.

    Returns:
        What to train on, and what is held out.

    Raises:
        UserError: Nothing would remain to train on.
    """
    fractions = np.array(fractions)
    held_out = fractions < share
    if not held_out.any():
        held_out = fractions == fractions.min()
    if held_out.all():
        raise UserError(
            f"A share of the examples must remain to train on. Received: {len(examples)} in {path}",
            "Set task.validation to a file of its own, or add examples",
        )
    return examples.take(np.flatnonzero(~held_out)), examples.take(np.flatnonzero(held_out))
