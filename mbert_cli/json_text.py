"""JSON that somebody else may have written or damaged: whatever cannot be read is a ValueError.

Python ends in a RecursionError where brackets are nested a thousand deep, and again where such a value is shown. No
file of a model, a run or a data set nests more than a few, so that `MAX_DEPTH` is the rule.
"""

import json
from pathlib import Path
from typing import Any

MAX_DEPTH = 100
"""Lists and objects inside each other."""

TOO_DEEP = f"it is nested more than {MAX_DEPTH} deep"
"""What a message says of other JSON."""


def json_bytes(value: object) -> bytes:
    """A value as a file holds it that people read too: indented, in UTF-8."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # Half a character, as in the name of a file whose bytes are no UTF-8, is escaped as JSON does.
    return text.encode(errors="backslashreplace")


def write_json(path: Path, value: object) -> None:
    """Writes a file of JSON; raises OSError."""
    path.write_bytes(json_bytes(value))


def read_json(path: Path, encoding: str = "utf-8") -> Any:
    """Reads a file of JSON.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not text in this encoding, not JSON, or nested too deeply.
    """
    return parse_json(path.read_text(encoding=encoding))


def parse_json(text: str | bytes) -> Any:
    """Reads JSON.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    require_shallow(value)
    return value


def require_shallow(value: object) -> None:
    """Checks that a value of JSON is not nested more than `MAX_DEPTH` deep.

    Raises:
        ValueError: It is.
    """
    depth, level = 0, [value]
    while level:
        depth += 1
        nested = [part for part in level if isinstance(part, dict | list)]
        if nested and depth > MAX_DEPTH:
            raise ValueError(TOO_DEEP)
        level = [inner for part in nested for inner in (part.values() if isinstance(part, dict) else part)]


def read_object(path: Path) -> dict[str, Any]:
    """Reads a file that holds a JSON object; an empty one where there is no such file."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
