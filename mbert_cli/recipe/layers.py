"""What a recipe file says, and below it the file that it extends, as entries with their lines."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import RecipeFile, find_recipe, is_path, read_text
from mbert_cli.recipe.yaml_text import Entry, YamlProblem, plain, read_entries, written
from mbert_cli.runs.older_recipes import renewed

RECORD = re.compile(r"# mbert [a-z-]+: the resolved recipe of this run\n")
"""What the recipe of a run begins with."""


@dataclass(frozen=True)
class Layer:
    """The values of one place.

    Attributes:
        source: The place: a file as messages name it, or a flag.
        entries: What it says, as nested entries.
    """

    source: str
    entries: Mapping[str, Entry]


def file_layers(verb: str, file: RecipeFile) -> list[Layer]:
    """The layers of a recipe file, the one that it extends first.

    Raises:
        UserError: A file cannot be read, or extends what it must not.
    """
    entries = _read(verb, file)
    extended = entries.pop("extends", None)
    below = [] if extended is None else [_extended(verb, file, extended)]
    return [*below, Layer(file.shown, entries)]


def text_for_folder(verb: str, file: RecipeFile, folder: Path) -> str:
    """The text of a recipe file for another folder, from which the path of the file that it extends starts then.

    Raises:
        UserError: The file cannot be read.
    """
    text, entry = read_text(file), _read(verb, file).get("extends")
    extended = str(entry.value) if entry else ""
    if entry is None or not is_path(extended):
        return text
    lines = text.splitlines(keepends=True)
    path = os.path.relpath(file.path.parent / extended, folder)
    lines[entry.line - 1] = lines[entry.line - 1].replace(extended, path, 1)
    return "".join(lines)


def setting_layer(path: str, entry: Entry, origin: str) -> Layer:
    """One value of the command line as a layer."""
    first, *rest = path.split(".")
    for name in reversed(rest):
        entry = Entry({name: entry})
    return Layer(origin, {first: entry})


def value_at(layer: Layer, path: str) -> object:
    """The plain value that a layer has for a key; None where it has none."""
    entries: object = layer.entries
    for name in path.split("."):
        entry = entries.get(name) if isinstance(entries, Mapping) else None
        entries = entry.value if isinstance(entry, Entry) else None
    return plain(entries)


def _read(verb: str, file: RecipeFile) -> dict[str, Entry]:
    try:
        text = read_text(file)
        entries = read_entries(text)
        return _renewed(entries) if RECORD.match(text) else entries
    except YamlProblem as problem:
        raise UserError(
            f"{file.shown}:{problem.line}: {problem.message}",
            f"`mbert recipe show {verb} quickstart` prints a recipe that can be read.",
        ) from None


def _renewed(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """What a run recorded as its recipe, in the keys of today."""
    recipe = {key: plain(entry.value) for key, entry in entries.items()}
    values = renewed(recipe)
    return dict(entries) if values == recipe else {key: _entry(value) for key, value in values.items()}


def _entry(value: object) -> Entry:
    return Entry({key: _entry(inner) for key, inner in value.items()} if isinstance(value, dict) else value)


def _extended(verb: str, file: RecipeFile, entry: Entry) -> Layer:
    where = f"{file.shown}:{entry.line}"
    if not isinstance(entry.value, str):
        raise UserError(
            f"{where}: extends must be the name or the path of a recipe. Received: {written(plain(entry.value))}"
        )
    try:
        extended = find_recipe(verb, entry.value, file.path.parent)
    except UserError as error:
        raise UserError(f"{where}: {error.message}", error.hint) from None
    entries = _read(verb, extended)
    if "extends" in entries:
        raise UserError(
            f"{where}: a recipe can extend only one that extends none. Received: {entry.value}, which extends "
            f"{written(plain(entries['extends'].value))}",
            "Copy the keys that you need, or extend the recipe that it extends.",
        )
    return Layer(extended.shown, entries)
