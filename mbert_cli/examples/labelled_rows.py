"""Rows of texts with labels, and the examples that they make."""

import difflib
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.json_rows import text_of
from mbert_cli.examples.label_lists import is_in_brackets, listed_labels
from mbert_cli.examples.label_names import is_same_label, separator_of, separator_setting
from mbert_cli.examples.table_files import AS_FOUND, Columns, TableForm, TableRows, read_table
from mbert_cli.examples.texts import Examples
from mbert_cli.figures import counted
from mbert_cli.text.json_items import shown_value

_YES = frozenset({"1", "1.0", "1,0", "true", "yes"})
_NO = frozenset({"", "0", "0.0", "0,0", "false", "no"})

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_LARGEST = float(np.finfo(np.float32).max)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)


@dataclass(frozen=True)
class TableLayout:
    """How the examples of a file are laid out.

    Args:
        columns: What is read.
        form: How the file is written.
        label_separator: Stands between several labels of a row, of which there may be none; None for one label.
    """

    columns: Columns
    form: TableForm = AS_FOUND
    label_separator: str | None = None

    @property
    def has_several_labels(self) -> bool:
        """Whether a row may have several labels, or none."""
        return self.label_separator is not None or bool(self.columns.flags)


class LabelledRow(NamedTuple):
    """A row of a file.

    Attributes:
        line: Where it begins, counted from 1; in an array of JSON in the form `3, item 2`.
        text: The text.
        second_text: The second text of a pair.
        labels: The label, or the labels, or the number as it is written; one empty label where there is none.
    """

    line: int | str
    text: str
    second_text: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True)
class LabelledRows:
    """The rows of a file.

    Attributes:
        rows: At least one.
        path: The file.
        num_left_out: Lines that lack a cell and are left out.
        notes: What a person should know about the file, in one sentence each.
        separator: What separates several labels of a row; None where a row has one.
        num_lists: Rows whose labels are written as a list, so that nothing separates them.
        has_decimal_commas: Whether a number may have a comma in place of the point.
    """

    rows: list[LabelledRow]
    path: Path
    num_left_out: int
    notes: list[str]
    separator: str | None = None
    num_lists: int = 0
    has_decimal_commas: bool = False


def read_rows(path: Path, table: TableLayout) -> LabelledRows:
    """Reads the rows of one file.

    Raises:
        UserError: The file is missing, empty or malformed, lacks a column, or a row lacks a text or a label.
    """
    found = read_table(path, table.columns, table.form)
    rows: list[LabelledRow] = []
    num_left_out = num_lists = 0
    for line, values in found.rows:
        if values is None or (table.form.skips_short and not all(map(str.strip, values))):
            num_left_out += 1
            continue
        num_lists += bool(table.label_separator) and _is_list(values[-1])
        rows.append(_row(values, path, line, table))
    if not rows:
        raise UserError(f"A task file must have examples. Received: {path} without any", "Check the file.")
    notes = found.notes + _notes(found, path, table, num_lists)
    return LabelledRows(
        rows, path, num_left_out, notes, table.label_separator, num_lists, found.delimiter == ";"
    )


def _notes(found: TableRows, path: Path, table: TableLayout, num_lists: int) -> list[str]:
    """What there is to say about how labels are written."""
    if table.columns.label is None or table.form.is_exact:
        return []
    if found.delimiter is not None:
        said = counted(num_lists, "cell writes its labels", "cells write their labels")
        return [f"{path.name}: {said} as a list"] if num_lists else []
    kinds: dict[str, set[type]] = {}
    for values in (values for _, values in found.rows if values is not None):
        for value in values[-1] if isinstance(values[-1], list) else values[-1:]:
            kinds.setdefault(value if isinstance(value, str) else json.dumps(value), set()).add(type(value))
    mixed = [text for text, types in kinds.items() if len(types) > 1]
    return [f'{path.name}: {text} and "{text}" are one label' for text in mixed[:5]]


def to_examples(rows: LabelledRows, labels: Sequence[str] | None, table: TableLayout) -> Examples:
    """The examples that rows make.

    Args:
        rows: The rows.
        labels: Every label that may occur, in the order of the ids; None reads numbers.
        table: How they were laid out.

    Raises:
        UserError: A label is not one of these, or a number is not a number.
    """
    if labels is None:
        targets = _numbers(rows)
    elif not table.has_several_labels:
        targets = np.array([places[0] for places in _places(rows, labels)], np.int32)
    else:
        targets = np.zeros((len(rows.rows), len(labels)), np.float32)
        for row, places in enumerate(_places(rows, labels)):
            targets[row, places] = 1
    seconds = [row.second_text or "" for row in rows.rows] if table.columns.second_text else None
    return Examples([row.text for row in rows.rows], seconds, targets, rows.num_left_out)


def read_examples(path: Path, table: TableLayout, labels: list[str] | None) -> Examples:
    """Reads one file; arguments and errors as for `read_rows` and `to_examples`."""
    return to_examples(read_rows(path, table), labels, table)


def unknown_label(path: Path, line: int | str, label: str, labels: list[str]) -> UserError:
    """The error for a label that the task does not have.

    Args:
        path: The file.
        line: Its line.
        label: What stands there.
        labels: What may.
    """
    shown = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
    nearest = [known for known in labels if is_same_label(known, label)]
    nearest = nearest or difflib.get_close_matches(label, labels, 1)
    return UserError(
        f"A label must be one of {shown}. Received: {label!r} in {path}:{line}",
        f"Did you mean {nearest[0]!r}?" if nearest else "Correct the file, or set task.labels to all labels.",
    )


def _row(values: Sequence[Any], path: Path, line: int | str, table: TableLayout) -> LabelledRow:
    columns = table.columns
    text = _filled(values[0], columns.text, path, line)
    second = _filled(values[1], columns.second_text, path, line) if columns.second_text is not None else None
    if columns.flags:
        flags = zip(columns.flags, values[columns.num_texts :], strict=True)
        labels = tuple([name for name, value in flags if _is_set(value, name, path, line)])
    elif columns.label is None:
        labels = ("",)
    elif table.label_separator is None:
        only = values[-1][0] if isinstance(values[-1], list) and len(values[-1]) == 1 else values[-1]
        labels = (_filled(only, columns.label, path, line),)
    else:
        labels = _several(values[-1], columns.label, path, line, table.label_separator)
    return LabelledRow(line, text, second, labels)


def _filled(value: Any, name: str, path: Path, line: int | str) -> str:
    text = text_of(value, name, path, line).strip()
    if not text:
        raise UserError(
            f"Each example must have a text and a label. Received: {path}:{line} with an empty {name!r}",
            "Fill the line in, or take it out.",
        )
    return text


def _several(value: Any, name: str, path: Path, line: int | str, separator: str) -> tuple[str, ...]:
    """The labels of a cell; those of a list are not separated any further, and none of them is blank."""
    if value is None:
        raise UserError(
            f"The labels of a row must be a list or text. Received: null in {path}:{line}",
            "Write [] for none, or take the line out.",
        )
    listed = listed_labels(value) if isinstance(value, str) else value
    if isinstance(listed, list):
        return tuple(_filled(label, name, path, line) for label in listed)
    written = text_of(value, name, path, line)
    if is_in_brackets(written):
        raise UserError(
            "Labels in brackets must be a list as JSON, Python or NumPy writes it. "
            f"Received: {written if len(written) <= 60 else written[:57] + '...'!r} in {path}:{line}",
            f"Put each label in quotation marks, as in ['sea', 'money'], or write them without brackets and "
            f"{separator!r} between two.",
        )
    return tuple(part for part in map(str.strip, written.split(separator)) if part)


def _is_list(value: Any) -> bool:
    """Whether the labels of a cell are written as a list."""
    return isinstance(value, list) or (isinstance(value, str) and listed_labels(value) is not None)


def _is_set(value: Any, name: str, path: Path, line: int | str) -> bool:
    """Whether a cell of a label's column says that the example has the label."""
    written = text_of(value, name, path, line, may_be_null=True).strip().lower()
    if written not in _YES | _NO:
        raise UserError(
            "A column of a label must hold 0 or 1, true or false, yes or no, or be empty. "
            f"Received: {value if isinstance(value, str) else shown_value(value)!r} in {name!r} of {path}:{line}",
            "Correct the line, or leave the column out of task.label.",
        )
    return written in _YES


def _places(rows: LabelledRows, labels: Sequence[str]) -> Iterator[list[int]]:
    """The ids of each row's labels."""
    ids = {label: index for index, label in enumerate(labels)}
    for row in rows.rows:
        unknown = [label for label in row.labels if label not in ids]
        if unknown:
            raise _unknown(unknown[0], rows, row.line, list(labels))
        yield [ids[label] for label in row.labels]


def _unknown(label: str, rows: LabelledRows, line: int | str, labels: list[str]) -> UserError:
    error = unknown_label(rows.path, line, label, labels)
    separator = separator_of(label, labels)
    if separator is None or rows.num_lists:
        return error
    return UserError(error.message, f"Labels look joined: {separator_setting(separator, rows.separator)}")


def _numbers(rows: LabelledRows) -> np.ndarray:
    values = [_number(row.labels[0], rows, row.line) for row in rows.rows]
    return np.array(values, np.float32)


def _number(written: str, rows: LabelledRows, line: int | str) -> float:
    has_comma = _DECIMAL_COMMA.fullmatch(written) is not None
    text = written.replace(",", ".") if has_comma and rows.has_decimal_commas else written
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not abs(value) <= _LARGEST:
        raise UserError(
            f"The label of a regression must be a finite number. Received: {written!r} in {rows.path}:{line}",
            f"Write a decimal point, as in {written.replace(',', '.')}."
            if has_comma
            else "Correct the line, or take it out.",
        )
    return value
