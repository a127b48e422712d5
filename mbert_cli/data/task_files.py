"""Labelled examples in TSV, CSV and JSONL files."""

import csv
import difflib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.data.document import hash_fraction
from mbert_cli.data.examples import Examples, TaskData
from mbert_cli.data.options import FileTask
from mbert_cli.data.text_files import read_json_lines, read_lines, suffix_of
from mbert_cli.errors import UserError

Row = tuple[int, str, str | None, str | list[str]]
"""Line, text, second text, label or labels."""

METRICS = {
    "classification": ("accuracy",),
    "multi_label": ("f1_micro", "f1_macro"),
    "regression": ("pearson", "spearman"),
}
"""What a task of one's own is scored by, by its kind."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns, or fields, that are read; None for what examples do not have."""

    text: str
    second_text: str | None
    label: str | None

    @property
    def names(self) -> list[str]:
        """The columns that a file must have."""
        return [name for name in (self.text, self.second_text, self.label) if name is not None]


@dataclass(frozen=True)
class Table:
    """How a file is laid out.

    Args:
        columns: What is read.
        header: Names of the columns where the first line is an example already.
        skips_broken_lines: Leaves lines out that lack a cell, and counts them; else they are an error.
        label_separator: Stands between several labels of a line, of which there may be none; None for one label.
    """

    columns: Columns
    header: tuple[str, ...] | None = None
    skips_broken_lines: bool = False
    label_separator: str | None = None


def load_file_task(options: FileTask) -> TaskData:
    """Reads the user's own files.

    Raises:
        UserError: A file is missing, empty or malformed, lacks a column, or has a label outside the set.
    """
    path = Path(options.train)
    separator = options.label_separator if options.kind == "multi_label" else None
    columns = Columns(options.text, options.second_text, options.label)
    table = Table(columns, label_separator=separator)
    rows, _ = _read_rows(path, table)
    labels = None if options.kind == "regression" else _find_labels(options, rows)
    train = _to_examples(rows, path, labels, table)
    if options.validation is not None:
        validation = read_examples(Path(options.validation), table, labels)
    else:
        seconds = train.second_texts or [""] * len(train)
        fractions = [hash_fraction(*pair) for pair in zip(train.texts, seconds, strict=True)]
        train, validation = hold_out(train, fractions, options.validation_share, path)
    sets = {"train": train, "validation": validation}
    return TaskData(path.name, labels or [options.label], sets, METRICS[options.kind], options.kind)


def _find_labels(options: FileTask, rows: list[Row]) -> list[str]:
    """The labels that the recipe lists, else those of the training file in alphabetical order."""
    written = {label for *_, one_or_more in rows for label in _as_list(one_or_more)}
    labels = list(options.labels or sorted(written))
    if len(labels) < (1 if options.kind == "multi_label" else 2):
        raise UserError(
            f"A task must have at least two labels. Received: {', '.join(labels)} in {options.train}",
            "Set task.label to the column of the labels.",
        )
    return labels


def _as_list(label: str | list[str]) -> list[str]:
    return [label] if isinstance(label, str) else label


def read_examples(path: Path, table: Table, labels: list[str] | None) -> Examples:
    """Reads one file: .tsv (no quoting), .csv (quoted as spreadsheets do) or .jsonl, .gz of any.

    Args:
        path: The file.
        table: Its columns; further ones are ignored.
        labels: Every label that may occur, in the order of the ids; None reads numbers.

    Raises:
        UserError: As `load_file_task`.
    """
    rows, num_left_out = _read_rows(path, table)
    return replace(_to_examples(rows, path, labels, table), num_left_out=num_left_out)


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


def _to_examples(rows: list[Row], path: Path, labels: list[str] | None, table: Table) -> Examples:
    if labels is None:
        targets = _numbers(rows, path)
    elif table.label_separator is None:
        targets = np.array([places[0] for places in _places(rows, path, labels)], np.int32)
    else:
        targets = np.zeros((len(rows), len(labels)), np.float32)
        for row, places in enumerate(_places(rows, path, labels)):
            targets[row, places] = 1
    return Examples(
        [text for _, text, _, _ in rows],
        [second for _, _, second, _ in rows] if table.columns.second_text else None,
        targets,
    )


def _places(rows: list[Row], path: Path, labels: list[str]) -> Iterator[list[int]]:
    """The ids of each row's labels."""
    ids = {label: index for index, label in enumerate(labels)}
    for line, _, _, written in rows:
        unknown = [label for label in _as_list(written) if label not in ids]
        if unknown:
            raise unknown_label(path, line, unknown[0], labels)
        yield [ids[label] for label in _as_list(written)]


def _numbers(rows: list[Row], path: Path) -> np.ndarray:
    values = []
    for line, _, _, written in rows:
        try:
            values.append(float(written))
        except ValueError:
            values.append(math.nan)
        if not math.isfinite(values[-1]):
            raise UserError(
                f"The number of a regression must be finite. Received: {written!r} in {path}:{line}",
                "Correct the line, or take it out.",
            )
    return np.array(values, np.float32)


def unknown_label(path: Path, line: int, label: str, labels: list[str]) -> UserError:
    """The error for a label that the task does not have.

    Args:
        path: The file.
        line: Its line.
        label: What stands there.
        labels: What may.
    """
    shown = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
    nearest = difflib.get_close_matches(label, labels, 1)
    return UserError(
        f"A label must be one of {shown}. Received: {label!r} in {path}:{line}",
        f"Did you mean {nearest[0]!r}?" if nearest else "Correct the file, or set task.labels to all labels",
    )


def _read_rows(path: Path, table: Table) -> tuple[list[Row], int]:
    """The rows of a file, and how many lines were left out."""
    readers = {".tsv": _tsv_records, ".csv": _csv_records, ".jsonl": _json_records}
    if suffix_of(path) not in readers:
        raise UserError(
            f"A task file must end in .tsv, .csv or .jsonl, with or without .gz. Received: {path}",
            "Set task.train and task.validation to such files",
        )
    rows: list[Row] = []
    num_left_out = 0
    for line, record in readers[suffix_of(path)](path, table):
        if table.skips_broken_lines and not (record and _is_filled(record, table.columns)):
            num_left_out += 1
        else:
            rows.append(_row(record, path, line, table))
    if not rows:
        raise UserError(f"A task file must have examples. Received: {path} without any", "Check the file")
    return rows, num_left_out


def _is_filled(record: dict[str, str], columns: Columns) -> bool:
    return all(record[name].strip() for name in columns.names)


def _row(record: dict[str, str | list[str]], path: Path, line: int, table: Table) -> Row:
    columns = table.columns
    may_be_empty = columns.label if table.label_separator else None
    for name in columns.names:
        if name != may_be_empty and not str(record[name]).strip():
            raise UserError(
                f"Each example must have a text and a label. Received: {path}:{line} with an empty {name!r}",
                "Fill the line in, or take it out.",
            )
    second = record[columns.second_text] if columns.second_text else None
    label = _label(record[columns.label], table.label_separator) if columns.label else ""
    return line, record[columns.text].strip(), second and second.strip(), label


def _label(written: str | list[str], separator: str | None) -> str | list[str]:
    """The label of a cell, or its labels where there may be several."""
    if separator is None:
        return written.strip()
    parts = written.split(separator) if isinstance(written, str) else written
    return [part.strip() for part in parts if part.strip()]


def _tsv_records(path: Path, table: Table) -> Iterator[tuple[int, dict[str, str] | None]]:
    lines = ((line, text.split("\t")) for line, text in read_lines(path) if text)
    return _records(lines, path, table)


def _csv_records(path: Path, table: Table) -> Iterator[tuple[int, dict[str, str] | None]]:
    reader = csv.reader((f"{text}\n" for _, text in read_lines(path)), strict=True)

    def lines() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise UserError(
                "A .csv file must be quoted as spreadsheets do. "
                f"Received: {path}:{reader.line_num} ({error})",
                "Name the file .tsv if it is separated by tabs without quoting",
            ) from error

    return _records(lines(), path, table)


def _records(
    lines: Iterator[tuple[int, list[str]]], path: Path, table: Table
) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Cells by column; None for a line without all cells where the table skips those."""
    names = table.columns.names
    header = list(table.header or next(lines, (1, []))[1])
    missing = [name for name in names if name not in header]
    if missing and header:
        raise _missing_columns(missing, f"{path}:1", header)
    repeated = [name for name in names if header.count(name) > 1]
    if repeated:
        raise UserError(
            f"A column that the recipe names must occur once. Received: {', '.join(map(repr, repeated))} "
            f"more than once in {path}:1",
            "Rename the other columns.",
        )
    for line, cells in lines:
        if len(cells) == len(header):
            yield line, dict(zip(header, cells, strict=True))
        elif table.skips_broken_lines:
            yield line, None
        else:
            raise UserError(
                f"Each line must have as many cells as the header, {len(header)}. "
                f"Received: {len(cells)} in {path}:{line}",
                "Correct the line; a .tsv file has no quoting, a .csv file has",
            )


def _json_records(path: Path, table: Table) -> Iterator[tuple[int, dict[str, str] | None]]:
    names = table.columns.names
    for line, fields in read_json_lines(path):
        lists = [table.columns.label] if table.label_separator else []
        missing = [
            name for name in names
            if not isinstance(fields.get(name), str | int | float | list if name in lists else str | int | float)
        ]  # fmt: skip
        if missing:
            raise _missing_columns(missing, f"{path}:{line}", list(fields))
        yield line, {name: _as_text(fields[name]) for name in names}


def _as_text(value: str | float | bool | list) -> str | list[str]:
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


def _missing_columns(missing: list[str], place: str, present: list[str]) -> UserError:
    return UserError(
        f"A task file must have the columns that the recipe names, {', '.join(map(repr, missing))} too. "
        f"Received: {', '.join(map(repr, present)) or 'no columns'} in {place}",
        "Set task.text, task.second_text and task.label to columns of the file",
    )
