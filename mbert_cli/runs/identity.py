"""Whether a command continues the run in its directory: the same verb, inputs and recipe, or more steps of it."""

import json
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.runs.content import Content, Contents, read_contents
from mbert_cli.runs.listing import INPUTS_FILE, read_origin

PLACES = ("hosts", "plan", "cluster")
"""Sections of a recipe that say where a run is computed: they change nothing in it, and it does not record them."""
FREE = ("train.rematerialize", "cache.folder")
"""Keys that a run records and that may change under way: they decide how or where it is computed, and not what."""

_ABSENT = object()
_HINT = "`--fresh` moves the old run aside, `--run DIR` uses another directory."

Changes = Mapping[str, tuple[object, object]]
"""Values of recipe keys before and now."""


@dataclass(frozen=True)
class Growth:
    """How a run may become longer than it was begun.

    Attributes:
        keys: Recipe keys whose increase continues the run; null means without end.
        takes_effect: Told the keys that have grown. Returns whether they change anything; raises where the run cannot
            continue with them.
        files: Recipe keys that name files, of which there may be more than a finished run has read, and others as long
            as it is not finished.
    """

    keys: tuple[str, ...]
    takes_effect: Callable[[Changes], bool]
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Continuation:
    """How a command differs from the run that it continues.

    Attributes:
        moved: Inputs that lie elsewhere and hold the same.
        grown: Keys that make the run longer.
    """

    moved: Changes = field(default_factory=dict)
    grown: Changes = field(default_factory=dict)


def compare_with_run(
    path: Path,
    kind: str,
    recipes: tuple[dict[str, Any], dict[str, Any]],
    contents: Contents,
    growth: Growth | None,
) -> Continuation:
    """Compares what a command brings with the run that is in its directory.

    Args:
        path: The directory of a run.
        kind: What kind of run the command makes.
        recipes: The recorded recipe and the command's, as plain values.
        contents: What the command's inputs hold.
        growth: How the run may become longer; None where it may not.

    Raises:
        UserError: The run is of another command, of another recipe, began with other inputs, or would become shorter.
    """
    made_by = read_origin(path).get("verb", kind)
    if made_by != kind:
        raise UserError(
            f"A run directory belongs to one command. Received: {kind} for {path}, a {made_by} run", _HINT
        )
    recorded = read_contents(path / INPUTS_FILE)
    changes = _changes(*(_flat(_without_places(recipe)) for recipe in recipes))
    same = {key for key in contents if key in recorded and contents[key].identity == recorded[key].identity}
    moved = {key: both for key, both in changes.items() if key in same and contents[key].kind != "packages"}
    growing = {key: both for key, both in changes.items() if growth and key in growth.keys}
    added = _added_files(recipes, contents, recorded, growth, same)
    allowed = {*moved, *growing, *added, *FREE}
    files = {key for key in (growth.files if growth else ()) if key in contents and key in recorded}
    _refuse_other_recipe(
        path,
        {key: both for key, both in changes.items() if key not in allowed},
        {key: _differences(contents[key], recorded[key]) for key in files},
    )
    others = {key: contents[key] for key in contents if key not in {*same, *added}}
    _refuse_other_contents(path, recorded, others)
    _refuse_fewer(path, growing)
    is_longer = bool(growing) and growth is not None and growth.takes_effect(growing)
    return Continuation(moved, (growing if is_longer else {}) | added)


def _added_files(
    recipes: tuple[dict[str, Any], dict[str, Any]],
    contents: Contents,
    recorded: Contents,
    growth: Growth | None,
    same: Set[str],
) -> dict[str, tuple[object, object]]:
    """Keys that name more files than before, or any where it was not recorded yet what was read."""
    old, new = map(_flat, recipes)
    added = {}
    for key in set(growth.files if growth else ()) - same:
        both = old.get(key, _ABSENT), new.get(key, _ABSENT)
        was_read = key in contents and key in recorded
        if contents[key].includes(recorded[key]) if was_read else both[0] != both[1]:
            added[key] = both
    return added


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    both = {key: (old.get(key, _ABSENT), new.get(key, _ABSENT)) for key in {**old, **new}}
    return {key: values for key, values in both.items() if values[0] != values[1]}


def _refuse_other_recipe(path: Path, changes: Changes, reasons: Mapping[str, str]) -> None:
    """Refuses other values; `reasons` says of keys that may name more files why these are not more."""
    if changes:
        lines = [
            f"\n  {key}: {_shown(new)} (the run in {path} has {_shown(old)})"
            f"{f'; {reasons[key]}' if key in reasons else ''}"
            for key, (old, new) in changes.items()
        ]
        raise UserError(
            f"A run directory belongs to one recipe. Received: another one for {path}" + "".join(lines), _HINT
        )


def _differences(now: Content, before: Content) -> str:
    phrases = now.differences(before)
    return "; ".join([*phrases[:3], *([f"and {len(phrases) - 3:,} more"] if len(phrases) > 3 else ())])


def _refuse_other_contents(path: Path, recorded: Contents, contents: Contents) -> None:
    lines = []
    for key in contents.keys() & recorded.keys():
        place = f"in {contents[key].path} " if contents[key].kind == "folder" else ""
        lines.append(f"\n  {key}: {place}{_differences(contents[key], recorded[key])}")
    if lines:
        raise UserError(
            f"A run continues with the inputs that it began with. Received: others for {path}"
            + "".join(sorted(lines)),
            "`--fresh` moves the old run aside and begins anew with what is there now, `--run DIR` uses another "
            "directory.",
        )


def _refuse_fewer(path: Path, growing: Changes) -> None:
    fewer = [f"{key} {_shown(new)} for {path}, which has {_shown(old)}"
             for key, (old, new) in growing.items() if not _is_more(old, new)]  # fmt: skip
    if fewer:
        raise UserError(
            f"A run can continue for more steps, never for fewer. Received: {'; '.join(fewer)}", _HINT
        )


def _is_more(old: object, new: object) -> bool:
    return new is None or (isinstance(old, int) and isinstance(new, int) and new > old)


def _without_places(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in recipe.items() if key not in PLACES}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Nested mappings, and lists of them, as one: {"train.steps": 200, "corpus.mix.0.weight": 1.0}."""
    flat: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            value = {str(number): item for number, item in enumerate(value)}
        flat |= _flat(value, f"{name}.") if isinstance(value, Mapping) and value else {name: value}
    return flat


def _shown(value: object) -> str:
    return "no such key" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
