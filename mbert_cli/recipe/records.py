"""The recipe that a run recorded beside that of a command, which may have keys that came later."""

from collections.abc import Mapping
from typing import Any

from mbert_cli.recipe.keys import defaults_of
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
