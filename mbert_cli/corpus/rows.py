"""The rows of a table of documents: lines of JSON, CSV with a line of names, and Parquet."""

import csv
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mbert_cli.corpus.columns import require_names, require_once
from mbert_cli.corpus.json_arrays import read_array
from mbert_cli.errors import UserError
from mbert_cli.text.file_ranges import WHOLE, FileRange
from mbert_cli.text.json_items import DECODER, first_of_whole, no_object, read_json_items, read_json_line
from mbert_cli.text.remote_files import InputFile
from mbert_cli.text.text_files import is_packed, open_binary, read_lines, suffix_of

BATCH_ROWS = 256
"""Rows of a Parquet file that are in memory at once, beside the pages that they are unpacked from."""

_DELIMITERS = (",", ";", "\t", "|")
_BUFFER_BYTES = 2**20
_COPIED_BYTES = 2**20


class Row(NamedTuple):
    """One row.

    Args:
        place: File and line, or file and row.
        values: By column.
    """

    place: str
    values: Mapping[str, Any]


def read_document_rows(path: InputFile, columns: Sequence[str], within: FileRange = WHOLE) -> Iterator[Row]:
    """Reads the rows of a table in bounded memory.

    Args:
        path: A file with one of the endings of `ROW_FORMATS`, plain or packed.
        columns: The columns that are wanted. Lines of JSON have all that they have, and may lack some.
        within: One of the ranges that `cutting.file_ranges` cuts it into.

    Raises:
        UserError: The file is not what its name says, or lacks a column.
    """
    return ROW_FORMATS[suffix_of(path)](path, columns, within)


def require_document_columns(path: InputFile, columns: Sequence[str]) -> None:
    """Checks that a table names its columns and has those that are wanted; lines of JSON say nothing beforehand.

    Raises:
        UserError: It lacks one, or cannot be read.
    """
    if suffix_of(path) == ".csv":
        names = _header_of_csv(path, columns)[1]
        require_names(path, columns, names, names)
    elif suffix_of(path) == ".parquet" and not is_packed(path):
        with _parquet_table(path) as table:
            _require_parquet_columns(path, columns, table)


def row_group_ranges(path: InputFile, column: str, num_bytes: int) -> list[FileRange]:
    """Cuts a Parquet file between row groups.

    Args:
        path: The file, which is not packed.
        column: The column with the text.
        num_bytes: Unpacked bytes of that column in a range, or those of one row group.

    Raises:
        UserError: It cannot be read.
    """
    ranges, start, first_row, size, rows = [], 0, 0, 0, 0
    with _parquet_table(path) as table:
        for number in range(table.metadata.num_row_groups):
            group = table.metadata.row_group(number)
            own = _unpacked_bytes(group, column)
            if number > start and size + own > num_bytes:
                ranges.append(FileRange(start, number, first_row))
                start, first_row, size = number, rows, 0
            size += own
            rows += group.num_rows
    return [*ranges, FileRange(start, None, first_row)]


def _unpacked_bytes(group: Any, column: str) -> int:
    chunks = (group.column(number) for number in range(group.num_columns))
    own = (column, f"{column}.")  # itself, or items of a list in it
    return sum(
        chunk.total_uncompressed_size for chunk in chunks if f"{chunk.path_in_schema}.".startswith(own[1])
    )


def _json_rows(path: InputFile, columns: Sequence[str], within: FileRange) -> Iterator[Row]:
    whole = first_of_whole(path) if within.is_whole else ""
    if whole:
        items = read_array(path) if whole == "[" else ((i.line, i.value) for i in read_json_items(path, ()))
        yield from (_json_row(f"{path}:{place}", value, columns) for place, value in items)
        return
    for number, text in read_lines(path, within=within):
        try:
            value = DECODER.decode(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield _json_row(f"{path}:{number}", value, columns)
        elif text.strip():
            for item in read_json_line(text, path, number, lists=()):
                yield _json_row(f"{path}:{item.line}", item.value, columns)


def _json_row(place: str, value: Any, columns: Sequence[str]) -> Row:
    if not isinstance(value, dict):
        raise no_object(value, place)
    for column in columns:
        require_once(value, column, place)
    return Row(place, value)


def csv_delimiter(path: InputFile, columns: Sequence[str]) -> str:
    """What separates the cells of a .csv file: the first of comma, semicolon, tab and bar that the names show.

    Args:
        path: The file.
        columns: Columns that it must have. A comma separates the cells of a file that lacks one anyway.

    Raises:
        UserError: It cannot be read.
    """
    return _header_of_csv(path, columns)[0]


def _header_of_csv(path: InputFile, columns: Sequence[str]) -> tuple[str, list[str]]:
    """What separates the cells, as `csv_delimiter` says, and the names of the columns."""
    tried = []
    for mark in _DELIMITERS:
        tried.append((mark, _names_of_csv(path, mark)))
        if set(columns) <= set(tried[-1][1]):
            return tried[-1]
    return tried[0]


def _csv_rows(path: InputFile, columns: Sequence[str], within: FileRange) -> Iterator[Row]:
    delimiter, names = _header_of_csv(path, columns)
    require_names(path, columns, names, names)
    lines = _csv_lines(path, delimiter, within)
    for number, cells in lines if within.start else islice(lines, 1, None):
        if len(cells) != len(names):
            raise UserError(
                f"A row of a .csv file must have as many cells as the first, {len(names)}. "
                f"Received: {len(cells)} in {path}:{number}",
                "Put cells with commas or line breaks in quotes.",
            )
        yield Row(f"{path}:{number}", dict(zip(names, cells, strict=True)))


def _names_of_csv(path: InputFile, delimiter: str) -> list[str]:
    """The cells of the first row, where the names of the columns are if this separates them."""
    return next(_csv_lines(path, delimiter, is_strict=False), (0, []))[1]


def _csv_lines(
    path: InputFile, delimiter: str, within: FileRange = WHOLE, is_strict: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that is not empty, the names of the columns first, with the line where it begins.

    An open quote would take in all that follows, hence strict; not so where a delimiter is only tried.
    """
    csv.field_size_limit(sys.maxsize)  # a cell is a document
    lines = (f"{line}\n" for _, line in read_lines(path, within=within))
    reader = csv.reader(lines, delimiter=delimiter, strict=is_strict)
    number = within.before + 1
    try:
        for cells in reader:
            if cells:
                yield number, cells
            number = within.before + reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"A .csv file must be a table. Received: the row at {path}:{number} ({error})",
            "Put cells with commas or line breaks in quotes, and double the quotes within.",
        ) from error


def _parquet_rows(path: InputFile, columns: Sequence[str], within: FileRange) -> Iterator[Row]:
    from pyarrow import ArrowException

    with _parquet_table(path) as table:
        _require_parquet_columns(path, columns, table)
        number = within.before
        try:
            for batch in _parquet_batches(table, columns, within):
                for row in _plain_rows(batch, f"{path}, row ", number):
                    number += 1
                    yield Row(f"{path}, row {number}", row)
        except (ArrowException, OSError) as error:
            raise _unreadable_parquet(path, error, f" after row {number}") from error


def _parquet_batches(table: Any, columns: Sequence[str], within: FileRange) -> Iterator[Any]:
    """One row group after the other: lists of texts in a dictionary can be read of one, not across several."""
    stop = table.metadata.num_row_groups if within.stop is None else within.stop
    for group in range(within.start, stop):
        yield from table.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(columns))


def _plain_rows(batch: Any, place: str, before: int) -> list[dict[str, Any]]:
    """The rows of a batch as Python's values; `before` rows of the file come before it."""
    batch = _in_microseconds(batch)
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    except UnicodeDecodeError:
        for number in range(batch.num_rows):
            try:
                batch.slice(number, 1).to_pylist()
            except UnicodeDecodeError as error:
                raise UserError(
                    f"A column of texts must be UTF-8. Received: {place}{before + number + 1} with byte "
                    f"0x{error.object[error.start]:02x} at offset {error.start} of the text",
                    "Write the file again from texts in UTF-8, or leave it out.",
                ) from error
        raise


def _in_microseconds(batch: Any) -> Any:
    """The batch with times to the microsecond, which is as fine as Python has them."""
    import pyarrow as pa

    coarser = pa.schema([field.with_type(_coarser(field.type)) for field in batch.schema])
    return batch if coarser == batch.schema else batch.cast(coarser, safe=False)


def _coarser(kind: Any) -> Any:
    """A type of Arrow, or of what a structure has, with microseconds for nanoseconds."""
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if types.is_time64(kind) and kind.unit == "ns":
        return pa.time64("us")
    if types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if types.is_struct(kind):
        return pa.struct([field.with_type(_coarser(field.type)) for field in kind])
    return kind


def _require_parquet_columns(path: InputFile, columns: Sequence[str], table: Any) -> None:
    known = table.schema_arrow.names
    members = [table.metadata.schema.column(number).path for number in range(table.metadata.num_columns)]
    # Of a list, a leaf is its items: `pages.list.element`.
    names = {
        *known,
        *(".".join(leaf.split(".")[:size]) for leaf in members for size in range(1, leaf.count(".") + 2)),
    }
    repeated = {leaf for leaf, times in Counter(members).items() if times > 1}
    wanted = [name for name in columns if any(f"{leaf}.".startswith(f"{name}.") for leaf in repeated)]
    require_names(path, columns, sorted(names), known, wanted)


@contextmanager
def _parquet_table(path: InputFile) -> Iterator[Any]:
    from pyarrow import ArrowException, parquet  # a third of a second, for these files alone

    with _seekable(path) as file:
        try:
            # Through a buffer, a column is read page by page; else all that a row group has of it at once.
            # Without their checksums, pages of uncompressed text would be read however damaged they are.
            yield parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, page_checksum_verification=True)
        except (ArrowException, OSError) as error:
            raise _unreadable_parquet(path, error) from error


def _unreadable_parquet(path: InputFile, error: Exception, place: str = "") -> UserError:
    return UserError(
        f"A .parquet file must be readable. Received: {path}{place} ({str(error).splitlines()[0]})",
        "Copy the file again, or leave it out.",
    )


@contextmanager
def _seekable(path: InputFile) -> Iterator[Any]:
    """A file that can be read at any place: on the disk, where it was packed or a web server sends it as one stream."""
    if not is_packed(path) and (isinstance(path, Path) or path.has_ranges):
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as scratch:
        with open_binary(path) as packed:
            shutil.copyfileobj(packed, scratch, _COPIED_BYTES)
        scratch.seek(0)
        yield scratch


ROW_FORMATS: dict[str, Callable[[InputFile, Sequence[str], FileRange], Iterator[Row]]] = {
    ".jsonl": _json_rows,
    ".csv": _csv_rows,
    ".parquet": _parquet_rows,
}
"""By the ending of a file's name."""
