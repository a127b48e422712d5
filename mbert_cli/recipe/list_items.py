"""What is wrong with an item of a list of sections, said as it is said of a section."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from mbert_cli.recipe.keys import Key, discriminator_of, item_keys, item_tag, items_of, variants_of
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.yaml_text import written
from mbert_cli.section import Section
from mbert_cli.word_lists import joined

WrongValue = Callable[[Key, object], str]
"""Says what a key takes and what it got."""


def wrong_item(
    verb: str, values: Mapping[str, object], problem: Mapping[str, Any], wrong_value: WrongValue
) -> tuple[str, str] | None:
    """The path of what pydantic refused in an item, and a sentence; None where it lies in no list of sections.

    Args:
        verb: The verb of the recipe.
        values: The recipe as nested plain values.
        problem: One of pydantic's errors.
        wrong_value: What is said of a value that a key does not take.
    """
    found = _item_at(values, problem["loc"])
    field = _field_at(RECIPES[verb], found[0], values) if found else None
    if found is None or field is None or not items_of(field.annotation):
        return None
    names, number, item, inner = found
    path = ".".join([*names, str(number)])
    if not inner:
        return _wrong_as_a_whole(path, field, item)
    if len(inner) == 1:  # a rule over several keys of the item
        return path, f"{path}: {problem['msg']}"
    tag, name = str(inner[0]), str(inner[1])
    keys, place = item_keys(field, path, tag), f"{path}.{name}"
    if name not in keys:
        near = difflib.get_close_matches(name, keys, n=1)
        more = f"Did you mean {path}.{near[0]}?" if near else f"The keys of {path} are {', '.join(keys)}."
        return place, f"{place}: unknown key. {more}"
    if problem["type"] == "missing":
        return place, f"{place} is missing: it must be {keys[name].accepts}."
    return place, wrong_value(keys[name], item.get(name) if isinstance(item, Mapping) else None)


def _wrong_as_a_whole(path: str, field: FieldInfo, item: object) -> tuple[str, str]:
    """What is said of an item that is no section, or of none that is known."""
    tag, choices = item_tag(field.annotation), joined(list(items_of(field.annotation)))
    if not isinstance(item, Mapping):
        return path, f"{path} must be a section with {tag}: {choices}. Received: {written(item)}"
    if tag not in item:
        return f"{path}.{tag}", f"{path}.{tag} is missing: it must be {choices}."
    return f"{path}.{tag}", f"{path}.{tag} must be {choices}. Received: {written(item[tag])}"


def _item_at(
    values: Mapping[str, object], location: Sequence[str | int]
) -> tuple[list[str], int, object, Sequence[str | int]] | None:
    """The names that lead to a list, the number of the item, the item, and the rest of the location."""
    names: list[str] = []
    value: object = values
    for index, part in enumerate(location):
        if isinstance(value, list) and isinstance(part, int):
            return names, part, value[part], location[index + 1 :]
        if isinstance(value, Mapping) and part in value:
            names.append(str(part))
            value = value[str(part)]
    return None


def _field_at(section: type[Section], names: Sequence[str], values: Mapping[str, object]) -> FieldInfo | None:
    """The field that names lead to, through the sections that the values have chosen."""
    field: FieldInfo | None = None
    chosen: type[Section] | None = section
    value: object = values
    for name in names:
        field = chosen.model_fields.get(name) if chosen else None
        value = value.get(name) if isinstance(value, Mapping) else None
        if field is None:
            return None
        tag = discriminator_of(field)
        chosen = variants_of(field).get(str(value.get(tag)) if tag and isinstance(value, Mapping) else "")
    return field
