"""The named columns of CSV, TSV and JSONL files, row by row, and the texts of files without labels."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.examples.json_rows import read_json_rows, text_of
from mbert_cli.examples.table_columns import find_columns, taken_for
from mbert_cli.examples.table_dialect import OWN, Header, Line, read_cells, read_header
from mbert_cli.examples.table_encoding import find_encoding, say_encoding, undecodable
from mbert_cli.text.text_files import JSON_ROWS, UndecodableText, read_lines, suffix_of

_SAVED_AS = {
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "Save the sheet as CSV UTF-8."),
    ".parquet": "Save it as JSON lines, with pandas: frame.to_json(path, orient='records', lines=True)",
}
"""How a file of another kind becomes one that is read."""

TableRow = tuple[int | str, tuple[Any, ...] | None]
"""Line where a row begins, counted from 1 (`3, item 2` in an array of JSON), and what the wanted columns hold: text,
or in JSON any value; None for a line that lacks cells."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns, or fields, that are read; None for what examples do not have.

    Args:
        text: The text.
        second_text: The second text of a pair.
        label: The label, the labels or the number.
        flags: In place of `label` a column for each label, which says whether an example has it.
    """

    text: str
    second_text: str | None = None
    label: str | None = None
    flags: tuple[str, ...] = ()

    @functools.cached_property
    def names(self) -> list[str]:
        """The columns that a file must have: those of texts, then those of labels."""
        return [
            *(name for name in (self.text, self.second_text, self.label) if name is not None),
            *self.flags,
        ]

    @functools.cached_property
    def num_texts(self) -> int:
        """Columns of texts."""
        return 1 if self.second_text is None else 2


@dataclass(frozen=True)
class TableForm:
    """How a file is written.

    Args:
        delimiter: Stands between two cells, which may then be quoted; None finds it out by the header.
        encoding: Of cells, as Python names it; None is UTF-8, or what the file's byte order mark says, and so is JSON.
        header: Names of the columns where the first line is an example already.
        is_exact: The file is as its suffix says, and its names as the columns say; nothing is found out.
        keeps_blank: Rows of blank cells are rows; else they are left out and counted.
        skips_short: A line that lacks cells is a row without values; else it is an error.
        has_keys: The recipe has keys that say how the file is written, which hints may name.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: tuple[str, ...] | None = None
    is_exact: bool = False
    keeps_blank: bool = False
    skips_short: bool = False
    has_keys: bool = True


AS_FOUND = TableForm()
"""Everything is found out."""


@dataclass(frozen=True)
class TableRows:
    """The wanted columns of a file.

    Attributes:
        rows: The rows, with values in the order of the columns' names.
        notes: What a person should know about the file, in one sentence each: what was found out, what was left out.
        delimiter: What stands between two cells; None in JSON.
    """

    rows: Sequence[TableRow]
    notes: list[str]
    delimiter: str | None = None


@dataclass(frozen=True)
class TableTexts:
    """The texts of a file without labels.

    Attributes:
        texts: The text of each row, in the order of the file; blank ones too.
        second_texts: The second texts; None where they are not asked for.
        lines: The line of each row, counted from 1; for an item of a JSON array in the form `3, item 2`.
        notes: What a person should know about the file, in one sentence each.
    """

    texts: list[str]
    second_texts: list[str] | None
    lines: list[int | str]
    notes: list[str]


def read_table_texts(path: Path, columns: Columns, form: TableForm = AS_FOUND) -> TableTexts:
    """Reads the texts of a .csv, .tsv or .jsonl file (.gz of any) by the rules for the files of a task.

    Every row below the header is a text, blank ones too, so that the n-th text is that of the n-th row; a blank
    line is a row only where the file has one column, and a line that lacks cells is left out where the form says so.
    A column's name may differ in case and outer blanks, cells may be separated in another way than the suffix says,
    and the rows of a .jsonl file may be the items of one JSON array: the notes say so.

    Args:
        path: The file.
        columns: The columns of the texts: `Columns("body")`, or `Columns("question", "answer")`.
        form: How the file is written, where that is not to be found out.

    Raises:
        UserError: The file is missing, malformed or in another encoding, has no rows, or lacks a column.
    """
    table = read_table(path, columns, replace(form, keeps_blank=True))
    if not table.rows:
        raise UserError(
            f"A file of texts must have rows. Received: {path} without any",
            "Write one text in each row of it.",
        )
    whole = [(line, values) for line, values in table.rows if values is not None]
    texts = [
        [
            text_of(value, name, path, line, may_be_null=True)
            for name, value in zip(columns.names, values, strict=True)
        ]
        for line, values in whole
    ]
    num_short = len(table.rows) - len(whole)
    said = [f"{path.name}: lines that lack cells are left out, {num_short:,} of them"] if num_short else []
    return TableTexts(
        texts=[row[0] for row in texts],
        second_texts=[row[1] for row in texts] if columns.second_text else None,
        lines=[line for line, _ in whole],
        notes=table.notes + said,
    )


def read_table(path: Path, columns: Columns, form: TableForm = AS_FOUND) -> TableRows:
    """Reads the wanted columns of one file: .tsv (no quoting), .csv (quoted as spreadsheets do) or .jsonl, .gz of any.

    Args:
        path: The file.
        columns: What is read; further columns are ignored.
        form: How the file is written.

    Raises:
        UserError: The file is missing, malformed or in another encoding, or lacks a column.
    """
    suffix = suffix_of(path)
    if suffix not in (*OWN, *JSON_ROWS):
        raise UserError(
            f"A task file must end in .tsv, .csv or .jsonl, with or without .gz. Received: {path}",
            _SAVED_AS.get(suffix, "Set task.train and task.validation to such files"),
        )
    is_json = suffix in JSON_ROWS
    named = None if is_json else form.encoding
    encoding = "utf-8" if form.is_exact else find_encoding(path, named)
    said = [] if form.is_exact else say_encoding(path, encoding, named)
    try:
        if is_json:
            num_labels = len(columns.names) - columns.num_texts
            table = TableRows(*read_json_rows(path, columns.names, num_labels))
        else:
            table = _read_rows_of_cells(path, columns.names, form, encoding)
    except UndecodableText as error:
        raise error if form.is_exact else undecodable(path, error, form.has_keys and not is_json) from error
    return replace(table, notes=said + table.notes)


def _read_rows_of_cells(path: Path, names: Sequence[str], form: TableForm, encoding: str) -> TableRows:
    lines, own = read_lines(path, encoding), OWN[suffix_of(path)]
    header = (
        read_header(lines, own, names, form.delimiter, form.is_exact, path)
        if form.header is None
        else Header(own, 1, 0, list(form.header))
    )
    if header is None:
        return TableRows([], [])
    separated = "" if header.dialect == own else str(header.dialect)
    if separated and header.dialect.delimiter == own.delimiter:
        separated += " and quoted"
    columns = find_columns(names, header.names, f"{path}:{header.start}", separated, form.is_exact)
    places = [header.names.index(column) for column in columns]
    keeps_blank = form.keeps_blank or form.is_exact
    rows: list[TableRow] = []
    num_blank = 0
    for line, cells in _whole_rows(lines, header, path, form):
        if cells is None:
            rows.append((line, None))
        elif keeps_blank or any(map(str.strip, cells)):
            rows.append((line, tuple([cells[place] for place in places])))
        else:
            num_blank += 1
    notes = [f"{path.name}: cells are {separated}"] if separated else []
    notes += taken_for(path, names, columns)
    if not (header.dialect.is_quoted or form.is_exact):
        notes += _kept_marks(path, rows, form.has_keys)
    if num_blank:
        notes.append(f"{path.name}: rows of blank cells are left out, {num_blank:,} of them")
    return TableRows(rows, notes, header.dialect.delimiter)


def _kept_marks(path: Path, rows: Sequence[TableRow], has_keys: bool) -> list[str]:
    """Says in how many rows a cell stands in quotation marks, which are text where nothing is quoted."""
    count = sum(
        any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in values or ()) for _, values in rows
    )
    how = "; task.delimiter='\\t' takes them away" if has_keys else ""
    return [f"{path.name}: rows that keep quotation marks around a cell: {count:,}{how}"] if count else []


def _whole_rows(
    lines: Iterator[Line], header: Header, path: Path, form: TableForm
) -> Iterator[tuple[int, list[str] | None]]:
    """The rows below the header, with as many cells as it has, or blank, or None where one lacks cells."""
    width = len(header.names)
    for line, cells in read_cells(lines, header.dialect, header.end, path):
        is_blank = not form.is_exact and not any(map(str.strip, cells))
        if not cells and not (form.keeps_blank and width == 1):
            continue
        if len(cells) == width:
            yield line, cells
        elif is_blank or (
            len(cells) > width and not form.is_exact and not any(map(str.strip, cells[width:]))
        ):
            yield line, (cells + [""] * width)[:width]
        elif form.skips_short:
            yield line, None
        else:
            raise UserError(
                f"Each line must have as many cells as the header, {width}. Received: {len(cells)} in {path}:{line}",
                f"Put a cell that holds {header.dialect.delimiter!r} or a line break in quotation marks."
                if header.dialect.is_quoted
                else "Correct the line; a .tsv file has no quoting"
                + (" unless task.delimiter='\\t' says so" if form.has_keys else "."),
            )
