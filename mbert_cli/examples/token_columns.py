"""Files with one token per line, as in CoNLL's tasks, and an empty line after each sentence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mbert_cli.errors import UserError
from mbert_cli.examples.labelled_rows import unknown_label
from mbert_cli.examples.token_tags import bad_tag, is_tag, label_of_tag, sentence_of
from mbert_cli.examples.tokens import TokenExamples, TokenFile
from mbert_cli.text.text_files import read_lines
from mbert_cli.text.text_offsets import OffsetUnit

DOCUMENT_START = "-DOCSTART-"
"""First token of the line with which CoNLL-2003 begins a document."""

_BLANKS = re.compile(" +")
_NO_WORD = re.compile(r"\d+(?:-\d+|\.\d+)", re.ASCII)
"""What stands in place of the number of a word before the words of a range, `2-3`, and at an empty node, `3.1`."""


@dataclass(frozen=True)
class TokenLayout:
    """What a file of labelled words has where.

    Args:
        token: Column of the token, counted from 0, or from the end with negative numbers. In rows of JSON the name
            of the member with the tokens; a number stands for its usual names.
        tag: The same for the tag, or for the tags.
        are_tags: Whether a tag is a label as it stands, whatever it is; else it says where an entity begins and ends.
        names: The tags that numbers in rows of JSON stand for, in their order; None where there are none.
        unit: What the places of spans count.
    """

    token: int | str = 0
    tag: int | str = -1
    are_tags: bool = False
    names: tuple[str, ...] | None = None
    unit: OffsetUnit = "characters"


def read_columns(path: Path, layout: TokenLayout, types: Sequence[str] | None) -> TokenFile:
    """Reads a file with one token per line.

    Args:
        path: The file.
        layout: Its columns.
        types: Every type of entity, or tag, that may occur; None allows all.

    Raises:
        UserError: A line lacks a column, or has a tag that is none or not among `types`.
    """
    if not isinstance(layout.token, int) or not isinstance(layout.tag, int):
        raise UserError(
            "Columns of a file with one token per line are counted from 0. "
            f"Received: task.token_column {layout.token} and task.label_column {layout.tag} for {path}",
            "Set both to numbers; names are for rows of JSON.",
        )
    columns = _Columns(layout.token, layout.tag, layout.are_tags)
    words: list[list[tuple[int, int]]] = []
    examples = TokenExamples([], [], words, layout.are_tags)
    sentence: list[tuple[str, str]] = []
    lines = [_Line(line, *_cells(text)) for line, text in read_lines(path)]
    kept = [line for line in lines if not _is_no_word(line.cells)] if _counts_words(lines, columns) else lines
    for cells in _sentences_and_tokens(kept, path, columns, types):
        if cells is not None:
            sentence.append(cells)
        elif sentence:
            tokens, tags = zip(*sentence, strict=True)
            text, spans, places = sentence_of(tokens, tags, layout.are_tags)
            examples.texts.append(text)
            examples.spans.append(spans)
            words.append(places)
            sentence = []
    said = "ranges of words and empty nodes, as CoNLL-U has them, are left out"
    count = len(lines) - len(kept)
    return TokenFile(examples, [f"{path.name}: {said}, {count:,} of them"] if count else [])


class _Line(NamedTuple):
    """A line of a file: its number, its cells, and whether these stand between tabs."""

    number: int
    cells: list[str]
    has_tabs: bool


class _Columns(NamedTuple):
    """Columns of the token and of its tag, and whether tags are labels as they stand."""

    token: int
    tag: int
    are_tags: bool


def _sentences_and_tokens(
    lines: Sequence[_Line], path: Path, columns: _Columns, types: Sequence[str] | None
) -> Iterator[tuple[str, str] | None]:
    """Token and tag of each line; None where a sentence ends."""
    shape = next(((len(cells), tabs) for _, cells, tabs in lines if _is_surely_token(cells)), (0, False))
    for line, cells, tabs in lines:
        if not cells or DOCUMENT_START in cells:
            yield None
        elif cells[0] != "#" or ((len(cells), tabs) == shape and _may_be_token(cells, columns)):
            yield _token_and_tag(cells, columns, types, path, line)
    yield None


def _cells(text: str) -> tuple[list[str], bool]:
    """The cells of a line, and whether they are those between tabs, where a token may hold a blank, or blanks."""
    if not text.strip():
        return [], False
    # Other white space than blanks and tabs is part of a token, or one: files made of tweets have such.
    if "\t" in text.rstrip(" \t"):
        return [cell.strip(" ") for cell in text.rstrip(" \t").split("\t")], True
    return _BLANKS.split(text.strip(" \t")), False


def _is_surely_token(cells: Sequence[str]) -> bool:
    return bool(cells) and DOCUMENT_START not in cells and cells[0] != "#"


def _is_no_word(cells: Sequence[str]) -> bool:
    return bool(cells) and _NO_WORD.fullmatch(cells[0]) is not None


def _counts_words(lines: Sequence[_Line], columns: _Columns) -> bool:
    """Whether the first column counts the words and the empty nodes of each sentence, as in CoNLL-U."""
    word = node = 0
    for _, cells, _ in lines:
        if not _is_surely_token(cells):
            word, node = (word, node) if cells else (0, 0)
        elif 0 in (place % len(cells) for place in columns[:2]):
            return False
        elif cells[0] in (str(word + 1), "1"):
            word, node = int(cells[0]), 0
        elif cells[0] == f"{word}.{node + 1}":
            node += 1
        elif not (cells[0].startswith(f"{word + 1}-") and _is_no_word(cells)):
            return False
    return True


def _may_be_token(cells: Sequence[str], columns: _Columns) -> bool:
    """Whether a line that is laid out as others are, and begins with `#`, is that token and no comment of CoNLL-U."""
    return _has_columns(cells, columns) and is_tag(cells[columns.tag], columns.are_tags)


def _has_columns(cells: Sequence[str], columns: _Columns) -> bool:
    count = len(cells)
    places = [place + count if place < 0 else place for place in columns[:2]]
    return all(0 <= place < count for place in places) and places[0] != places[1]


def _token_and_tag(
    cells: Sequence[str], columns: _Columns, types: Sequence[str] | None, path: Path, line: int
) -> tuple[str, str]:
    if not _has_columns(cells, columns):
        raise UserError(
            "Each line must have the columns that the recipe names, "
            f"{columns.token} for the token and {columns.tag} for its tag. "
            f"Received: {len(cells)} {'column' if len(cells) == 1 else 'columns'} in {path}:{line}",
            "Set task.token_column and task.label_column to columns of the file, counted from 0, or correct the "
            "line.",
        )
    token, tag = cells[columns.token], cells[columns.tag]
    if not token:
        raise UserError(
            f"Each line must have a token. Received: {path}:{line} with an empty one",
            "Fill the line in, or take it out.",
        )
    if not is_tag(tag, columns.are_tags):
        raise bad_tag(tag, columns.are_tags, f"{path}:{line}")
    label = label_of_tag(tag, columns.are_tags)
    if types is not None and label is not None and label not in types:
        raise unknown_label(path, line, label, list(types))
    return token, tag
