"""JSON objects as rows, and what their fields hold, as text."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.examples.prodigy import say_left_out, why_left_out, with_chosen
from mbert_cli.examples.table_columns import find_columns, repeated_columns, taken_for
from mbert_cli.text.json_items import RepeatingObject, no_object, read_json_items, shown_value

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json_rows(
    path: Path, names: Sequence[str], num_labels: int = 0
) -> tuple[list[tuple[int | str, tuple[Any, ...]]], list[str]]:
    """Reads some fields of the objects of a file, which stand one per line, in an array or in a list `data`.

    Args:
        path: The file.
        names: The fields; in the file they may differ in case and outer blanks.
        num_labels: How many of the last names are those of labels. With any, rows that were rejected or ignored in
            Prodigy are left out; one that is missing may be the options that were chosen there.

    Returns:
        The line of each object, such as `3` or `3, item 2`, with the values of its fields, and what a person should
        know about the file.

    Raises:
        UserError: The file is not JSON, holds something other than objects, or one of them lacks a field.
    """
    rows: list[tuple[int | str, tuple[Any, ...]]] = []
    taken: dict[str, str] = {}
    held_by, left_out = "", Counter[str]()
    for item in read_json_items(path, _lists(path, names)):
        held_by = held_by or item.place.partition("[")[0] or item.place[:1]
        place = f"{path}:{item.line}"
        if not isinstance(item.value, dict):
            raise no_object(item.value, place)
        if num_labels and "answer" not in names and (reason := why_left_out(item.value)):
            left_out[reason] += 1
            continue
        fields = with_chosen(names, item.value) if num_labels == 1 else list(names)
        if not item.value.keys() >= set(names):
            fields = find_columns(fields, list(item.value), place)
            taken |= dict(zip(names, fields, strict=True))
        if isinstance(item.value, RepeatingObject) and item.value.repeated.intersection(fields):
            raise repeated_columns(sorted(item.value.repeated.intersection(fields)), place)
        line = int(item.line) if item.line.isdigit() else item.line
        rows.append((line, tuple([item.value[field] for field in fields])))
    what = "a JSON array" if held_by == "[" else f"the list {held_by!r} of a JSON object"
    notes = [f"{path.name}: the rows are the items of {what}"] if held_by else []
    notes += say_left_out(path.name, left_out)
    return rows, notes + taken_for(path, names, [taken.get(name, name) for name in names])


def _lists(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The members that hold the rows: `data` of an object that is not a row itself."""
    first = next((item.value for item in read_json_items(path, ())), None)
    is_row = not isinstance(first, dict) or not first.keys().isdisjoint(names)
    return () if is_row else ("data",)


def text_of(value: Any, name: str, path: Path, line: int | str, may_be_null: bool = False) -> str:
    """A value of JSON, or a cell, as text: numbers and truth values as JSON writes them.

    Args:
        value: Text, a number, true or false.
        name: Its field, for messages.
        path: The file.
        line: Its line.
        may_be_null: Whether null is an empty text; else it is an error.

    Raises:
        UserError: It is null, a list, an object, NaN, infinite, or text that is not valid Unicode.
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


def _hint(value: Any) -> str:
    if isinstance(value, list):
        return "Several labels of a row are read with task.kind=multi_label; a text in pieces must be one string."
    if isinstance(value, dict):
        return "Name a field at the top of the object, or write the value there."
    return "Fill the line in, or take it out."
