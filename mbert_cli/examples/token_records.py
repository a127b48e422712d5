"""Rows of JSON with labelled texts: a text and its spans, or tokens and their tags."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.evaluate.entities import OUTSIDE
from mbert_cli.examples.labelled_rows import unknown_label
from mbert_cli.examples.prodigy import say_left_out, why_left_out
from mbert_cli.examples.span_forms import find_spans, read_span
from mbert_cli.examples.text_spans import SpanPlacement
from mbert_cli.examples.token_columns import TokenLayout
from mbert_cli.examples.token_tags import bad_tag, is_tag, label_of_tag, sentence_of
from mbert_cli.examples.tokens import Span, TokenExamples, TokenFile
from mbert_cli.text.json_items import read_json_items, require_single_names, shown_value

TOKEN_NAMES = ("tokens", "words")
"""Usual names of the member with the tokens."""

TAG_NAMES = {
    False: (("ner_tags",), ("tags", "labels", "ner")),
    True: (("pos_tags", "upos", "tags", "labels", "ner_tags"),),
}
"""Usual names of the member with the tags, by whether they are labels as they stand: the clearest first."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_records(path: Path, layout: TokenLayout, types: Sequence[str] | None) -> TokenFile:
    """Reads a file of rows, which are all of one of the two kinds.

    Rows that were rejected or ignored in Prodigy are left out.

    Args:
        path: The file.
        layout: What its rows have where.
        types: Every type of entity, or tag, that may occur; None allows all.

    Raises:
        UserError: A row has neither, is malformed, or has a type that is not among `types`.
    """
    reader = _RecordReader(path, layout, types)
    for line, row in _rows(path, reader.left_out):
        reader.add(line, row)
    return reader.file


def _rows(path: Path, left_out: Counter[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that count, each with its line."""
    for item in read_json_items(path):
        for line, value in _unpacked(item.line, item.value):
            require_single_names(value, f"{path}:{line}")
            row = _as_object(value)
            if value is None:
                left_out["null"] += 1
            elif row is None:
                raise _no_labels(value, f"{path}:{line}")
            elif reason := why_left_out(row):
                left_out[reason] += 1
            else:
                yield line, row


def _unpacked(line: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The rows in an object as annotators for spaCy write it, `{"classes": [...], "annotations": [...]}`."""
    if isinstance(value, dict) and isinstance(value.get("annotations"), list) and "classes" in value:
        for number, item in enumerate(value["annotations"], 1):
            yield f"{line}, item {number}", item
    else:
        yield line, value


def _as_object(value: Any) -> dict[str, Any] | None:
    """A row as an object; spaCy's training data has pairs of a text and what is in it."""
    if isinstance(value, list) and [type(part) for part in value] == [str, dict]:
        return {"text": value[0], **value[1]}
    return value if isinstance(value, dict) else None


class _RecordReader:
    """Adds rows to examples, and keeps account of what it leaves out."""

    def __init__(self, path: Path, layout: TokenLayout, types: Sequence[str] | None) -> None:
        self.left_out: Counter[str] = Counter()
        self._num_blank = 0
        self._path, self._layout, self._types = path, layout, types
        self._texts: list[str] = []
        self._spans: list[list[Span]] = []
        self._words: list[list[tuple[int, int]]] = []
        self._placement = SpanPlacement(path.name, layout.unit)

    @property
    def file(self) -> TokenFile:
        """What was read."""
        words = self._words if self._words or self._layout.are_tags else None
        examples = TokenExamples(self._texts, self._spans, words, self._layout.are_tags)
        return TokenFile(examples, [*self._notes(), *self._placement.notes], self._placement.warnings)

    def add(self, line: str, row: dict[str, Any]) -> None:
        """Adds a row."""
        place = f"{self._path}:{line}"
        pair = _find_tagged(row, self._layout, place)
        if bool(pair) != bool(self._words) and self._texts:
            raise UserError(
                "The rows of a file must all have spans, or all have tokens and their tags. "
                f"Received: {self._path} with both, the first other one in {place}",
                "Make two files of it, one for task.train, or write all rows in the same way.",
            )
        if pair:
            self._add_tagged(*pair, line)
        elif self._layout.are_tags:
            raise UserError(
                "A file with a tag for each word must have tokens and their tags. "
                f"Received: {_members(row)} in {place}",
                "Name the members with task.token_column and task.label_column, or set task.kind to entities.",
            )
        else:
            self._add_text(row, line)

    def _add_text(self, row: dict[str, Any], line: str) -> None:
        place = f"{self._path}:{line}"
        text = row.get("text", row.get("data"))  # doccano has called it both
        written = find_spans(row, place)
        if not isinstance(text, str) or written is None:
            raise _no_labels(row, place)
        if not text.strip() or _SURROGATE.search(text):
            raise UserError(
                "Each text must be in valid Unicode and not blank. "
                f"Received: {place} with {'half of a surrogate pair' if text.strip() else 'a blank one'}",
                "Correct the line, or take it out.",
            )
        pieces = [read_span(item, row, place) for item in written]
        spans = self._placement.place(text, pieces, place)
        for span in spans:
            self._require_known(span.type, line)
        self._texts.append(text)
        self._spans.append(spans)

    def _add_tagged(self, tokens: list[Any], tags: list[Any], line: str) -> None:
        place = f"{self._path}:{line}"
        if len(tokens) != len(tags):
            raise UserError(
                f"A row must have as many tags as tokens. Received: {len(tags)} and {len(tokens)} in {place}",
                "Correct the row, or take it out.",
            )
        named = [self._tag(tag, line) for tag in tags]
        for token in tokens:
            _require_text(token, place)
        filled = [index for index, token in enumerate(tokens) if token.strip()]
        self._num_blank += len(tokens) - len(filled)
        if not filled:
            self.left_out["without a token"] += 1
            return
        is_plain = self._layout.are_tags
        text, spans, words = sentence_of([tokens[i] for i in filled], [named[i] for i in filled], is_plain)
        self._texts.append(text)
        self._spans.append(spans)
        self._words.append(words)

    def _tag(self, written: Any, line: str) -> str:
        """The tag of a word, by its name where it is a number."""
        place, names, is_plain = f"{self._path}:{line}", self._layout.names, self._layout.are_tags
        tag = written.strip() if isinstance(written, str) else written
        if type(written) is int:
            tag = _name_of(written, names, is_plain, place)
        if not isinstance(tag, str):
            raise UserError(
                f"A tag must be a text, or a whole number. Received: {shown_value(written)} in {place}",
                "Correct the row, or name another member with task.label_column.",
            )
        if not is_tag(tag, is_plain):
            raise bad_tag(tag, is_plain, place)
        label = label_of_tag(tag, is_plain)
        if label is not None:
            self._require_known(label, line)
        return tag

    def _require_known(self, label: str, line: str) -> None:
        if self._types is not None and label not in self._types:
            raise unknown_label(self._path, line, label, list(self._types))

    def _notes(self) -> Iterator[str]:
        yield from say_left_out(self._path.name, self.left_out)
        if self._num_blank:
            yield f"{self._path.name}: tokens left out: {self._num_blank:,} blank"


def _find_tagged(row: dict[str, Any], layout: TokenLayout, place: str) -> tuple[list[Any], list[Any]] | None:
    """The tokens of a row and their tags, if it has them."""
    if isinstance(layout.token, str) or isinstance(layout.tag, str):
        named = [name for name in (layout.token, layout.tag) if isinstance(name, str)]
        if not all(isinstance(row.get(name), list) for name in named):
            raise UserError(
                f"A row must have the lists that the recipe names, {' and '.join(map(repr, named))}. "
                f"Received: {_members(row)} in {place}",
                "Set task.token_column and task.label_column to members of the row, or leave them out.",
            )
    tokens = _only_list(row, [TOKEN_NAMES] if isinstance(layout.token, int) else [(layout.token,)], place)
    groups = TAG_NAMES[layout.are_tags] if isinstance(layout.tag, int) else [(layout.tag,)]
    tags = None if tokens is None else _only_list(row, groups, place)
    return None if tokens is None or tags is None else (tokens, tags)


def _only_list(row: dict[str, Any], groups: Sequence[Sequence[str]], place: str) -> list[Any] | None:
    """The list of plain values of the first group that a row has a member of; None where it has none."""
    for names in groups:
        found = [name for name in names if _is_plain_list(row.get(name))]
        if len(found) > 1:
            raise UserError(
                f"A row must have one list of tags for its tokens. Received: {', '.join(map(repr, found))} in {place}",
                f"Name the one that is meant, as in --set {shlex.quote(f'task.label_column={found[0]}')}.",
            )
        if found:
            return list(row[found[0]])
    return None


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, list | dict) for item in value)


def _name_of(number: int, names: Sequence[str] | None, is_plain: bool, place: str) -> str:
    """The tag that a number stands for."""
    if names is None or not (is_plain or OUTSIDE in names):
        raise UserError(
            f"Tags that are whole numbers must have names. Received: {number} in {place}",
            "Name all tags in the order of their numbers, as in --set 'task.labels=[O,B-PER,I-PER]'; `datasets` has "
            "them in features['ner_tags'].feature.names.",
        )
    if not 0 <= number < len(names):
        raise UserError(
            f"A tag must be one of the {len(names)} numbers that have a name, from 0 on. "
            f"Received: {number} in {place}",
            "Name all tags in task.labels, in the order of their numbers.",
        )
    return names[number]


def _require_text(token: Any, place: str) -> None:
    if not isinstance(token, str):
        raise UserError(
            f"A token must be a text. Received: {shown_value(token)} in {place}", "Write it in quotes."
        )
    if _SURROGATE.search(token):
        raise UserError(
            f"Each text must be in valid Unicode. Received: {place} with half of a surrogate pair",
            "Correct the line, or take it out.",
        )


def _members(row: dict[str, Any]) -> str:
    return ", ".join(map(repr, row)) or "no members"


def _no_labels(value: Any, place: str) -> UserError:
    received = _members(value) if isinstance(value, dict) else repr(value)
    return UserError(
        'A row must have a text and the list of its spans, as in {"text": "...", "spans": []}, or tokens and their '
        f"tags. Received: {received if len(received) <= 200 else received[:197] + '...'} in {place}",
        "Export spans with their places from doccano, spaCy or Prodigy, of Label Studio JSON_MIN; or name the "
        "members of tokens and tags with task.token_column and task.label_column. Labels of whole texts are for "
        "`mbert finetune file`.",
    )
