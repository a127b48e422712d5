"""How the cells of a .csv or .tsv file are separated and named, as people and their spreadsheets write them."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.examples.table_columns import match_name
from mbert_cli.text.text_files import suffix_of

Line = tuple[int, str]
"""Number, counted from 1, and text without its end."""
Cells = tuple[int, list[str]]
"""Number of the line where a row begins, and its cells."""

MAX_CELL_CHARACTERS = 2**31 - 1
"""The csv module's own limit is 131,072."""

MAX_HEADER_LINES = 50
"""A quotation mark of the header that is open for longer was never closed."""

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""First line by which Excel is told the delimiter."""

_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Dialect:
    """How the cells of a line are separated.

    Args:
        delimiter: Stands between two cells.
        is_quoted: Whether a cell in quotation marks may hold delimiters, line breaks and doubled quotation marks,
            as spreadsheets write it.
    """

    delimiter: str
    is_quoted: bool = True

    @property
    def csv_options(self) -> dict[str, Any]:
        """Settings for the csv module. Blanks before a quotation mark, as in `a, "b"`, do not belong to the cell."""
        return {"delimiter": self.delimiter, "skipinitialspace": self.delimiter != " ", "strict": True}

    def __str__(self) -> str:
        """In words: `separated by semicolons`."""
        return f"separated by {_WORDS.get(self.delimiter, repr(self.delimiter))}"


OWN = {".csv": Dialect(","), ".tsv": Dialect("\t", is_quoted=False)}
"""What the suffix of a file says."""

_OTHERS = (Dialect(","), Dialect(";"), Dialect("\t"), Dialect("|"))


@dataclass(frozen=True)
class Header:
    """The first row of a table.

    Attributes:
        dialect: How its cells are separated.
        start: Number of the line where it begins.
        end: Number of the line where it ends.
        names: Its cells.
    """

    dialect: Dialect
    start: int
    end: int
    names: list[str]


def read_header(
    lines: Iterator[Line], own: Dialect, columns: Sequence[str], named: str | None, is_exact: bool, path: Path
) -> Header | None:
    """Reads the first row of a table, and finds out by it how cells are separated.

    That is as the suffix of the file says where the header then has the wanted columns. Else it is the first of
    commas, semicolons, tabs and bars by which it has them, and where there is none, the one that makes most cells.
    A first line `sep=;` names the delimiter.

    Args:
        lines: The lines of the file; those up to the end of the header are taken.
        own: What the suffix says.
        columns: The wanted names.
        named: The delimiter that the recipe names; cells may then be quoted.
        is_exact: Whether the suffix is right, so that nothing is found out.
        path: The file, for messages.

    Returns:
        The header; None in a file of blank lines.

    Raises:
        UserError: The row is not quoted as spreadsheets do.
    """
    start, end, text = _first_row(lines, own.is_quoted)
    told = None if is_exact else _SEPARATOR_LINE.fullmatch(text)
    if told:
        start, end, text = _first_row(lines, own.is_quoted)
        named = named or told[1]
    if not start:
        return None
    others = () if is_exact else _OTHERS
    dialects = [Dialect(named)] if named else list(dict.fromkeys((own, *others)))
    headers: list[Header] = []
    problem: UserError | None = None
    for dialect in dialects:
        try:
            headers.append(Header(dialect, start, end, _split_cells(text, dialect)))
        except csv.Error as error:
            if dialect == dialects[0]:  # how another one would be quoted says nothing of the file
                problem = _bad_quoting(path, start, dialect, error)
    fitting = [header for header in headers if all(match_name(name, header.names) for name in columns)]
    found = fitting[:1] or [max(headers, key=lambda header: len(header.names))] if headers else []
    if problem and not fitting and (not found or len(found[0].names) == 1):
        raise problem
    return found[0]


def _first_row(lines: Iterator[Line], is_quoted: bool) -> tuple[int, int, str]:
    """First and last line of a row, and its text; quotation marks that are open at a line's end go on below."""
    start = end = 0
    parts: list[str] = []
    num_marks = 0
    for number, text in lines:
        if not parts and not text.strip():
            continue
        start, end = start or number, number
        parts.append(text)
        num_marks += text.count('"')
        if not is_quoted or num_marks % 2 == 0 or len(parts) == MAX_HEADER_LINES:
            break
    return start, end, "\n".join(parts)


def _split_cells(text: str, dialect: Dialect) -> list[str]:
    if not dialect.is_quoted:
        return text.split(dialect.delimiter)
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    return next(csv.reader([text], **dialect.csv_options), [])


def read_cells(lines: Iterator[Line], dialect: Dialect, after: int, path: Path) -> Iterator[Cells]:
    """The rows below the header with the lines where they begin; a blank line is a row without cells.

    Args:
        lines: What follows the header.
        dialect: How cells are separated.
        after: Number of the line before them.
        path: The file, for messages.

    Raises:
        UserError: A row is not quoted as spreadsheets do.
    """
    if not dialect.is_quoted:
        yield from ((line, text.split(dialect.delimiter) if text.strip(" ") else []) for line, text in lines)
        return
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    last = after

    def feed() -> Iterator[str]:
        nonlocal last
        for number, text in lines:
            last = number
            yield f"{text}\n"

    rows = csv.reader(feed(), **dialect.csv_options)
    while True:
        start = last + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise _bad_quoting(path, start, dialect, error) from error
        if cells is None:
            return
        yield start, [] if len(cells) == 1 and not cells[0].strip() else cells


def _bad_quoting(path: Path, line: int, dialect: Dialect, error: csv.Error) -> UserError:
    kind = "A .csv file" if suffix_of(path) == ".csv" else f"A file of cells {dialect}"
    return UserError(
        f"{kind} must be quoted as spreadsheets do. Received: {path}:{line} ({error})",
        'Write a quotation mark inside a quoted cell twice, as in "6"" pipe"; name the file .tsv if it is '
        "separated by tabs without quoting.",
    )
