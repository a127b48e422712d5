"""What the fields of a configuration may be: their types, which are known, and which change nothing."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mbert_cli.errors import UserError
from mbert_cli.json_text import parse_json
from mbert_cli.weights.fields import (
    ALIASES,
    CONFIGURATION_FIELDS,
    DEFAULTS,
    EXTRA_TYPES,
    GENERATION,
    IGNORED,
    OTHER_CLASS,
    PASSED_OVER,
    REQUIRED_VALUES,
)

RESTORE = "Restore the file that was saved with the weights."
ALLOW_UNKNOWN = "--allow-unknown passes over fields that change no arithmetic."

_SHOWN = 200  # characters of a value that a message spells out
_TYPES = {int: "a whole number", float: "a number", bool: "true or false", str: "a name"}
Passed: TypeAlias = tuple[tuple[Any, ...], str]
"""Values of a field that need no word, and why any other one is passed over."""


def check_names(values: Mapping[str, Any], path: Path) -> None:
    """Checks the fields that say which model it is, before anything else is read by them.

    Raises:
        UserError: One of them is not a name.
    """
    for name in ("model_type", "hidden_act", "activation", "normalization_type"):
        if not isinstance(values.get(name, ""), str | None):
            raise UserError(f"{name} must be a name. Received: {shown(values[name])} in {path}", RESTORE)
    named = values.get("architectures")
    if named is not None and (not isinstance(named, list) or not all(isinstance(one, str) for one in named)):
        raise UserError(f"architectures must be a list of names. Received: {shown(named)} in {path}", RESTORE)


def with_usual_names(values: Mapping[str, Any], family: str, path: Path) -> dict[str, Any]:
    """The fields under the names that the tables have, where a family knows several.

    Raises:
        UserError: Two names of one field contradict each other.
    """
    found = dict(values)
    for alias, usual in ALIASES[family].items():
        value = found.pop(alias, None)
        if value is not None and found.setdefault(usual, value) != value:
            raise UserError(
                f"{alias} and {usual} are one field of {family}. "
                f"Received: {shown(value)} and {shown(found[usual])} in {path}",
                f"Take the one that the weights do not have out of {path.name}.",
            )
    return found


def check_types(values: Mapping[str, Any], family: str, path: Path) -> None:
    """Checks that numbers are numbers, and not text that looks like one; null stands for the default.

    Raises:
        UserError: A field is of another type.
    """
    wanted = EXTRA_TYPES | {name: type(value) for name, value in DEFAULTS["huggingface", family].items()}
    for name, kind in wanted.items():
        value = values.get(name)
        if value is None or _is(value, kind):
            continue
        is_text = isinstance(value, str) and kind is not str
        raise UserError(
            f"{name} must be {_TYPES[kind]}. Received: {shown(value)}{', a text,' if is_text else ''} in {path}",
            f"Write it without quotes, as `\"{name}\": {value.strip()}`." if is_text and _looks_like(value, kind)
            else RESTORE,
        )  # fmt: skip


def _is(value: object, kind: type) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _looks_like(text: str, kind: type) -> bool:
    try:
        return _is(parse_json(text), kind)
    except ValueError:
        return False


def require_known(values: Mapping[str, Any], family: str, path: Path, allow_unknown: bool) -> list[str]:
    """Checks that every field is known, and that none asks for what cannot be computed.

    Args:
        values: The fields.
        family: bert, mobilebert or distilbert.
        path: The file, for messages.
        allow_unknown: Whether to accept fields that nothing is known about.

    Returns:
        A note for each field that nothing is known about.

    Raises:
        UserError: There is one, or one that asks for other arithmetic.
    """
    known = (
        set(CONFIGURATION_FIELDS[family])
        | IGNORED
        | GENERATION
        | set(PASSED_OVER)
        | set(REQUIRED_VALUES["bert"])
        | _fields_of_others(family)
    )
    unknown = {name: value for name, value in values.items() if name not in known}
    strange = {name: value for name, value in unknown.items() if value is not None}
    if strange and not allow_unknown:
        raise UserError(
            "Every field of a configuration must be known, or weights would be misread. "
            f"Received: {', '.join(f'{name}: {shown(value)}' for name, value in strange.items())} in {path}",
            f"{_hint_at(list(strange), family)}{ALLOW_UNKNOWN}",
        )
    for name, required in REQUIRED_VALUES[family].items():
        if name in values and _without_empty(values[name]) not in (required, None):
            raise UserError(
                f"{name} must be {json.dumps(required)}. Received: {shown(values[name])} in {path}",
                "Models with another value compute what mbert does not; take a checkpoint with this one.",
            )
    return [
        f"{name} {shown(value)} is passed over: nothing is known about it" for name, value in unknown.items()
    ]


def _without_empty(value: object) -> object:
    """Whether heads to prune are given, but none are named, as in `{"0": []}`."""
    return {key: part for key, part in value.items() if part} if isinstance(value, dict) else value


def _hint_at(unknown: list[str], family: str) -> str:
    """What may be meant by fields that no family has."""
    nearest = difflib.get_close_matches(unknown[0], CONFIGURATION_FIELDS[family], 1)
    return f"Did you mean {nearest[0]}? " if nearest else ""


def _fields_of_others(family: str) -> set[str]:
    """Fields of a size that other families have and this one has not, where its arrays show whether it is one."""
    others = {name for fields in CONFIGURATION_FIELDS.values() for name in fields}
    return others - set(CONFIGURATION_FIELDS[family])


def find_passed_over(values: Mapping[str, Any], family: str, file_format: str) -> list[str]:
    """A note for each field that says something and changes nothing."""
    read = set(REQUIRED_VALUES[family]) | (
        set(CONFIGURATION_FIELDS[family]) if file_format == "huggingface" else set()
    )
    others: Mapping[str, Passed] = dict.fromkeys(sorted(_fields_of_others(family)), ((), OTHER_CLASS))
    return [
        f"{name} {shown(values[name])} is passed over: {reason}"
        for name, (usual, reason) in {**others, **PASSED_OVER}.items()
        if name in values and name not in read and values[name] not in (*usual, None)
    ]


def shown(value: Any) -> str:
    """A value as the file writes it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
