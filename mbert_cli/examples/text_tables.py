"""The user's own tasks: labelled examples in TSV, CSV and JSONL files.

`mbert_cli.examples.table_files.read_table_texts` reads such files without their labels.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.augmented import (
    Augmentation,
    find_augmentation,
    require_columns,
    require_validation,
)
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.label_names import (
    alike_labels,
    describe_numbers,
    find_joined,
    missing_labels,
    order_labels,
    separator_setting,
)
from mbert_cli.examples.labelled_rows import LabelledRows, TableLayout, read_rows, to_examples
from mbert_cli.examples.options import FileTask
from mbert_cli.examples.table_files import Columns, TableForm
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.figures import counted
from mbert_cli.text.hashing import hash_fraction
from mbert_cli.text.text_files import JSON_ROWS, suffix_of
from mbert_cli.word_lists import listed

MAX_SHOWN = 5
"""Labels that a message names."""


def load_file_task(options: FileTask) -> TaskData:
    """Reads the user's own files.

    Raises:
        UserError: A file is missing, empty or malformed, lacks a column, or has a label outside the set.
    """
    _require_effect(options)
    table = table_of(options)
    augmented = find_augmentation(options.train)
    if augmented:
        require_validation(augmented, options.validation)
        require_columns(augmented, options.kind, table.columns)
    path, own = (augmented.train, _own_table(table, augmented)) if augmented else (Path(options.train), table)
    rows = read_rows(path, own)
    notes = rows.notes
    labels = None if options.kind == "regression" else _find_labels(options, rows, augmented)
    train = to_examples(rows, labels, own)
    if options.validation is None and augmented and augmented.validation:
        validation = to_examples(read_rows(augmented.validation, own), labels, own)
        notes = [
            *notes,
            f"{augmented.named}: validated on the examples that the augmentation left as they were",
        ]
    elif options.validation is not None:
        held_out = read_rows(Path(options.validation), table)
        notes = list(dict.fromkeys(notes + held_out.notes))
        validation = to_examples(held_out, labels, table)
    else:
        seconds = train.second_texts or [""] * len(train)
        fractions = [hash_fraction(*pair) for pair in zip(train.texts, seconds, strict=True)]
        train, validation = hold_out(train, fractions, options.validation_share, path)
        notes = [*notes, *say_unlearned(path, _present(labels, validation), _present(labels, train))]
    return TaskData(
        name=path.name,
        output_names=labels or [str(options.label)],
        sets={"train": train, "validation": validation},
        kind=options.kind,
        notes=(*notes, *_notes_on_labels(labels or [], rows)),
        warnings=tuple(_warnings(labels or [], rows, options)),
    )


def _require_effect(options: FileTask) -> None:
    """Refuses keys that say nothing about these files."""
    paths = [Path(path) for path in (options.train, options.validation) if path is not None]
    suffixes = {suffix_of(path) for path in (*paths, *map(Path, options.unlabelled or ()))}
    if options.delimiter is not None and suffixes <= {*JSON_ROWS, ".txt"}:
        raise UserError(
            f"task.delimiter is for .csv and .tsv files. Received: {options.delimiter!r} for {paths[0]}",
            "Leave task.delimiter out.",
        )
    is_used = options.kind == "multi_label" and not isinstance(options.label, list)
    default = FileTask.model_fields["label_separator"].default
    if options.label_separator != default and not is_used:
        raise UserError(
            "task.label_separator is for one column with several labels. "
            f"Received: {options.label_separator!r} with {options.kind}",
            "Set task.kind=multi_label and task.label to one column, or leave task.label_separator out.",
        )


def table_of(options: FileTask) -> TableLayout:
    """How the files of a task are laid out."""
    label, flags = (None, tuple(options.label)) if isinstance(options.label, list) else (options.label, ())
    separator = options.label_separator if options.kind == "multi_label" and not flags else None
    return TableLayout(
        Columns(options.text, options.second_text, label, flags),
        TableForm(options.delimiter, options.encoding),
        separator,
    )


def _own_table(table: TableLayout, augmented: Augmentation) -> TableLayout:
    """How an augmentation writes the examples of a task, whatever its other files are like."""
    header = GLUE[augmented.task].header if augmented.source == "glue" else None
    return replace(table, form=TableForm(header=header, is_exact=True))


def _find_labels(options: FileTask, rows: LabelledRows, augmented: Augmentation | None) -> list[str]:
    """The labels that the recipe lists, or whose columns it lists, else those of the training file in order.

    Of an augmentation they are those of the file that was augmented: one may stand in examples that it held out alone.
    The files of GLUE have all of theirs, and some write them in another way than they are named.
    """
    if isinstance(options.label, list):
        return options.label
    own: Iterable[str] = (label for row in rows.rows for label in row.labels)
    if augmented and augmented.source != "glue":
        own = augmented.output_names
    labels = options.labels or order_labels(own)
    if len(labels) < (1 if options.kind == "multi_label" else 2):
        raise UserError(
            f"A task must have at least two labels. Received: {', '.join(labels)} in {options.train}",
            "Set task.label to the column of the labels, or task.labels to all labels of the task.",
        )
    return labels


def _notes_on_labels(labels: Sequence[str], rows: LabelledRows) -> list[str]:
    if not labels:
        commas = sum("," in row.labels[0] for row in rows.rows)
        said = counted(commas, "number has", "numbers have")
        return [f"{rows.path.name}: {said} a decimal comma"] if commas else []
    present = {label for row in rows.rows for label in row.labels}
    absent = [label for label in labels if label not in present]
    notes = [f"{rows.path.name} has no example of {_listed(absent)}"] if absent else []
    numbers = describe_numbers(labels)
    return [*notes, numbers] if numbers else notes


def _present(labels: Sequence[str] | None, examples: Examples) -> list[str]:
    """The labels that some examples have."""
    if examples.labels.ndim == 1:
        return [label for place, label in enumerate(labels or ()) if (examples.labels == place).any()]
    return [label for label, one in zip(labels or (), examples.labels.T, strict=True) if one.any()]


def say_unlearned(path: Path, held_out: Sequence[str], learned: Collection[str]) -> list[str]:
    """Says of which labels nothing is learned, since all examples that have them are held out.

    Args:
        path: The file that was split.
        held_out: The labels of what is held out.
        learned: The labels of what remains.
    """
    lost = [label for label in held_out if label not in learned]
    return (
        [f"{path.name}: all examples of {_listed(lost)} are held out, none is learned from"] if lost else []
    )


def _warnings(labels: Sequence[str], rows: LabelledRows, options: FileTask) -> list[str]:
    """What in the labels is likely to be a mistake."""
    name = rows.path.name
    warnings = [
        f"{name}: {_listed(group)} look alike but are different labels" for group in alike_labels(labels)
    ]
    missing = missing_labels(labels)
    if missing:
        warnings.append(f"{name}: {_listed(missing)} is a label; leave out rows without a label")
    joined = None if isinstance(options.label, list) else find_joined(labels, rows.separator)
    if joined:
        setting = separator_setting(joined.separator, rows.separator)
        advice = "write each as an item of the list" if rows.num_lists else setting
        warnings.append(f"{name}: labels look joined by {joined}; {advice}")
    return warnings


def _listed(labels: Sequence[str]) -> str:
    return listed([*map(repr, labels)], MAX_SHOWN)


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
    held_out = np.less(fractions, share)
    if not held_out.any():
        held_out = np.equal(fractions, min(fractions))
    if held_out.all():
        raise UserError(
            f"A share of the examples must remain to train on. Received: {len(examples)} in {path}",
            "Set task.validation to a file of its own, or add examples.",
        )
    return examples.take(np.flatnonzero(~held_out)), examples.take(np.flatnonzero(held_out))
