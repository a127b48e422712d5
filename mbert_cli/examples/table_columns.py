"""The columns, or fields, of a file that the names in a recipe mean."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from mbert_cli.errors import UserError

NAME_COLUMNS = "Set task.text, task.second_text and task.label to columns of the file."
"""How the columns of a task are named."""

_MAX_NAMES = 40
"""Columns that a message shows."""

_LONG_NAME = 60
"""Characters of what is more likely an example than a name."""


def find_columns(
    wanted: Sequence[str], names: Sequence[str], place: str, separated: str = "", is_exact: bool = False
) -> list[str]:
    """The columns that wanted names mean.

    Args:
        wanted: The names that the recipe has.
        names: The names in the file.
        place: File and line, for messages.
        separated: How the names are separated, where that was not as the suffix says.
        is_exact: Whether a column must have exactly that name.

    Raises:
        UserError: A name means no column, or several, or the same as another name.
    """
    matches = {name: match_name(name, names) for name in wanted}
    if is_exact:
        matches = {name: [name] if name in names else [] for name in wanted}
    missing = [name for name, found in matches.items() if not found]
    if missing:
        raise _missing_columns(missing, names, place, separated)
    for name, found in matches.items():
        if len(found) > 1:
            raise UserError(
                f"The name of a column must mean one. Received: {name!r} for "
                f"{' and '.join(map(repr, found))} in {place}",
                "Name the column exactly as it is written there.",
            )
    repeated = [found[0] for found in matches.values() if names.count(found[0]) > 1]
    if repeated:
        raise repeated_columns(repeated, place)
    columns = [matches[name][0] for name in wanted]
    for column in columns:
        same = [name for name, found in zip(wanted, columns, strict=True) if found == column]
        if len(same) > 1:
            raise UserError(
                f"Each name of a column in the recipe must mean a column of its own. Received: "
                f"{' and '.join(map(repr, same))} for {column!r} in {place}",
                NAME_COLUMNS,
            )
    return columns


def match_name(wanted: str, names: Sequence[str]) -> list[str]:
    """The columns that a name means: the one that is equal, else those equal but for case and outer blanks."""
    if wanted in names:
        return [wanted]
    return [name for name in names if _folded(name) == _folded(wanted)]


def taken_for(path: Path, wanted: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Says which columns were taken for others' names, if any."""
    other = [f"{found!r} for {name!r}" for name, found in zip(wanted, columns, strict=True) if found != name]
    return [f"{path.name}: the column {', '.join(other)} is taken"] if other else []


def repeated_columns(names: Sequence[str], place: str) -> UserError:
    """The error for names that occur more than once."""
    return UserError(
        f"A column that the recipe names must occur once. Received: {', '.join(map(repr, names))} "
        f"more than once in {place}",
        "Rename the other columns.",
    )


def _missing_columns(missing: Sequence[str], names: Sequence[str], place: str, separated: str) -> UserError:
    hint = NAME_COLUMNS
    folded = {_folded(name): name for name in names}
    near = [
        folded[close[0]]
        for name in missing
        if (close := difflib.get_close_matches(_folded(name), folded, 1, 0.75))
    ]
    if near:
        hint += f" Did you mean {' and '.join(map(repr, near))}?"
    elif any(len(name) > _LONG_NAME or name.isdigit() for name in names):
        hint += " A file whose first line is an example needs a line of names above it."
    return UserError(
        f"A task file must have the columns that the recipe names, {', '.join(map(repr, missing))} too. "
        f"Received: {_shown(names) or 'no columns'}{separated and f', {separated},'} in {place}",
        hint,
    )


def _shown(names: Sequence[str]) -> str:
    short = [name if len(name) <= 2 * _LONG_NAME else f"{name[: 2 * _LONG_NAME]}..." for name in names]
    return ", ".join(map(repr, short[:_MAX_NAMES])) + (", ..." if len(names) > _MAX_NAMES else "")


def _folded(name: str) -> str:
    return name.strip(" \t\r\n\ufeff\u00a0").casefold()
