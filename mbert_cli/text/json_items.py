"""The rows of a JSON file, however they are put together: one per line, in an array, or in a list inside an object."""

import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from mbert_cli.errors import UserError
from mbert_cli.json_text import MAX_DEPTH, TOO_DEEP, parse_json, require_shallow
from mbert_cli.text.remote_files import InputFile
from mbert_cli.text.text_files import marked_encoding, read_lines, read_start

_BLANKS = re.compile(r"[ \t\r\n]*")
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


class RepeatingObject(dict[str, Any]):
    """A JSON object in which names occur more than once; the last value of each counts.

    Attributes:
        repeated: These names.
    """

    repeated: frozenset[str] = frozenset()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeating = RepeatingObject(made)
    names = [name for name, _ in pairs]
    repeating.repeated = frozenset(name for name in made if names.count(name) > 1)
    return repeating


DECODER = json.JSONDecoder(object_pairs_hook=_object)
"""Reads JSON whose objects say which of their names occur more than once."""


class JsonItem(NamedTuple):
    """One row.

    Args:
        line: Its line, counted from 1, and in an array its number: `3`, or `1, item 2`.
        place: Its place in the array or object that holds it: `[2]`, `data[2]`; empty for a row of its own.
        value: What stands there.
    """

    line: str
    place: str
    value: Any


def read_json_items(path: InputFile, lists: Sequence[str] = ("data",)) -> Iterator[JsonItem]:
    """Reads the rows of a file, plain or .gz. It is UTF-8, as JSON is by its standard, or what its mark says.

    Each line may be a row, or the whole file an array of rows, or an object with a list of them. An array that
    begins with a text is a row, as spaCy writes them: `["text", {"entities": []}]`.

    Args:
        path: The file.
        lists: Members of an object that may be the list of rows.

    Raises:
        UserError: The file is not JSON; it cannot be read.
    """
    encoding = marked_encoding(read_start(path))
    if first_of_whole(path, encoding):
        yield from _items_of_text("\n".join(text for _, text in read_lines(path, encoding)), path, lists)
        return
    for line, text in read_lines(path, encoding):
        if text.strip():
            yield from read_json_line(text, path, line, lists)


def require_single_names(value: Any, place: str) -> None:
    """Checks that no object of a row, at any depth, has a name more than once: one of the values would be lost.

    Args:
        value: The row, of `DECODER`.
        place: Its place, for messages.

    Raises:
        UserError: One has.
    """
    level = [value]
    while level:
        for one in level:
            if isinstance(one, RepeatingObject):
                raise repeated_names(one.repeated, place)
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]


def repeated_names(names: Iterable[str], place: str) -> UserError:
    """The error for names that an object has more than once."""
    return UserError(
        f"A JSON object must have each name once. Received: {', '.join(map(repr, sorted(names)))} more than once "
        f"in {place}",
        "Rename the other ones, or take them out.",
    )


def read_json_line(
    text: str, path: InputFile, line: int, lists: Sequence[str] = ("data",)
) -> Iterator[JsonItem]:
    """Reads the rows on one line of a file, which is not blank; all else as `read_json_items`."""
    value = _decode_line(text, path, line)
    if isinstance(value, RepeatingObject) and (repeated := value.repeated.intersection(lists)):
        raise repeated_names(repeated, f"{path}:{line}")
    return _items_of_line(value, line, lists)


def fills_file(path: InputFile) -> bool:
    """Whether a file is one value over several lines, of which the first is none by itself.

    Raises:
        UserError: It cannot be read.
    """
    return bool(first_of_whole(path))


def first_of_whole(path: InputFile, encoding: str = "utf-8") -> str:
    """`[` or `{`, with which a file begins that is one value over several lines; nothing of another file."""
    first = next((text.strip() for _, text in read_lines(path, encoding) if text.strip()), "")
    return first[0] if first[:1] in ("[", "{") and not _is_json(first) else ""


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except ValueError:
        return False
    return True


def _decode_line(text: str, path: InputFile, line: int) -> Any:
    try:
        value, end = _decode(text, _skip(text, 0))
        if end < len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        return value
    except ValueError as error:
        raise UserError(
            f"Each line of a .jsonl file must be one JSON object. Received: {path}:{line} ({error})",
            "Write one object per line.",
        ) from error


def _items_of_line(value: Any, line: int, lists: Sequence[str]) -> Iterator[JsonItem]:
    """The rows of a value that stands on one line."""
    name, items = "", None
    if isinstance(value, list) and not (value and isinstance(value[0], str)):
        items = value
    elif isinstance(value, dict):
        name = next((name for name in lists if isinstance(value.get(name), list)), "")
        items = value[name] if name else None
    if items is None:
        yield JsonItem(str(line), "", value)
        return
    for index, item in enumerate(items):
        yield JsonItem(f"{line}, item {index + 1}", f"{name}[{index}]", item)


def _items_of_text(text: str, path: InputFile, lists: Sequence[str]) -> Iterator[JsonItem]:
    """The rows of a value that is the whole file."""
    line, counted = 1, 0
    try:
        for number, (place, name, item) in enumerate(_walk(text, lists), 1):
            line += text.count("\n", counted, place)
            counted = place
            yield JsonItem(f"{line}, item {number}" if name else str(line), name, item)
    except ValueError as error:
        where = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise not_json(f"{path}{where}", error) from error


def not_json(place: str, reason: object) -> UserError:
    """The error for a file of JSON that is neither lines nor a whole.

    Args:
        place: The file, and where it is known the line.
        reason: What is wrong there.
    """
    return UserError(
        f"A file whose lines are no JSON must be JSON as a whole. Received: {place} ({reason})",
        "Write one object per line, or all of them in one array.",
    )


Walk = Generator[tuple[int, str, Any], None, int]
"""Where each row begins, its place and itself; returns where what follows the last one begins."""


def _walk(text: str, lists: Sequence[str]) -> Iterator[tuple[int, str, Any]]:
    start = _skip(text, 0)
    end = yield from _walk_list(text, start, "") if text[start] == "[" else _walk_members(text, start, lists)
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)


def _walk_list(text: str, start: int, name: str) -> Walk:
    place, index = _skip(text, start + 1), 0
    while text[place : place + 1] != "]":
        value, end = _decode(text, place)
        yield place, f"{name}[{index}]", value
        place, index = _past_comma(text, end, "]"), index + 1
    return _skip(text, place + 1)


def _walk_members(text: str, start: int, lists: Sequence[str]) -> Walk:
    """The rows in the lists of an object; where it has none, the object."""
    members: list[tuple[str, Any]] | None = []
    place = _skip(text, start + 1)
    while text[place : place + 1] != "}":
        name, end = _decode(text, place)
        if not isinstance(name, str) or text[end : end + 1] != ":":
            raise json.JSONDecodeError("Expecting a name and ':'", text, place)
        place = _skip(text, end + 1)
        if name in lists and text[place : place + 1] == "[":
            members = None
            end = yield from _walk_list(text, place, name)
        else:
            value, end = _decode(text, place)
            if members is not None:
                members.append((name, value))
        place = _past_comma(text, end, "}")
    if members is not None:
        yield start, "", _object(members)
    return _skip(text, place + 1)


def _decode(text: str, place: int) -> tuple[Any, int]:
    """A value, and where what follows it begins."""
    try:
        value, end = DECODER.raw_decode(text, place)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if text.count("[", place, end) + text.count("{", place, end) > MAX_DEPTH:
        require_shallow(value)  # as slow as decoding, and rows are many
    return value, _skip(text, end)


def _past_comma(text: str, place: int, closing: str) -> int:
    """Where the next value begins after a comma; the place itself where nothing follows."""
    if text[place : place + 1] == closing:
        return place
    if text[place : place + 1] != ",":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
    following = _skip(text, place + 1)
    if text[following : following + 1] == closing:
        raise json.JSONDecodeError("Illegal trailing comma before end", text, place)
    return following


def _skip(text: str, place: int) -> int:
    """The next place that is not blank."""
    blanks = _BLANKS.match(text, place)
    return blanks.end() if blanks else place


def no_object(value: Any, place: str) -> UserError:
    """The error for a value that should be a JSON object, at a file and line."""
    return UserError(
        f"Each row of a JSON file must be an object. Received: {shown_value(value)} in {place}",
        'Write one object per line, as in {"text": "..."}, or all of them in one array.',
    )


def shown_value(value: Any) -> str:
    """A value of JSON in a message: `null`, `NaN`, `a list, ["a", "b"]`."""
    if value is None or isinstance(value, float | int):
        return json.dumps(value)
    text = json.dumps(value, ensure_ascii=False)
    kind = next(words for one, words in _KINDS.items() if isinstance(value, one))
    return f"{kind}, {text if len(text) <= 60 else text[:57] + '...'}"
