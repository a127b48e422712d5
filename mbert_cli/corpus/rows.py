"""The rows of a table of documents: lines of JSON, CSV with a line of names, and Parquet."""

import csv
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from mbert_cli.errors import UserError
from mbert_cli.text.json_items import no_object, read_json_items
from mbert_cli.text.text_files import PACKED, open_binary, read_lines, suffix_of

BATCH_ROWS = 256
"""Rows of a Parquet file that are in memory at once, beside the row group as it is packed."""

_COPIED_BYTES = 2**20


class Row(NamedTuple):
    """One row.

    Args:
        place: File and line, or file and row.
        values: By column.
    """

    place: str
    values: Mapping[str, Any]


def read_document_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Reads the rows of a table in bounded memory.

    Args:
        path: A file with one of the endings of `ROW_FORMATS`, plain or packed.
        columns: The columns that are wanted. Lines of JSON have all that they have, and may lack some.

    Raises:
        UserError: The file is not what its name says, or lacks a column.
    """
    return ROW_FORMATS[suffix_of(path)](path, columns)


def require_document_columns(path: Path, columns: Sequence[str]) -> None:
    """Checks that a table names its columns and has those that are wanted; lines of JSON say nothing beforehand.

    Raises:
        UserError: It lacks one, or cannot be read.
    """
    if suffix_of(path) == ".csv":
        _require_names(path, columns, next(_csv_lines(path), []))
    elif suffix_of(path) == ".parquet" and path.suffix not in PACKED:
        with _parquet_table(path) as table:
            _require_names(path, columns, table.schema_arrow.names)


def _json_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    for item in read_json_items(path, lists=()):
        place = f"{path}:{item.line}"
        if not isinstance(item.value, dict):
            raise no_object(item.value, place)
        yield Row(place, item.value)


def _csv_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    lines = _csv_lines(path)
    names = next(lines, [])
    _require_names(path, columns, names)
    for number, cells in enumerate(lines, 1):
        if len(cells) != len(names):
            raise UserError(
                f"A row of a .csv file must have a cell for each of its {len(names)} columns. "
                f"Received: {len(cells)} in row {number} of {path}",
                "Put cells with commas or line breaks in quotes.",
            )
        yield Row(f"{path}, row {number}", dict(zip(names, cells, strict=True)))


def _csv_lines(path: Path) -> Iterator[list[str]]:
    """The cells of each row that is not empty, the names of the columns first."""
    csv.field_size_limit(sys.maxsize)  # a cell is a document
    reader = csv.reader(f"{line}\n" for _, line in read_lines(path))
    try:
        yield from (cells for cells in reader if cells)
    except csv.Error as error:
        raise UserError(
            f"A .csv file must be a table. Received: {path}:{reader.line_num} ({error})",
            "Put cells with commas or line breaks in quotes, and double the quotes within.",
        ) from error


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    with _parquet_table(path) as table:
        _require_names(path, columns, table.schema_arrow.names)
        batches = table.iter_batches(BATCH_ROWS, columns=list(columns))
        rows = (row for batch in batches for row in batch.to_pylist())
        yield from (Row(f"{path}, row {number}", row) for number, row in enumerate(rows, 1))


@contextmanager
def _parquet_table(path: Path) -> Iterator[Any]:
    from pyarrow import ArrowException, parquet  # a third of a second, for these files alone

    with _seekable(path) as file:
        try:
            yield parquet.ParquetFile(file)
        except (ArrowException, OSError) as error:
            raise UserError(
                f"A .parquet file must be readable. Received: {path} ({str(error).splitlines()[0]})",
                "Copy the file again, or leave it out.",
            ) from error


@contextmanager
def _seekable(path: Path) -> Iterator[BinaryIO]:
    """A file that can be read at any place: what was packed once more is unpacked on the disk first."""
    if path.suffix not in PACKED:
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as scratch:
        with open_binary(path) as packed:
            shutil.copyfileobj(packed, scratch, _COPIED_BYTES)
        scratch.seek(0)
        yield scratch


def _require_names(path: Path, columns: Sequence[str], known: Sequence[str]) -> None:
    missing = [name for name in columns if name not in known]
    if missing:
        raise UserError(
            f"A table of documents must have the columns that are named. Received: {path} without "
            f"{', '.join(map(repr, missing))}; it has {', '.join(known) or 'none'}",
            "Set corpus.text to the column with the text, and name columns of the file in corpus.where.",
        )


ROW_FORMATS: dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]] = {
    ".jsonl": _json_rows,
    ".csv": _csv_rows,
    ".parquet": _parquet_rows,
}
"""By the ending of a file's name."""
