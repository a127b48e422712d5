"""A corpus of files: texts, and tables with a document in each row."""

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from mbert_cli.corpus.conditions import Condition, parse_condition
from mbert_cli.corpus.document import Document, split_paragraphs
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.corpus.rows import ROW_FORMATS, read_document_rows, require_document_columns
from mbert_cli.errors import UserError
from mbert_cli.text.file_patterns import FoundFiles, match_files
from mbert_cli.text.json_items import shown_value
from mbert_cli.text.text_files import PACKED, read_parts, suffix_of

TEXT_SUFFIXES = (".txt", ".md")

FILTERED = "rows that corpus.where leaves out"


def file_documents(options: FilesCorpus, paths: Sequence[Path] | None = None) -> Iterator[Document]:
    """One document for each text file and for each row of a table.

    Files come in the order of the patterns and sorted within a pattern. A text file longer than
    `text_files.PART_BYTES` is several documents.

    Args:
        options: Patterns, columns and the rows that are wanted.
        paths: Read these files alone; None reads all that the patterns match.

    Raises:
        UserError: A pattern matches nothing, or a file is not what its name says.
    """
    condition = parse_condition(options.where) if options.where else None
    for path in find_files(options.globs).paths if paths is None else paths:
        if suffix_of(path) in ROW_FORMATS:
            yield from _row_documents(path, options.text, condition)
        else:
            for number, text in enumerate(read_parts(path)):
                name = f"{path}#{number + 1}" if number else str(path)
                yield Document(name, split_paragraphs(text), source=str(path))


def estimate_file_bytes(options: FilesCorpus) -> int:
    """Size of the text in the files, about; raises as `find_files`."""
    return sum(map(text_bytes_of, find_files(options.globs).paths))


def text_bytes_of(path: Path) -> int:
    """Size of the text in a file, about: a packed one has four times as much, which is usual for prose."""
    return (4 if path.suffix in PACKED else 1) * path.stat().st_size


def require_tables(options: FilesCorpus) -> None:
    """Checks the condition, and the columns of all tables that name them.

    Raises:
        UserError: It is no condition, or a table lacks a column.
    """
    columns = _columns(options.text, parse_condition(options.where) if options.where else None)
    for path in find_files(options.globs).paths:
        require_document_columns(path, columns)


def find_files(globs: list[str]) -> FoundFiles:
    """The files that the patterns match, each once.

    Raises:
        UserError: No pattern matches a file, or one a file of an unknown kind.
    """
    found = match_files(globs)
    if not found.paths:
        raise UserError(
            f"A pattern of corpus.globs must match a file. Received: {', '.join(map(repr, globs))}, which "
            f"{'matches' if len(globs) == 1 else 'match'} none in {Path.cwd()}",
            "set corpus.globs to the files to read, as in ['books/**/*.txt']; ** crosses folders",
        )
    for path in found.paths:
        if suffix_of(path) not in (*TEXT_SUFFIXES, *ROW_FORMATS):
            raise UserError(
                "A corpus file must end in .txt, .md, .jsonl, .csv or .parquet, with or without .gz or .zst. "
                f"Received: {path}",
                "set corpus.globs to patterns that match text only, as in ['books/**/*.txt']",
            )
    return found


def _row_documents(path: Path, column: str, condition: Condition | None) -> Iterator[Document]:
    """The rows of a table that fulfil a condition; those that do not are counted with the next one that does."""
    left_out, seen = 0, set[str]()
    place = str(path)
    for place, row in read_document_rows(path, _columns(column, condition)):
        seen |= row.keys()
        if condition is not None and not condition.holds(row, place):
            left_out += 1
            continue
        dropped = {FILTERED: left_out} if left_out else {}
        paragraphs = split_paragraphs(_text_of(row, column, place))
        yield Document(place, paragraphs, dropped=dropped, source=str(path))
        left_out = 0
    if condition is not None and not condition.columns <= seen:
        raise _without_columns(path, condition, seen)
    if left_out:
        yield Document(place, [], dropped={FILTERED: left_out}, source=str(path), is_text=False)


def _columns(text: str, condition: Condition | None) -> list[str]:
    return sorted({text, *(condition.columns if condition else ())})


def _text_of(row: Mapping[str, Any], column: str, place: str) -> str:
    text = row.get(column)
    if isinstance(text, str):
        return text
    if column not in row:
        found = ", ".join(row) or "no column"
        hint = "set corpus.text to the column that holds the text"
    else:
        found = f"{shown_value(text)} there" if _is_json(text) else f"{type(text).__name__} there"
        hint = f"correct the row, or leave out rows without text: --set 'corpus.where={column} is not None'"
    raise UserError(
        f"Each row of a table of documents must have text in the column {column!r}. Received: {place} with {found}",
        hint,
    )


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | list | dict)


def _without_columns(path: Path, condition: Condition, seen: Set[str]) -> UserError:
    missing = ", ".join(map(repr, sorted(condition.columns - seen)))
    return UserError(
        f"corpus.where must look at columns that a row has. Received: {path} without {missing}; "
        f"it has {', '.join(sorted(seen)) or 'none'}",
        "Name columns of the file, or leave the file out.",
    )
