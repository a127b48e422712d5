"""The keys of a verb's recipes, read from the schema: what each accepts, its default and its help."""

import functools
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from mbert_cli.recipe.schema import CHOOSERS, FORMS, RECIPES
from mbert_cli.section import Section
from mbert_cli.word_lists import joined

NO_DEFAULT = object()
"""Stands for the default of a key that has none."""


@dataclass(frozen=True)
class Key:
    """One key of a recipe.

    Attributes:
        path: Full path, such as `train.optimizer.learning_rate`.
        help: The help text, on one line.
        accepts: The values it takes in words, such as `a whole number of 1 or more`.
        default: The schema's default, or `NO_DEFAULT`.
        types: The types of the values it takes: `str`, `list[str]`, `Literal["auto"]`.
        choices: The words it takes when these are few, otherwise empty.
        is_section: Whether further keys stand under it.
        is_discriminator: Whether its value decides which keys its section has.
        variant: For a key that not every variant of its section has: `task.source: glue`.
    """

    path: str
    help: str
    accepts: str
    default: object
    types: tuple[Any, ...] = ()
    choices: tuple[str, ...] = ()
    is_section: bool = False
    is_discriminator: bool = False
    variant: str = ""


@functools.cache
def keys_of(verb: str) -> tuple[Key, ...]:
    """All keys of a verb's recipes, sections before their keys, in the order of the schema.

    A key of several variants of a section stands once for each variant, and one of several forms of a verb's recipes
    once for each form.
    """
    if verb not in FORMS:
        return tuple(_keys(RECIPES[verb], "", "", {}))
    return tuple(_grouped([key for form in FORMS[verb] for key in _keys_of_form(verb, form)]))


def _keys_of_form(verb: str, form: str) -> Iterator[Key]:
    """The keys of one form, whose variant is that form unless they are of a variant within."""
    chooser, forms = CHOOSERS[verb], list(FORMS[verb])
    section, _, tag = chooser.rpartition(".")
    for key in _keys(FORMS[verb][form], "", f"{chooser}: {form}", {}):
        if key.is_discriminator and key.path == chooser and form != forms[0]:
            key = replace(key, default=NO_DEFAULT)
        elif key.path == section:
            key = replace(key, accepts=f"a section with {tag}: {joined(forms)}")
        if key.variant == f"{chooser}: {form}" or not key.variant.startswith(f"{chooser}: "):
            yield key


def _grouped(keys: Sequence[Key]) -> list[Key]:
    """The keys of several forms in one order: sections before their keys, and what has the same path together."""
    places: dict[str, int] = {}
    for key in keys:
        places.setdefault(key.path, len(places))

    def place(key: Key) -> list[int]:
        parts = key.path.split(".")
        return [places[".".join(parts[: count + 1])] for count in range(len(parts))]

    return sorted(keys, key=place)


def variants_of(field: FieldInfo) -> dict[str, type[Section]]:
    """The sections a field can hold: none, one named "", or several named by their discriminator's value."""
    parts = map(_unwrapped, _alternatives(field.annotation))
    sections = [part for part in parts if isinstance(part, type) and issubclass(part, Section)]
    tag = discriminator_of(field)
    if not tag:
        return {"": sections[0]} if sections else {}
    return {get_args(section.model_fields[tag].annotation)[0]: section for section in sections}


def items_of(annotation: object) -> dict[str, type[Section]]:
    """The sections that a list of them may hold, by what chooses among them; none of what is no such list."""
    if get_origin(annotation) is not list:
        return {}
    tag = item_tag(annotation)
    members = map(_unwrapped, _alternatives(get_args(annotation)[0]))
    sections = [member for member in members if isinstance(member, type) and issubclass(member, Section)]
    return {get_args(section.model_fields[tag].annotation)[0]: section for section in sections}


def item_tag(annotation: object) -> str:
    """The key that chooses among the sections of a list; empty where nothing does."""
    infos = (info for info in _metadata(get_args(annotation)[0]) if isinstance(info, FieldInfo))
    return next((info.discriminator for info in infos if isinstance(info.discriminator, str)), "")


def item_keys(field: FieldInfo, path: str, tag: str) -> dict[str, Key]:
    """The keys of an item of a list of sections, by their names.

    Args:
        field: The list.
        path: The item's: `corpus.mix.0`.
        tag: What its key says that chooses among such sections.
    """
    section = items_of(field.annotation)[tag]
    return {
        name: _key(f"{path}.{name}", found, "", _default(found))
        for name, found in section.model_fields.items()
    }


def discriminator_of(field: FieldInfo) -> str:
    """Name of the key whose value chooses among a field's sections; empty when there is no choice."""
    nested = (item for part in get_args(field.annotation) for item in _metadata(part))
    infos = [field, *(item for item in nested if isinstance(item, FieldInfo))]
    return next((info.discriminator for info in infos if isinstance(info.discriminator, str)), "")


def defaults_of(section: type[Section]) -> dict[str, object]:
    """The section's defaults as plain values; keys without a default are left out."""
    defaults = {}
    for name, field in section.model_fields.items():
        if not field.is_required():
            defaults[name] = _default(field)
    return defaults


def accepted(field: FieldInfo) -> str:
    """What a field takes, in words: `a number above 0, or null`."""
    choices = _choices(field)
    if choices:
        return f"one of {', '.join(choices)}"
    variants = variants_of(field)
    if variants:
        tag = discriminator_of(field)
        names = f" with {tag}: {joined(list(variants))}" if tag else ""
        return f"a section{names}{', or null' * (types.NoneType in _alternatives(field.annotation))}"
    return _words(field.annotation, field.metadata)


def _keys(section: type[Section], prefix: str, variant: str, given: Mapping[str, object]) -> Iterator[Key]:
    """The keys of one section; `given` are defaults that the section around it sets."""
    for name, field in section.model_fields.items():
        path, variants = f"{prefix}{name}", variants_of(field)
        key = _key(path, field, variant, given.get(name, _default(field)))
        yield key
        below = key.default if isinstance(key.default, Mapping) else {}
        for tag, nested in variants.items():
            condition = f"{path}.{discriminator_of(field)}: {tag}" if tag else variant
            is_chosen = not tag or below.get(discriminator_of(field)) == tag
            yield from _keys(nested, f"{path}.", condition, below if is_chosen else {})


def _default(field: FieldInfo) -> object:
    default = NO_DEFAULT if field.is_required() else field.get_default(call_default_factory=True)
    return default.model_dump() if isinstance(default, Section) else default


def _key(path: str, field: FieldInfo, variant: str, default: object) -> Key:
    return Key(
        path=path,
        help=" ".join((field.description or "").split()),
        accepts=accepted(field),
        default=default,
        types=tuple(map(_unwrapped, _alternatives(field.annotation))),
        choices=_choices(field) or _literals(field.annotation),
        is_section=bool(variants_of(field)),
        is_discriminator=bool(variant) and variant.startswith(f"{path}: "),
        variant=variant,
    )


def _choices(field: FieldInfo) -> tuple[str, ...]:
    extra = field.json_schema_extra
    choices = extra.get("choices") if isinstance(extra, dict) else None
    return tuple(map(str, choices)) if isinstance(choices, list | tuple) else ()


def _alternatives(annotation: object) -> list[object]:
    """The members of a union, or the annotation alone; constraints are left on the members."""
    inner = _unwrapped(annotation)
    if get_origin(inner) in (Union, types.UnionType):
        return [part for member in get_args(inner) for part in _alternatives(member)]
    return [annotation]


def _unwrapped(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _metadata(annotation: object) -> Sequence[object]:
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _literals(annotation: object) -> tuple[str, ...]:
    values: list[str] = []
    for part in _alternatives(annotation):
        part = _unwrapped(part)
        part = _unwrapped(get_args(part)[0]) if get_origin(part) is list else part
        values += get_args(part) if get_origin(part) is Literal else ()
    return tuple(dict.fromkeys(values))


def _words(annotation: object, constraints: Sequence[object] = (), plural: bool = False) -> str:
    if get_origin(annotation) is Annotated:
        return _words(_unwrapped(annotation), [*constraints, *_flat(_metadata(annotation))], plural)
    members = _alternatives(annotation)
    if len(members) > 1:
        return _union_words(members, constraints)
    if get_origin(annotation) is Literal:
        return joined([str(value) for value in get_args(annotation)])
    if get_origin(annotation) is list:
        least = next((c.min_length for c in constraints if isinstance(c, annotated_types.MinLen)), 0)
        if items := items_of(annotation):
            words = f"sections with {item_tag(annotation)}: {joined(list(items))}"
        else:
            words = _words(get_args(annotation)[0], plural=True)
        return f"a list of {words}{f', at least {least} of them' * bool(least)}"
    return _scalar_words(annotation, constraints, plural)


def _union_words(members: Sequence[object], constraints: Sequence[object]) -> str:
    if all(member is bool or get_origin(member) is Literal for member in members):
        words = [["true", "false"] if m is bool else [str(v) for v in get_args(m)] for m in members]
        return joined([word for group in words for word in group])
    parts: list[str] = []
    for member in members:
        inner = _unwrapped(member)
        if get_origin(inner) is list and get_args(inner)[0] in members:
            parts.append("a list of these")
        elif member is not types.NoneType:
            parts.append(_words(member, constraints))
    if types.NoneType in members:
        parts.append("null")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, or {parts[-1]}"


def _scalar_words(annotation: object, constraints: Sequence[object], plural: bool) -> str:
    if annotation is bool:
        return "true or false"
    if annotation is str:
        is_filled = any(isinstance(one, annotated_types.MinLen) for one in constraints)
        return ("texts" if plural else "text") + " that is not empty" * is_filled
    noun = "whole number" if annotation is int else "number"
    extent = _range(annotation, constraints)
    return f"{noun}s{extent}" if plural else f"a {noun}{extent}"


def _range(annotation: object, constraints: Sequence[object]) -> str:
    low = high = ""
    for constraint in constraints:
        if isinstance(constraint, annotated_types.Gt):
            # Whole numbers above 0 are those from 1 on.
            above = constraint.gt
            low = f"from {above + 1}" if isinstance(above, int) and annotation is int else f"above {above}"
        elif isinstance(constraint, annotated_types.Ge):
            low = f"from {constraint.ge}"
        elif isinstance(constraint, annotated_types.Lt):
            high = f"below {constraint.lt}"
        elif isinstance(constraint, annotated_types.Le):
            high = f"to {constraint.le}"
    if low and not high:
        return f" of {low.removeprefix('from ')} or more" if low.startswith("from") else f" {low}"
    if low.startswith("from"):
        return f" {low} {high}" if high.startswith("to") else f" of at least {low[5:]} and {high}"
    return f" {' and '.join(part for part in (low, high) if part)}" if low or high else ""


def _flat(metadata: Sequence[object]) -> Iterator[object]:
    for item in metadata:
        yield from item.metadata if isinstance(item, FieldInfo) else [item]
