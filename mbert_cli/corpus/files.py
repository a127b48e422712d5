"""A corpus of text files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mbert_cli.corpus.document import Document, split_paragraphs
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.errors import UserError
from mbert_cli.text.file_patterns import FoundFiles, match_files
from mbert_cli.text.json_items import no_object, read_json_items, shown_value
from mbert_cli.text.text_files import read_parts, suffix_of

TEXT_SUFFIXES = (".txt", ".md")
LINES_SUFFIX = ".jsonl"


def file_documents(options: FilesCorpus) -> Iterator[Document]:
    """One document for each text file and for each line of a .jsonl file.

    Files come in the order of the patterns and sorted within a pattern. A text file longer than
    `text_files.PART_BYTES` is several documents.

    Raises:
        UserError: A pattern matches nothing, or a file is not what its name says.
    """
    for path in find_files(options.globs).paths:
        if suffix_of(path) == LINES_SUFFIX:
            yield from _line_documents(path, options.text_field)
        else:
            for number, text in enumerate(read_parts(path)):
                name = f"{path}#{number + 1}" if number else str(path)
                yield Document(name, split_paragraphs(text))


def estimate_file_bytes(options: FilesCorpus) -> int:
    """Size of the files; for a .gz file four times its size, which is usual for prose.

    Raises:
        UserError: As `find_files`.
    """
    paths = find_files(options.globs).paths
    return sum((4 if path.suffix == ".gz" else 1) * path.stat().st_size for path in paths)


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
        if suffix_of(path) not in (*TEXT_SUFFIXES, LINES_SUFFIX):
            raise UserError(
                f"A corpus file must end in .txt, .md or .jsonl, with or without .gz. Received: {path}",
                "set corpus.globs to patterns that match text only, as in ['books/**/*.txt']",
            )
    return found


def _line_documents(path: Path, field: str) -> Iterator[Document]:
    """The rows of a file with one object per line, or of an array that fills it."""
    for item in read_json_items(path, lists=()):
        place = f"{path}:{item.line}"
        yield Document(place, split_paragraphs(_text_of(item.value, field, place)))


def _text_of(record: Any, field: str, place: str) -> str:
    if not isinstance(record, dict):
        raise no_object(record, place)
    text = record.get(field)
    if isinstance(text, str):
        return text
    hint = "set corpus.text_field to the field that holds the text"
    if field in record:
        found, hint = f"{shown_value(text)} there", "correct the line, or take it out"
    else:
        found = ", ".join(record) or "no fields"
    raise UserError(
        f"Each line of a .jsonl file must have text in the field {field!r}. Received: {place} with {found}",
        hint,
    )
