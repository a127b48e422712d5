"""Labelled examples in TSV, CSV and JSONL files."""

import csv
import difflib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mbert_cli.data.document import hash_fraction
from mbert_cli.data.examples import Examples, TaskData
from mbert_cli.data.options import FileTask
from mbert_cli.data.text_files import read_lines, suffix_of
from mbert_cli.errors import UserError

Row = tuple[int, str, str | None, str]
"""Line, text, second text, label."""


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
    """

    columns: Columns
    header: tuple[str, ...] | None = None
    skips_broken_lines: bool = False


def load_file_task(options: FileTask) -> TaskData:
    """Reads the user's own files.

    Raises:
        UserError: A file is missing, empty or malformed, lacks a column, or has a label outside the set.
    """
    path = Path(options.train)
    table = Table(Columns(options.text, options.second_text, options.label))
    rows, _ = _read_rows(path, table)
    if options.kind == "regression":
        return _regression_task(options, path, table, rows)
    labels = options.labels or sorted({label for *_, label in rows})
    if len(labels) < 2:
        raise UserError(
            f"A task must have at least two labels. Received: {', '.join(labels)} in {path}",
            "set task.label to the column of the labels",
        )
    sets = _sets(options, path, table, rows, list(labels))
    return TaskData(path.name, list(labels), sets)


def _regression_task(options: FileTask, path: Path, table: Table, rows: list[Row]) -> TaskData:
    sets = _sets(options, path, table, rows, None)
    return TaskData(path.name, [options.label], sets, ("pearson", "spearman"), "regression")


def _sets(
    options: FileTask, path: Path, table: Table, rows: list[Row], labels: list[str] | None
) -> dict[str, Examples]:
    train = _to_examples(rows, path, labels, table.columns)
    if options.validation is not None:
        validation = read_examples(Path(options.validation), table, labels)
    else:
        train, validation = _hold_out(train, options.validation_share, path)
    return {"train": train, "validation": validation}


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
    return replace(_to_examples(rows, path, labels, table.columns), num_left_out=num_left_out)


def _hold_out(examples: Examples, share: float, path: Path) -> tuple[Examples, Examples]:
    """Splits by a hash of the texts, so that equal texts are on one side and no order matters."""
    seconds = examples.second_texts or [""] * len(examples)
    fractions = np.array([hash_fraction(*pair) for pair in zip(examples.texts, seconds, strict=True)])
    held_out = fractions < share
    if not held_out.any():
        held_out = fractions == fractions.min()
    if held_out.all():
        raise UserError(
            f"A share of the examples must remain to train on. Received: {len(examples)} in {path}",
            "set task.validation to a file of its own, or add examples",
        )
    return examples.take(np.flatnonzero(~held_out)), examples.take(np.flatnonzero(held_out))


def _to_examples(rows: list[Row], path: Path, labels: list[str] | None, columns: Columns) -> Examples:
    return Examples(
        [text for _, text, _, _ in rows],
        [second for _, _, second, _ in rows] if columns.second_text else None,
        _numbers(rows, path) if labels is None else _ids(rows, path, labels),
    )


def _ids(rows: list[Row], path: Path, labels: list[str]) -> np.ndarray:
    ids = {label: index for index, label in enumerate(labels)}
    for line, _, _, label in rows:
        if label not in ids:
            raise _unknown_label(path, line, label, labels)
    return np.array([ids[label] for *_, label in rows], np.int32)


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


def _unknown_label(path: Path, line: int, label: str, labels: list[str]) -> UserError:
    shown = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
    nearest = difflib.get_close_matches(label, labels, 1)
    return UserError(
        f"A label must be one of {shown}. Received: {label!r} in {path}:{line}",
        f"did you mean {nearest[0]!r}?" if nearest else "correct the file, or set task.labels to all labels",
    )


def _read_rows(path: Path, table: Table) -> tuple[list[Row], int]:
    """The rows of a file, and how many lines were left out."""
    readers = {".tsv": _tsv_records, ".csv": _csv_records, ".jsonl": _json_records}
    if suffix_of(path) not in readers:
        raise UserError(
            f"A task file must end in .tsv, .csv or .jsonl, with or without .gz. Received: {path}",
            "set task.train and task.validation to such files",
        )
    rows: list[Row] = []
    num_left_out = 0
    for line, record in readers[suffix_of(path)](path, table):
        if table.skips_broken_lines and not (record and _is_filled(record, table.columns)):
            num_left_out += 1
        else:
            rows.append(_row(record, path, line, table.columns))
    if not rows:
        raise UserError(f"A task file must have examples. Received: {path} without any", "check the file")
    return rows, num_left_out


def _is_filled(record: dict[str, str], columns: Columns) -> bool:
    return all(record[name].strip() for name in columns.names)


def _row(record: dict[str, str], path: Path, line: int, columns: Columns) -> Row:
    for name in columns.names:
        if not record[name].strip():
            raise UserError(
                f"Each example must have a text and a label. Received: {path}:{line} with an empty {name!r}",
                "fill the line in, or take it out",
            )
    second = record[columns.second_text] if columns.second_text else None
    label = record[columns.label].strip() if columns.label else ""
    return line, record[columns.text].strip(), second and second.strip(), label


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
                "name the file .tsv if it is separated by tabs without quoting",
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
                "correct the line; a .tsv file has no quoting, a .csv file has",
            )


def _json_records(path: Path, table: Table) -> Iterator[tuple[int, dict[str, str] | None]]:
    names = table.columns.names
    for line, text in read_lines(path):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except ValueError as error:
            raise UserError(
                f"Each line of a .jsonl file must be one JSON object. Received: {path}:{line} ({error})",
                "write one object a line",
            ) from error
        fields = record if isinstance(record, dict) else {}
        missing = [name for name in names if not isinstance(fields.get(name), str | int | float)]
        if missing:
            raise _missing_columns(missing, f"{path}:{line}", list(fields))
        yield line, {name: _as_text(fields[name]) for name in names}


def _as_text(value: str | float | bool) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _missing_columns(missing: list[str], place: str, present: list[str]) -> UserError:
    return UserError(
        f"A task file must have the columns that the recipe names, {', '.join(map(repr, missing))} too. "
        f"Received: {', '.join(map(repr, present)) or 'no columns'} in {place}",
        "set task.text, task.second_text and task.label to columns of the file",
    )
