"""The columns of a row by their names; `meta.language` is the member language of the column meta."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.text.json_items import RepeatingObject, repeated_names, shown_value

_SHOWN_CHARACTERS, _SHOWN_NAMES = 40, 20

MISSING = object()
"""Stands for the value of a column that a row does not have."""


def value_of(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or of a member of one; `MISSING` where there is none.

    Args:
        row: Values by column.
        column: Its name. A column that has dots in its name goes before a member.
    """
    if column in row:
        return row[column]
    for first, rest in _splits(column):
        inner = row.get(first)
        if rest and isinstance(inner, Mapping):
            return value_of(inner, rest)
    return MISSING


def _splits(column: str) -> list[tuple[str, str]]:
    """Each name that may stand in a row for a column with dots, and the path within it: `a` and `b`, `a.b` and none."""
    parts = column.split(".")
    return [(".".join(parts[:size]), ".".join(parts[size:])) for size in range(1, len(parts) + 1)]


def require_once(row: Mapping[str, Any], column: str, place: str) -> None:
    """Checks that a row of JSON has a column, and what it is a member of, once.

    Args:
        row: Values by column.
        column: As for `value_of`.
        place: Of the row, for messages.

    Raises:
        UserError: It has one more often.
    """
    for name, rest in _splits(column):
        if isinstance(row, RepeatingObject) and name in row.repeated:
            raise repeated_names([name], place)
        inner = row.get(name)
        if rest and isinstance(inner, Mapping):
            require_once(inner, rest, place)


def document_text(row: Mapping[str, Any], column: str, place: str) -> str:
    """The text of a row; the texts of a list are its paragraphs, and an empty list is an empty text.

    Args:
        row: Values by column.
        column: Where the text is.
        place: Of the row, for messages.

    Raises:
        UserError: There is none, or it is no text.
    """
    text = value_of(row, column)
    if isinstance(text, list) and all(isinstance(item, str) for item in text):
        text = "\n\n".join(text)
    if not isinstance(text, str):
        raise _without_text(row, column, place, text)
    if not text.isascii():
        _require_unicode(text, place)
    return text


def _require_unicode(text: str, place: str) -> None:
    """Checks what JSON may write and no file in UTF-8 can have."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = ascii(text[error.start])[1:-1]
        raise UserError(
            f"A text must be valid Unicode. Received: {place} with half of a surrogate pair, {found}",
            "Correct the row; writers of JSON that cut texts anywhere leave such halves.",
        ) from error


def _without_text(row: Mapping[str, Any], column: str, place: str, text: Any) -> UserError:
    hint = "Correct the row, or set corpus.text to a column of texts"
    if text is None or (text is MISSING and _is_in_null(row, column)):
        found = "null there"
        hint = f"Correct the row, or leave out rows without text: --set 'corpus.where={column} is not None'"
    elif text is MISSING:
        found = shown_names(row) if row else "no column"
        hint = "Set corpus.text to the column that holds the text"
    else:
        found = f"{shown_value(text)} there" if _is_json(text) else f"{type(text).__name__} there"
    return UserError(
        f"Each row of a table of documents must have text in the column {column!r}. Received: {place} with {found}",
        hint,
    )


def _is_in_null(row: Mapping[str, Any], column: str) -> bool:
    """Whether a member belongs to a column, or to a member of one, that is null in this row."""
    parts = column.split(".")
    return any(value_of(row, ".".join(parts[:size])) is None for size in range(1, len(parts)))


def _is_json(value: Any) -> bool:
    return isinstance(value, str | int | float | list | dict)


def shown_names(names: Iterable[str]) -> str:
    """Names in a message: the first of many, each with its blanks or cut where it has some or is long."""
    known = list(names)
    shown = [
        repr(f"{name[:_SHOWN_CHARACTERS]}...") if len(name) > _SHOWN_CHARACTERS
        else repr(name) if name != name.strip() else name
        for name in known[:_SHOWN_NAMES]
    ]  # fmt: skip
    return ", ".join(shown) + ", ..." * (len(known) > _SHOWN_NAMES) or "none"


def _hint_for_missing(path: object, missing: Sequence[str]) -> str:
    """What to set; of a column that names of folders stand for, as Hive and Spark write them, a pattern chooses."""
    folders = str(path).split("/")[:-1]
    partition = next((name for name in missing if any(one.startswith(f"{name}=") for one in folders)), None)
    if partition is None:
        return (
            "Set corpus.text to the column with the text, and name columns of the file in corpus.where, where texts "
            "stand in quotes: language == 'en'."
        )
    return (
        f"The value of {partition!r} stands in the names of folders: choose by a pattern of corpus.globs, as in "
        f"**/{partition}=VALUE/*, and leave it out of corpus.where."
    )


def require_names(
    path: object,
    columns: Sequence[str],
    names: Sequence[str],
    known: Sequence[str],
    repeated: Collection[str] = (),
) -> None:
    """Checks that a table has the columns that are wanted, and each once.

    Args:
        path: The table.
        columns: Those that are wanted.
        names: Those that it has, members of columns included.
        known: Those that messages name.
        repeated: Members of columns of which it has several.

    Raises:
        UserError: It lacks one, or has it twice.
    """
    missing = [name for name in columns if name not in names]
    twice = [name for name in columns if name in repeated or list(known).count(name) > 1]
    if missing:
        raise UserError(
            f"A table of documents must have the columns that are named. Received: {path} without "
            f"{', '.join(map(repr, missing))}; it has {shown_names(known)}",
            _hint_for_missing(path, missing),
        )
    if twice:
        raise UserError(
            f"A column of a table of documents must have a name of its own. Received: {path} with several called "
            f"{', '.join(map(repr, twice))}",
            "Rename them in the file.",
        )
