"""Labels that a cell of text writes as a list, as JSON, Python and NumPy write it."""

import ast
import json
import re
from typing import Any

_STRING = r"""[bBuU]?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_ITEM = rf"""(?:{_STRING}|[^\s,'"()\[\]{{}}]+)"""
_ANY_ITEM = re.compile(_ITEM, re.DOTALL)
_WITH_COMMAS = re.compile(rf"{_ITEM}(?:\s*,\s*{_ITEM})*(?:\s*,)?", re.DOTALL)
_WITH_BLANKS = re.compile(rf"{_ITEM}(?:\s+{_ITEM})*", re.DOTALL)
"""How NumPy writes an array. Python would take strings that stand so for one."""

_CLOSING = {"[": "]", "(": ")", "{": "}"}


def listed_labels(cell: str) -> list[Any] | None:
    """The labels of a cell that is a list, a tuple or a set of constants, or a NumPy array of one axis.

    Args:
        cell: A cell of a table, such as `['sea', 'money']`, `["sea"]`, `('sea',)`, `{'sea'}`, `[0 2]` or `[]`.

    Returns:
        What stands in it, as JSON has it and bytes as text in UTF-8; None where the cell is no such list.
    """
    text = cell.strip()
    if text == "set()":
        return []
    if len(text) < 2 or _CLOSING.get(text[0]) != text[-1]:
        return None
    if text[0] == "[" and (found := _json_list(text)) is not None:
        return found
    inside = text[1:-1].strip()
    if not inside:
        return None if text[0] == "{" else []
    is_list = _WITH_COMMAS.fullmatch(inside) and not (text[0] == "(" and _ANY_ITEM.fullmatch(inside))
    if not is_list and not (text[0] == "[" and _WITH_BLANKS.fullmatch(inside)):
        return None
    try:
        return [_constant(item) for item in _ANY_ITEM.findall(inside)]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def is_in_brackets(cell: str) -> bool:
    """Whether a cell as a whole stands in brackets, as `[sea; money]` does and `[a] or [b]` does not."""
    text = cell.strip()
    closing = _CLOSING.get(text[:1])
    depth = 0
    for place, character in enumerate(text):
        depth += (character == text[0]) - (character == closing)
        if closing is None or not depth:
            return closing is not None and place == len(text) - 1
    return False


def _json_list(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _constant(written: str) -> Any:
    """A constant as JSON has it; raises a `ValueError` or a `SyntaxError` for anything else."""
    value = ast.literal_eval(written)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError(written)
    return value
