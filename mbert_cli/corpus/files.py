"""A corpus of files: texts, and tables with a document in each row."""

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mbert_cli.corpus.columns import MISSING, document_text, shown_names, value_of
from mbert_cli.corpus.conditions import Condition, parse_condition
from mbert_cli.corpus.document import Document, split_paragraphs
from mbert_cli.corpus.options import FilesSource
from mbert_cli.corpus.rows import ROW_FORMATS, read_document_rows, require_document_columns
from mbert_cli.errors import UserError
from mbert_cli.text.file_patterns import match_files
from mbert_cli.text.file_ranges import WHOLE, FileRange
from mbert_cli.text.remote_files import (
    LOCAL,
    InputFile,
    RemoteFile,
    is_url,
    local_pattern,
    match_remote_files,
    size_of,
)
from mbert_cli.text.text_files import PROSE, is_packed, read_parts, suffix_of

_MOST_LOOKED_AT = 1000
"""Files of a folder that are looked at for a hint."""

_PAGE = re.compile(r"\s*(<!doctype html|<html)", re.IGNORECASE)

FILTERED = "rows that corpus.where leaves out"


def file_documents(options: FilesSource) -> Iterator[Document]:
    """One document for each text file and for each row of a table.

    Files come in the order of the patterns and sorted within a pattern. A text file longer than
    `text_files.PART_BYTES` is several documents.

    Args:
        options: Patterns, columns and the rows that are wanted.

    Raises:
        UserError: A pattern matches nothing, or a file is not what its name says.
    """
    for path in find_files(options.globs).paths:
        yield from range_documents(options, path, WHOLE)


def range_documents(options: FilesSource, path: InputFile, within: FileRange) -> Iterator[Document]:
    """The documents of a range of a file, one of those that `cutting.file_ranges` cuts it into; as `file_documents`."""
    if suffix_of(path) in ROW_FORMATS:
        condition = parse_condition(options.where) if options.where else None
        yield from _row_documents(path, within, options.text, condition)
        return
    for number, text in enumerate(read_parts(path, within=within), within.before):
        if isinstance(path, RemoteFile) and _PAGE.match(text):
            raise _web_page(path)
        name = f"{path}#{number + 1}" if number else str(path)
        yield Document(name, split_paragraphs(text), source=str(path))


def estimate_file_bytes(options: FilesSource) -> int:
    """Size of the text in the files, about; raises as `find_files`."""
    return sum(map(text_bytes_of, find_files(options.globs).paths))


def text_bytes_of(path: InputFile) -> int:
    """Size of the text in a file, about: a packed one has four times as much, which is usual for prose."""
    return (4 if is_packed(path) else 1) * size_of(path)


def require_tables(options: FilesSource, key: str = "corpus") -> None:
    """Checks the condition, and the columns of all tables that name them.

    Args:
        options: Patterns, columns and the rows that are wanted.
        key: The recipe key that they come from.

    Raises:
        UserError: It is no condition, or a table lacks a column.
    """
    columns = _columns(options.text, parse_condition(options.where) if options.where else None)
    paths = find_files(options.globs, f"{key}.globs").paths
    if options.where and not any(suffix_of(path) in ROW_FORMATS for path in paths):
        raise UserError(
            f"{key}.where is for rows of tables. Received: {options.where} for {paths[0]}"
            f"{f' and {len(paths) - 1:,} more' if len(paths) > 1 else ''}, each of which is one text",
            f"Leave {key}.where out, or name tables: .jsonl, .csv or .parquet.",
        )
    for path in paths:
        require_document_columns(path, columns)


@dataclass(frozen=True)
class CorpusFiles:
    """The files of a corpus.

    Attributes:
        paths: Those of this machine, then those behind URLs; each in the order of the patterns and sorted within one.
        notes: What a person should know about them.
    """

    paths: list[InputFile]
    notes: list[str]


def find_files(globs: list[str], key: str = "corpus.globs") -> CorpusFiles:
    """The files that the patterns match, each once.

    Args:
        globs: Patterns and URLs.
        key: The recipe key that they come from.

    Raises:
        UserError: No pattern matches a file, or one a file of an unknown kind; a URL cannot be reached.
    """
    urls = [glob for glob in globs if is_url(glob) and not glob.startswith(LOCAL)]
    found = match_files([local_pattern(glob) for glob in globs if glob not in urls])
    remote = {url: match_remote_files(url) for url in urls}
    notes = [*found.notes, *(f"{url} matches no file" for url, files in remote.items() if not files)]
    paths: list[InputFile] = [
        *found.paths,
        *dict.fromkeys(file for files in remote.values() for file in files),
    ]
    if not paths:
        place = "" if len(urls) == len(globs) else f" in {Path.cwd()}"
        example = next(filter(None, map(_meant_pattern, globs)), "['books/**/*.txt']; ** crosses folders")
        raise UserError(
            f"A pattern of {key} must match a file. Received: {', '.join(map(repr, globs))}, which "
            f"{'matches' if len(globs) == 1 else 'match'} none{place}",
            f"Set {key} to the files to read, as in {example}.",
        )
    for path in paths:
        if not _is_known(path):
            raise UserError(
                "A corpus file must end in .txt, .md, .jsonl, .csv or .parquet, with or without .gz or .zst. "
                f"Received: {path}",
                f"Set {key} to patterns that match text only, as in ['books/**/*.txt'].",
            )
    return CorpusFiles(paths, notes)


def _meant_pattern(pattern: str) -> str:
    """What a pattern that matches nothing may have meant, in a list; empty where that cannot be told."""
    if is_url(pattern):
        meant = quote(pattern, safe=":/?#&=%*@+,;~") if "[" in pattern else ""
        return f"[{meant!r}]" if meant else ""
    home = os.path.expanduser(pattern)  # which a shell does, and a recipe does not
    if not pattern or not Path(home).is_dir():
        return f"[{home!r}]" if home != pattern and match_files([home]).paths else ""
    inside = sorted(itertools.islice(Path(home).rglob("*"), _MOST_LOOKED_AT))
    endings = (
        "".join(path.suffixes[-2:]) if is_packed(path) else path.suffix for path in inside if _is_known(path)
    )
    ending = next(endings, "")
    meant = f"{home.rstrip('/')}/**/*{ending}"
    return f"[{meant!r}]" if ending else ""


def _is_known(path: InputFile) -> bool:
    return suffix_of(path) in (*PROSE, *ROW_FORMATS)


def _row_documents(
    path: InputFile, within: FileRange, column: str, condition: Condition | None
) -> Iterator[Document]:
    """The rows of a table that fulfil a condition; those that do not are counted with the next one that does."""
    left_out, place = 0, str(path)
    unseen, known = set(condition.columns if condition else ()), dict[str, None]()
    for place, row in read_document_rows(path, _columns(column, condition), within):
        if unseen:
            unseen -= {name for name in unseen if value_of(row, name) is not MISSING}
            known |= dict.fromkeys(row)
        if condition is not None and not condition.holds(row, place):
            left_out += 1
            continue
        dropped = {FILTERED: left_out} if left_out else {}
        paragraphs = split_paragraphs(document_text(row, column, place))
        yield Document(place, paragraphs, dropped=dropped, source=str(path))
        left_out = 0
    if within.start == 0 and unseen and known:  # of a file in ranges, by the first of many megabytes
        raise _without_columns(path, unseen, known, condition.text if condition else "")
    if left_out:
        yield Document(place, [], dropped={FILTERED: left_out}, source=str(path), is_text=False)


def _web_page(path: RemoteFile) -> UserError:
    return UserError(
        f"A URL must lead to a file of text. Received: {path}, where a web page is",
        "Take the address that the file itself is downloaded from, without a page around it or before it.",
    )


def _columns(text: str, condition: Condition | None) -> list[str]:
    return sorted({text, *(condition.columns if condition else ())})


def _without_columns(
    path: InputFile, missing: Iterable[str], known: Iterable[str], condition: str
) -> UserError:
    names = sorted(missing)
    compared = re.search(rf"[\w.]+ *[=!]= *(?=({'|'.join(map(re.escape, names))})\b)", condition)
    quoted = f"; a text stands in quotes: {compared[0]}{compared[1]!r}" if compared else ""
    return UserError(
        f"corpus.where must look at columns that a row has. Received: {path} without "
        f"{', '.join(map(repr, names))}; it has {shown_names(sorted(known))}",
        f"Name columns of the file, or leave the file out{quoted}.",
    )
