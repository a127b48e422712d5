"""JSON objects as rows: one a line, or all of them in one array; and what their fields hold, as text."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mbert_cli.data.table_columns import find_columns, repeated_columns, taken_for
from mbert_cli.data.text_files import read_lines
from mbert_cli.errors import UserError

_BLANKS = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


class _RepeatingObject(dict[str, Any]):
    """A JSON object with names that occur more than once; the last one counts."""

    repeated: frozenset[str] = frozenset()


def read_json_rows(
    path: Path, names: Sequence[str], encoding: str
) -> tuple[list[tuple[int, tuple[Any, ...]]], list[str]]:
    """Reads some fields of the objects of a file.

    Args:
        path: The file.
        names: The fields; in the file they may differ in case and outer blanks.
        encoding: As Python names it.

    Returns:
        The line of each object with the values of its fields, and what a person should know about the file.

    Raises:
        UserError: The file is not JSON, holds something else than objects, or one of them lacks a field.
    """
    is_array, items = read_json_values(path, encoding)
    rows: list[tuple[int, tuple[Any, ...]]] = []
    taken: dict[str, str] = {}
    for line, item in items:
        if not isinstance(item, dict):
            raise _no_object(path, line, item, is_array)
        if not all(name in item for name in names):
            fields = find_columns(names, list(item), f"{path}:{line}")
            taken |= dict(zip(names, fields, strict=True))
        else:
            fields = list(names)
        if isinstance(item, _RepeatingObject) and item.repeated & set(fields):
            raise repeated_columns(sorted(item.repeated & set(fields)), f"{path}:{line}")
        rows.append((line, tuple(item[field] for field in fields)))
    notes = [f"{path.name} is one JSON array; each of its objects is a row"] if is_array else []
    return rows, notes + taken_for(path, names, [taken.get(name, name) for name in names])


def read_json_values(path: Path, encoding: str = "utf-8") -> tuple[bool, Iterator[tuple[int, Any]]]:
    """The values of a file with one a line, or of one array that fills the file.

    Args:
        path: The file.
        encoding: As Python names it.

    Returns:
        Whether the file is an array, and its values with the lines where they begin, counted from 1; blank lines
        are left out.

    Raises:
        UserError: A line, or the array, is not JSON; the file cannot be read.
    """
    filled = (text for _, text in read_lines(path, encoding) if text.strip())
    first, second = next(filled, ""), next(filled, None)
    is_array = first.lstrip().startswith("[") and (second is None or not _is_json(first))
    return is_array, (_values_of_array if is_array else _values_of_lines)(path, encoding)


def text_of(value: Any, name: str, path: Path, line: int, may_be_null: bool = False) -> str:
    """A value of JSON, or a cell, as text: numbers and truth values as JSON writes them.

    Args:
        value: Text, a number, true or false.
        name: Its field, for messages.
        path: The file.
        line: Its line.
        may_be_null: Whether null is an empty text; else it is an error.

    Raises:
        UserError: It is null, a list, an object, NaN, infinite, or text that is no Unicode.
    """
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            raise UserError(
                "A text must be valid Unicode. "
                f"Received: half of a surrogate pair in {name!r} of {path}:{line}",
                "Correct the line, or take it out.",
            )
        return value
    if value is None and may_be_null:
        return ""
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    raise UserError(
        f"The field {name!r} must hold text or a number. Received: {shown_value(value)} in {path}:{line}",
        _hint(value),
    )


def shown_value(value: Any) -> str:
    """A value of JSON in a message: `null`, `NaN`, `a list, ["a", "b"]`."""
    if value is None or isinstance(value, float | int):
        return json.dumps(value)
    text = json.dumps(value, ensure_ascii=False)
    return f"{_KINDS[type(value)]}, {text if len(text) <= 60 else text[:57] + '...'}"


def _hint(value: Any) -> str:
    if isinstance(value, list):
        return "Several labels of a row are read with task.kind=multi_label; a text in pieces must be one string."
    if isinstance(value, dict):
        return "Name a field at the top of the object, or write the value there."
    return "Fill the line in, or take it out."


def _values_of_lines(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    for line, text in read_lines(path, encoding):
        if text.strip():
            try:
                yield line, json.loads(text, object_pairs_hook=_object)
            except (ValueError, RecursionError) as error:
                raise UserError(
                    f"Each line of a .jsonl file must be one JSON object. Received: {path}:{line} ({error})",
                    'Write one object a line, as in {"text": "..."}',
                ) from error


def _values_of_array(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    text = "\n".join(line for _, line in read_lines(path, encoding))
    try:
        yield from _items(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"A file that begins with [ must be one JSON array. Received: {path} ({error})",
            "Correct it, or write one object a line",
        ) from error


def _items(text: str) -> Iterator[tuple[int, Any]]:
    """The items of an array, each with the line where it begins; they are read one by one."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    place, line, counted = _skip_blanks(text, text.index("[") + 1), 1, 0
    is_open = text[place : place + 1] != "]"
    while is_open:
        line, counted = line + text.count("\n", counted, place), place
        value, place = decoder.raw_decode(text, place)
        yield line, value
        place = _skip_blanks(text, place)
        is_open = text[place : place + 1] == ","
        if is_open:
            place = _skip_blanks(text, place + 1)
    if text[place : place + 1] != "]":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
    if _skip_blanks(text, place + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, place + 1)


def _skip_blanks(text: str, place: int) -> int:
    return _BLANKS.match(text, place).end()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeating = _RepeatingObject(made)
    names = [name for name, _ in pairs]
    repeating.repeated = frozenset(name for name in made if names.count(name) > 1)
    return repeating


def _no_object(path: Path, line: int, value: Any, is_array: bool) -> UserError:
    what = "Each value of a JSON array" if is_array else "Each line of a .jsonl file"
    return UserError(
        f"{what} must be one JSON object. Received: {shown_value(value)} in {path}:{line}",
        'Write objects, as in {"text": "...", "label": "..."}',
    )
