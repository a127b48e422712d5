"""Texts with labelled pieces in files: one token a line as in CoNLL's tasks, or one text a line with its spans."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from mbert_cli.data.document import hash_fraction
from mbert_cli.data.examples import TaskData
from mbert_cli.data.labelled_rows import unknown_label
from mbert_cli.data.options import TokenTask
from mbert_cli.data.task_files import hold_out
from mbert_cli.data.text_files import read_json_lines, read_lines, suffix_of
from mbert_cli.data.token_examples import OUTSIDE, Span, TokenExamples, word_labels
from mbert_cli.errors import UserError

COLUMN_SUFFIXES = (".conll", ".txt", ".tsv", ".bio", ".iob")
SPAN_SUFFIX = ".jsonl"

DOCUMENT_START = "-DOCSTART-"
"""First token of the line with which CoNLL-2003 begins a document."""

_TAG = re.compile(r"([BIESLU])-(\S.*)")
_BLANKS = re.compile(" +")
_SURROGATE = re.compile("[\ud800-\udfff]")


def load_token_task(options: TokenTask) -> TaskData:
    """Reads texts with labelled pieces.

    Raises:
        UserError: A file is missing, empty or malformed, or has a type of entity outside the set.
    """
    path = Path(options.train)
    are_tags = options.kind == "tags"
    columns = Columns(options.token_column, options.label_column, are_tags)
    train = read_tokens(path, columns, options.labels)
    types = options.labels or sorted({span.type for spans in train.spans for span in spans})
    if not types:
        raise UserError(
            f"A file to train on must have entities. Received: {path} without any",
            "Set task.label_column to the column of the tags.",
        )
    if options.validation is not None:
        validation = read_tokens(Path(options.validation), columns, types)
    else:
        fractions = [hash_fraction(text) for text in train.texts]
        train, validation = hold_out(train, fractions, options.validation_share, path)
    sets = {"train": train, "validation": validation}
    labels = list(types) if are_tags else word_labels(types)
    metrics = ("f1",) if OUTSIDE in labels else ("accuracy",)
    return TaskData(path.name, labels, sets, metrics, "token_classification")


@dataclass(frozen=True)
class Columns:
    """Columns of a file with one token a line, counted from 0, or from the end with negative numbers.

    Args:
        token: The token.
        tag: Its tag.
        are_tags: Whether a tag is a label as it stands, whatever it is; else it says where an entity begins and ends.
    """

    token: int = 0
    tag: int = -1
    are_tags: bool = False


def read_tokens(path: Path, columns: Columns, types: Sequence[str] | None) -> TokenExamples:
    """Reads one file, .gz of it too.

    A .jsonl file has a text and its spans a line. All others have a token a line and a blank line after each
    sentence; the texts then are the tokens of a sentence with blanks between them.

    Args:
        path: The file.
        columns: Of a file with one token a line.
        types: Every type of entity that may occur; None allows all.

    Raises:
        UserError: As `load_token_task`.
    """
    suffix = suffix_of(path)
    if suffix not in (*COLUMN_SUFFIXES, SPAN_SUFFIX):
        raise UserError(
            f"A token file must end in {', '.join(COLUMN_SUFFIXES)} or {SPAN_SUFFIX}, with or without .gz. "
            f"Received: {path}",
            "Set task.train and task.validation to such files.",
        )
    is_columns = suffix != SPAN_SUFFIX
    if columns.are_tags and not is_columns:
        raise UserError(
            f"A file with a tag for each word must have a token a line. Received: {path}",
            f"Name one that ends in {', '.join(COLUMN_SUFFIXES)}, or set task.kind to entities.",
        )
    examples = _read_columns(path, columns, types) if is_columns else _read_spans(path, types)
    if not examples.texts:
        raise UserError(f"A token file must have examples. Received: {path} without any", "Check the file.")
    return examples


def tag_spans(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """The entities of a sentence: first word, last word, type.

    IOB1, IOB2, IOE, BIOES and BILOU need not be told apart: `B`, `S` and `U` begin an entity, `S`, `U`, `E` and
    `L` end one, and whatever follows no open entity of its own type begins one.

    Args:
        tags: `O`, or `I-PER` and the like.
    """
    found: list[tuple[int, int, str]] = []
    open_type = None
    for place, tag in enumerate(tags):
        if tag == OUTSIDE:
            open_type = None
            continue
        mark, _, name = tag.partition("-")
        if mark in "BSU" or name != open_type:
            found.append((place, place, name))
        else:
            found[-1] = (found[-1][0], place, name)
        open_type = None if mark in "SUEL" else name
    return found


def _read_columns(path: Path, columns: Columns, types: Sequence[str] | None) -> TokenExamples:
    examples = TokenExamples([], [], [], columns.are_tags)
    sentence: list[tuple[str, str]] = []
    for cells in _sentences_and_tokens(path, columns, types):
        if cells is not None:
            sentence.append(cells)
        elif sentence:
            _add_sentence(examples, sentence)
            sentence = []
    return examples


def _add_sentence(examples: TokenExamples, sentence: Sequence[tuple[str, str]]) -> None:
    """Adds the tokens and tags of a sentence as one text."""
    words, end = [], -1
    for token, _ in sentence:
        words.append((end + 1, end + 1 + len(token)))
        end = words[-1][1]
    examples.texts.append(" ".join(token for token, _ in sentence))
    examples.words.append(words)
    tags = [tag for _, tag in sentence]
    pieces = [(place, place, tag) for place, tag in enumerate(tags)] if examples.are_tags else tag_spans(tags)
    examples.spans.append([Span(words[first][0], words[last][1], name) for first, last, name in pieces])


def _sentences_and_tokens(
    path: Path, columns: Columns, types: Sequence[str] | None
) -> Iterator[tuple[str, str] | None]:
    """Token and tag of each line; None where a sentence ends."""
    lines = [(line, *_cells(text)) for line, text in read_lines(path)]
    layout = next(((len(cells), tabs) for _, cells, tabs in lines if _is_surely_token(cells)), (0, False))
    for line, cells, tabs in lines:
        if not cells or DOCUMENT_START in cells:
            yield None
        elif cells[0] != "#" or ((len(cells), tabs) == layout and _may_be_token(cells, columns)):
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


def _may_be_token(cells: Sequence[str], columns: Columns) -> bool:
    """Whether a line that is laid out as others are, and begins with `#`, is that token and no comment of CoNLL-U."""
    return _has_columns(cells, columns) and _is_tag(cells[columns.tag], columns.are_tags)


def _has_columns(cells: Sequence[str], columns: Columns) -> bool:
    count = len(cells)
    places = [place + count if place < 0 else place for place in (columns.token, columns.tag)]
    return all(0 <= place < count for place in places) and places[0] != places[1]


def _is_tag(tag: str, is_plain: bool) -> bool:
    return tag != "" if is_plain else tag == OUTSIDE or _TAG.fullmatch(tag) is not None


def _token_and_tag(
    cells: Sequence[str], columns: Columns, types: Sequence[str] | None, path: Path, line: int
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
    if not _is_tag(tag, columns.are_tags):
        raise _bad_tag(tag, columns.are_tags, path, line)
    if types is not None and (columns.are_tags or tag != OUTSIDE):
        _require_known(tag if columns.are_tags else tag.partition("-")[2], types, path, line)
    return token, tag


def _bad_tag(tag: str, is_plain: bool, path: Path, line: int) -> UserError:
    if is_plain:
        return UserError(f"Each word must have a tag. Received: {path}:{line} without one", "Fill it in.")
    return UserError(
        "A tag must be O, or B-, I-, E-, L-, S- or U- before the type of the entity. "
        f"Received: {tag!r} in {path}:{line}",
        "Correct the line, set task.label_column to the column of the tags, or set task.kind to tags where "
        "these are labels of words as they stand.",
    )


def _require_known(name: str, types: Sequence[str], path: Path, line: int) -> None:
    if name not in types:
        raise unknown_label(path, line, name, list(types))


def _read_spans(path: Path, types: Sequence[str] | None) -> TokenExamples:
    examples = TokenExamples([], [], None)
    for line, record in read_json_lines(path):
        text, written = record.get("text"), record.get("spans")
        if not isinstance(text, str) or not isinstance(written, list):
            raise UserError(
                'Each line must have a text and the list of its spans, as in {"text": "...", "spans": []}. '
                f"Received: {', '.join(map(repr, record)) or 'no members'} in {path}:{line}",
                "Name the members text and spans; a text without an entity has an empty list.",
            )
        if not text.strip() or _SURROGATE.search(text):
            raise UserError(
                "Each text must be in valid Unicode and not blank. "
                f"Received: {path}:{line} with {'half of a surrogate pair' if text.strip() else 'a blank one'}",
                "Correct the line, or take it out.",
            )
        spans = sorted(_span(item, text, types, path, line) for item in written)
        _require_apart(spans, path, line)
        examples.texts.append(text)
        examples.spans.append(spans)
    return examples


def _span(item: Any, text: str, types: Sequence[str] | None, path: Path, line: int) -> Span:
    members = item if isinstance(item, dict) else {}
    start, end, name = (members.get(key) for key in ("start", "end", "label"))
    if type(start) is not int or type(end) is not int or not isinstance(name, str) or not name.strip():
        raise UserError(
            "A span must have a start and an end, which are whole numbers, and a label. "
            f"Received: {item!r} in {path}:{line}",
            'Write it as {"start": 0, "end": 5, "label": "PER"}; end is the character after the last one.',
        )
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        raise UserError(
            "A span must lie in its text and hold more than blanks. "
            f"Received: characters {start} to {end} of {len(text)} in {path}:{line}",
            "Count characters from 0; end is the character after the last one.",
        )
    if types is not None:
        _require_known(name.strip(), types, path, line)
    return Span(start, end, name.strip())


def _require_apart(spans: Sequence[Span], path: Path, line: int) -> None:
    for one, other in pairwise(spans):
        if other.start < one.end:
            raise UserError(
                "Spans of a text must not overlap, since a word has one label. "
                f"Received: characters {one.start} to {one.end} and {other.start} to {other.end} in {path}:{line}",
                "Keep one of the two.",
            )
