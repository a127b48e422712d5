"""Files of questions: in SQuAD's own layout, or one question per row as `datasets` writes them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from mbert_cli.errors import UserError
from mbert_cli.examples.squad import Answer, Question, Squad, check_squad
from mbert_cli.text.json_items import JsonItem, read_json_items, require_single_names

_Kind = TypeVar("_Kind")
_KINDS: dict[type, str] = {list: "a list", str: "a text", int: "a whole number", bool: "true or false"}
_ABSENT = object()
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_squad(path: Path) -> Squad:
    """Reads a file of questions, plain or .gz.

    Its rows are SQuAD's articles, `{"paragraphs": [{"context": ..., "qas": [...]}]}`, or questions,
    `{"id": ..., "question": ..., "context": ..., "answers": {"text": [...], "answer_start": [...]}}`. They are
    the list `data` of an object, an array, or one per line. An id that is not text counts as JSON writes it.

    Raises:
        UserError: The file cannot be read, is not JSON or laid out in another way, or as for `check_squad`.
    """
    return check_squad(path.name, str(path), _questions(path))


def _questions(path: Path) -> Iterator[tuple[str, Question]]:
    """The questions of a file, each with its place in it."""
    contexts: dict[str, str] = {}  # so that questions about one text share it
    for item in read_json_items(path):
        record, place = item.value, item.place
        require_single_names(record, _source(path, item))
        if not isinstance(record, dict):
            raise _wrong(place or "the top", "an object", _describe(record), _source(path, item))
        if "paragraphs" in record:
            yield from _questions_of_article(record, place, str(path))
        elif place or {"context", "question"} & set(record):
            source = _source(path, item)
            context = _member(record, "context", str, place, source)
            context = contexts.setdefault(context, context)
            yield place or f"line {item.line}", _question(record, context, place, source)
        else:
            raise _wrong("data", "a list", _describe(record.get("data", _ABSENT)), str(path))


def _source(path: Path, item: JsonItem) -> str:
    return f"{path}:{item.line}"


def _questions_of_article(article: dict[str, Any], place: str, source: str) -> Iterator[tuple[str, Question]]:
    for paragraph_place, paragraph in _items(article, "paragraphs", place, source):
        context = _member(paragraph, "context", str, paragraph_place, source)
        for question_place, record in _items(paragraph, "qas", paragraph_place, source):
            yield question_place, _question(record, context, question_place, source)


def _question(record: Any, context: str, place: str, source: str) -> Question:
    marked = isinstance(record, dict) and "is_impossible" in record
    return Question(
        _identity(record, place, source),
        _member(record, "question", str, place, source),
        context,
        tuple(_answers(record, place, source)),
        _member(record, "is_impossible", bool, place, source) if marked else None,
    )


def _identity(record: Any, place: str, source: str) -> str:
    if not isinstance(record, dict):
        raise _wrong(place, "an object", _describe(record), source)
    value = record.get("id")
    if value is None:
        raise _wrong(_inner(place, "id"), "an id", "null" if "id" in record else "nothing", source)
    return _member(record, "id", str, place, source) if isinstance(value, str) else json.dumps(value)


def _answers(record: dict[str, Any], place: str, source: str) -> Iterator[Answer]:
    """The answers of a question: a list of objects, or one object of lists, or of one text and its place."""
    written = record.get("answers", [])
    place = _inner(place, "answers")
    if isinstance(written, dict):
        if isinstance(written.get("text"), str):
            written = {key: [value] for key, value in written.items()}
        texts = _member(written, "text", list, place, source)
        starts = _member(written, "answer_start", list, place, source)
        if len(texts) != len(starts):
            rule = "as many items in text as in answer_start"
            raise _wrong(place, rule, f"{len(texts)} and {len(starts)}", source)
        pairs = zip(texts, starts, strict=True)
        placed = [
            (f"{place}[{index}]", {"text": text, "answer_start": start})
            for index, (text, start) in enumerate(pairs)
        ]
    else:
        placed = [(f"{place}[{index}]", item) for index, item in enumerate(_list(written, place, source))]
    for inner, answer in placed:
        text = _member(answer, "text", str, inner, source)
        yield Answer(text, _member(answer, "answer_start", int, inner, source))


def _items(record: Any, key: str, place: str, source: str) -> Iterator[tuple[str, Any]]:
    """The items of a list that is a member, each with its place."""
    for index, item in enumerate(_member(record, key, list, place, source)):
        yield f"{_inner(place, key)}[{index}]", item


def _list(value: Any, place: str, source: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(place, _KINDS[list], _describe(value), source)
    return value


def _member(record: Any, key: str, kind: type[_Kind], place: str, source: str) -> _Kind:
    """A member of a JSON object, of the kind that it must be."""
    if not isinstance(record, dict):
        raise _wrong(place or "the top", "an object", _describe(record), source)
    value = record.get(key, _ABSENT)
    inner = _inner(place, key)
    if type(value) is not kind:  # bool is an int to isinstance
        raise _wrong(inner, _KINDS[kind], _describe(value), source)
    if isinstance(value, str) and _SURROGATE.search(value):
        raise _wrong(inner, "a text in valid Unicode", "half of a surrogate pair", source)
    return value


def _inner(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _describe(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    return _KINDS.get(type(value), "a fraction")


def _wrong(place: str, rule: str, received: str, source: str) -> UserError:
    return UserError(
        f"A SQuAD file must have {rule} at {place}. Received: {received} in {source}",
        "Write the file as SQuAD's own are: data[].paragraphs[] with context and qas[], each with id, question and "
        "answers[] of text and answer_start; or rows of id, question, context and answers of the lists text and "
        "answer_start.",
    )
