"""The recipe that a run recorded, which may lack keys that came later."""

import contextlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mbert_cli.recipe.keys import defaults_of
from mbert_cli.recipe.schema import OTHER_KINDS, RECIPES
from mbert_cli.section import Section


def completed(recorded: Mapping[str, Any], recipe: Section) -> dict[str, Any]:
    """The recorded values, and for keys that the recording version did not have what they are by default today.

    A key that is added is by default what the program did without it, so that runs of older versions continue.

    Args:
        recorded: Nested plain values.
        recipe: The recipe of the command, whose classes say which keys there are.
    """
    values = {**defaults_of(type(recipe)), **recorded}
    for name in type(recipe).model_fields:
        section, held = getattr(recipe, name), values.get(name)
        if isinstance(section, Section) and isinstance(held, Mapping):
            values[name] = completed(held, section)
    return values


def validated(kind: str, recorded: Mapping[str, Any], *, exclude_defaults: bool = False) -> dict[str, Any]:
    """The recorded values and the defaults of keys that came later; unchanged where this version knows no such recipe.

    Args:
        kind: The kind of the run.
        recorded: Nested plain values.
        exclude_defaults: Leave out whatever is what it is by default.
    """
    known = {**RECIPES, **OTHER_KINDS}.get(kind)
    if known is not None:
        with contextlib.suppress(ValidationError):
            recipe = known.model_validate(recorded)
            return recipe.model_dump(mode="json", exclude_defaults=exclude_defaults)
    return dict(recorded)
