"""Where a large file may be cut, so that its ranges give one by one what the whole file gives."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mbert_cli.corpus.rows import csv_delimiter, row_group_ranges
from mbert_cli.text.file_ranges import BYTE_ORDER_MARK, WHOLE, FileRange, part_end
from mbert_cli.text.json_items import fills_file
from mbert_cli.text.remote_files import InputFile, RemoteFile, size_of
from mbert_cli.text.text_files import PART_BYTES, is_packed, suffix_of

BLOCK_BYTES = 2**20
"""Bytes that are read at once where a file is looked through."""

_WINDOW_BYTES = 2**16
"""Before a boundary, a blank line is looked for in so many bytes first, and then in all of the part."""

_MOST_PACKED = 10
"""A Parquet file of less than this share of a range is not looked into."""

_QUOTE = ord('"')


def file_ranges(path: InputFile, column: str, num_bytes: int) -> list[FileRange]:
    """The ranges of a file, in order, each of about so many bytes of text.

    Packed files have one, and so do remote ones but for tables of row groups: nothing is read twice for it.

    Args:
        path: A file of a corpus.
        column: The column with the text, in a table.
        num_bytes: UTF-8 bytes of text in a range.

    Raises:
        UserError: A table cannot be read.
    """
    if is_packed(path):
        return [WHOLE]
    if suffix_of(path) == ".parquet":
        is_small = size_of(path) <= num_bytes // _MOST_PACKED
        return [WHOLE] if is_small else row_group_ranges(path, column, num_bytes)
    if isinstance(path, RemoteFile) or size_of(path) <= num_bytes:
        return [WHOLE]
    if suffix_of(path) == ".csv":
        return csv_ranges(path, num_bytes, csv_delimiter(path, [column]))
    return _CUTS[suffix_of(path)](path, num_bytes)


def part_ranges(path: Path, part_bytes: int, parts: int) -> list[FileRange]:
    """Cuts a text file where `text_files.read_parts` does.

    Args:
        path: A plain file.
        part_bytes: What `read_parts` is given.
        parts: How many of its parts make a range.
    """
    starts = _part_starts(path, part_bytes)
    return _ranges([(start, number) for number, start in enumerate(starts) if not number % parts])


def line_ranges(path: Path, num_bytes: int) -> list[FileRange]:
    """Cuts a plain file after the first line that ends so many bytes after the last cut."""
    cuts, lines, wanted = [(0, 0)], 0, num_bytes
    for offset, block in _blocks(path):
        place = 0
        while (end := block.find(b"\n", max(place, wanted - offset))) >= 0:
            lines += _count_lines(block[place : end + 1])
            place = end + 1
            cuts.append((offset + place, lines))
            wanted = offset + place + num_bytes
        lines += _count_lines(block[place:])
    return _ranges(cuts, path.stat().st_size)


def csv_ranges(path: Path, num_bytes: int, delimiter: str = ",") -> list[FileRange]:
    """Cuts a plain .csv file after rows.

    A line ends a row where an even number of quotation marks comes before. That holds only as long as such marks stand
    around cells and nowhere else; from the first that does not on, the file is not cut.
    """
    cuts, lines, wanted, is_quoted, last = [(0, 0)], 0, num_bytes, False, b"\n"
    for offset, block in _blocks(path):
        begun = last + (block if offset else block.removeprefix(BYTE_ORDER_MARK))
        quotes = _regular_quotes(begun, is_quoted, delimiter)
        if quotes is None:
            break
        end = _row_end(block, wanted - offset, is_quoted)
        if end:
            cuts.append((offset + end, lines + _count_lines(block[:end])))
            wanted = offset + end + num_bytes
        is_quoted ^= bool(quotes % 2)
        lines += _count_lines(block)
        last = block[-1:] or last
    return _ranges(cuts, path.stat().st_size)


def _ranges(cuts: list[tuple[int, int]], size: int | None = None) -> list[FileRange]:
    """The ranges between places, each with what comes before; a cut at the end of the file is none."""
    kept = [cut for cut in cuts if not cut[0] or cut[0] != size]
    stops = [*(start for start, _ in kept[1:]), None]
    return [FileRange(start, stop, before) for (start, before), stop in zip(kept, stops, strict=True)]


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """The bytes of a file with their places; an LF is in one block with the CR or the quotation mark before it."""
    with path.open("rb") as file:
        offset, rest = 0, b""
        while block := file.read(BLOCK_BYTES):
            data = rest + block
            keep = len(data) - len(data.rstrip(b'\r"'))
            rest = data[len(data) - keep :]
            data = data[: len(data) - keep]
            yield offset, data
            offset += len(data)
        yield offset, rest


def _count_lines(data: bytes) -> int:
    """How many lines end in data: at LF, CR LF or CR alone."""
    return data.count(b"\n") + (data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else 0)


def _row_end(block: bytes, wanted: int, is_quoted: bool) -> int:
    """Where the first row ends that ends at or after a place of a block; 0 where none does."""
    if wanted > len(block):
        return 0
    place = max(wanted, 0)
    inside = (is_quoted + block.count(b'"', 0, place)) % 2
    while (end := block.find(b"\n", place)) >= 0:
        inside = (inside + block.count(b'"', place, end)) % 2
        place = end + 1
        if not inside:
            return place
    return 0


def _regular_quotes(block: bytes, is_quoted: bool, delimiter: str) -> int | None:
    """How many quotation marks a block has; None where one does not stand around a cell or in a doubled pair.

    Args:
        block: Begins with the last byte before it, which is no such mark.
        is_quoted: Whether it begins within a cell in quotation marks.
        delimiter: What separates cells.
    """
    if b'"' not in block:
        return 0
    values = np.frombuffer(block, np.uint8)
    places = np.flatnonzero(values == _QUOTE)
    opening, closing = places[int(is_quoted) :: 2], places[1 - int(is_quoted) :: 2]
    before = values[opening - 1]
    after = values[closing[closing < len(values) - 1] + 1]
    outside = np.frombuffer(f'{delimiter}\n\r"'.encode(), np.uint8)
    is_regular = np.isin(before, outside).all() and np.isin(after, outside).all()
    return len(places) if is_regular else None


def _part_starts(path: Path, part_bytes: int) -> list[int]:
    """Where the parts of a text file begin; what is cut depends on the part before only where it has no blank line."""
    size, starts = path.stat().st_size, [0]
    with path.open("rb") as file:
        for boundary in range(part_bytes, size + 1, part_bytes):
            window = max(starts[-1], boundary - _WINDOW_BYTES)
            file.seek(window)
            found = window + file.read(boundary - window).rfind(b"\n\n")
            if found >= window and found > starts[-1]:
                cut = found + 2
            else:
                file.seek(starts[-1])
                cut = starts[-1] + part_end(file.read(boundary - starts[-1]))
            if cut < size:
                starts.append(cut)
    return starts


def _lines_of_json(path: Path, num_bytes: int) -> list[FileRange]:
    return [WHOLE] if fills_file(path) else line_ranges(path, num_bytes)


def _parts_of_text(path: Path, num_bytes: int) -> list[FileRange]:
    return part_ranges(path, PART_BYTES, max(1, num_bytes // PART_BYTES))


_CUTS: dict[str, Callable[[Path, int], list[FileRange]]] = {
    ".txt": _parts_of_text,
    ".md": _parts_of_text,
    ".jsonl": _lines_of_json,
}
"""By the ending of a file's name, but for tables whose columns matter."""
