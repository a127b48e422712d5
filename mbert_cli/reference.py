"""All verbs, flags and recipe keys as a page of Markdown: what `make docs` writes to docs/reference.md.

Everything is read from the command line and from the schema of the recipes, where their help texts are.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import typer.core
import typer.main

from mbert_cli.cli import app
from mbert_cli.recipe.explaining import size_rows
from mbert_cli.recipe.files import find_recipe, header, recipe_names
from mbert_cli.recipe.forms import forms_of
from mbert_cli.recipe.keys import NO_DEFAULT, Key, discriminator_of, keys_of, variants_of
from mbert_cli.recipe.schema import CHOOSERS, RECIPES
from mbert_cli.recipe.yaml_text import written
from mbert_cli.section import Section
from mbert_cli.word_lists import joined

Command = typer.core.TyperCommand | typer.core.TyperGroup
Parameter = typer.core.TyperArgument | typer.core.TyperOption

INTRODUCTION = """# Reference: verbs and recipe keys

*This page is written by the program: `make docs` renews it. The same texts are shown by `mbert VERB --help` and
`mbert recipe explain`.*

A command ends with 0 when it is done, with 1 when it failed, with 2 when its input is wrong and nothing was started,
and with 130 when it was interrupted and its state is saved.

`--set KEY=VALUE` sets any key below. A text is taken as it stands, and all else is YAML: `--set train.epochs=5`,
`--set 'search.seed=[0,1,2]'`, `--set task.validation=null`. A key that would change nothing is refused, and so is one
that does not exist.

`mbert --version` prints the versions of all libraries that matter, and `mbert --install-completion` lets the shell
complete verbs, recipes, keys and their values."""

Owners = dict[str, list[str]]
"""Verbs that have a key, each with the forms of its recipes that have it."""

FLAG_COLUMNS = ("argument or flag", "what it does", "default")
KEY_COLUMNS = ("key", "takes", "default", "what it is")


def reference() -> str:
    """The whole page, ending with a line break."""
    verbs = _commands_of(typer.main.get_command(app))
    parts = [INTRODUCTION, "## Verbs", _contents(verbs)]
    for name, command in verbs.items():
        parts += _verb(f"mbert {name}", command)
    parts += ["## Sections of recipes", _sections_introduction()]
    for section, verbs_with in _sections().items():
        parts += _section(section, verbs_with)
    return "\n\n".join(part for part in parts if part) + "\n"


def _commands_of(program: object) -> dict[str, Command]:
    """The verbs of a program, or the words behind a verb; none of a command without such."""
    if not isinstance(program, typer.core.TyperGroup):
        return {}
    return {name: found for name, found in program.commands.items() if isinstance(found, Command)}


def _contents(verbs: Mapping[str, Command]) -> str:
    rows = [
        (_link(f"mbert {name}"), (command.help or "").partition("\n")[0]) for name, command in verbs.items()
    ]
    return markdown_table(("verb", "what it does"), rows)


def _verb(name: str, command: Command, level: int = 3) -> Iterator[str]:
    """Heading, help and flags; for a verb with recipes also these, and their keys outside all sections."""
    yield f"{'#' * level} {name}"
    yield from (part.strip() for part in (command.help or "").split("\n\n"))
    if command.params:
        yield markdown_table(FLAG_COLUMNS, _flags(command))
    verb = name.removeprefix("mbert ")
    if verb in RECIPES:
        yield markdown_table(("recipe", "what it is"), _recipes(verb))
        yield markdown_table(KEY_COLUMNS, _rows([verb], ""))
    for below, nested in _commands_of(command).items():
        yield from _verb(f"{name} {below}", nested, level + 1)


def _recipes(verb: str) -> list[tuple[str, str]]:
    return [(f"`{name}`", header(find_recipe(verb, name).path)[0]) for name in recipe_names(verb)]


def _flags(command: Command) -> list[tuple[str, str, str]]:
    rows = []
    parameters = [found for found in command.params if isinstance(found, Parameter)]
    for parameter in parameters:
        is_argument = isinstance(parameter, typer.core.TyperArgument)
        word = parameter.metavar or ("" if getattr(parameter, "is_flag", False) else parameter.name.upper())
        names = [] if is_argument else [*parameter.opts, *parameter.secondary_opts]
        shown = ", ".join(f"`{name} {word}`" if word else f"`{name}`" for name in names or [""])
        default = "must be given" if parameter.required else ""
        if parameter.show_default and parameter.default not in (None, False):
            default = f"`{parameter.default}`"
        rows.append((shown.replace("` ", "`"), parameter.help or "", default))
    return rows


def _sections_introduction() -> str:
    links = joined((_link(section, f"section {section}") for section in _sections()), "and")
    return f"A recipe consists of sections, several of which are shared by verbs: {links}."


def _sections() -> dict[str, list[str]]:
    """The sections at the top of recipes, each with the verbs that have it."""
    found: dict[str, list[str]] = {}
    for verb in RECIPES:
        for key in keys_of(verb):
            if key.is_section and "." not in key.path and verb not in found.setdefault(key.path, []):
                found[key.path].append(verb)
    return found


def _section(section: str, verbs: Sequence[str]) -> Iterator[str]:
    """One section: a table of its keys, and one for each section or variant within."""
    yield f"### Section {section}"
    yield f"In recipes of {joined((f'`{verb}`' for verb in verbs), 'and')}."
    for place, text in _places(section, verbs).items():
        rows = _rows(verbs, place)
        if not rows:
            continue
        if place != section:
            yield f"#### {place}"
        yield text
        yield markdown_table(KEY_COLUMNS, rows)
    if section == "model":
        yield "#### Sizes"
        yield "What `model.size` may be, with the fields that `model.changes` replaces:"
        yield markdown_table(*size_rows())


def _places(section: str, verbs: Sequence[str]) -> dict[str, str]:
    """`train`, `train.optimizer` or `task.source: glue`, with what the class of that section says it is."""
    places: dict[str, str] = {}
    for verb in verbs:
        classes = dict.fromkeys(forms_of(verb).values())
        for place, described in (found for recipe in classes for found in _classes(recipe, "")):
            if place == section or place.startswith(f"{section}."):
                places.setdefault(place, " ".join((described.__doc__ or "").split()))
    return places


def _classes(section: type[Section], prefix: str) -> Iterator[tuple[str, type[Section]]]:
    for name, field in section.model_fields.items():
        for tag, nested in variants_of(field).items():
            path = f"{prefix}{name}"
            yield (f"{path}.{discriminator_of(field)}: {tag}" if tag else _tagged(path, nested)), nested
            yield from _classes(nested, f"{path}.")


def _tagged(path: str, section: type[Section]) -> str:
    """The place of a section: that of the only variant that it is of, or its path."""
    for chooser in CHOOSERS.values():
        outer, _, tag = chooser.rpartition(".")
        if path == outer:
            return f"{chooser}: {get_args(section.model_fields[tag].annotation)[0]}"
    return path


def _rows(verbs: Sequence[str], place: str) -> list[tuple[str, ...]]:
    """The keys that stand directly in a place, as cells; verbs that mean the same share a row."""
    meanings: dict[tuple[str, str, str], dict[str, Owners]] = {}
    having: Owners = {}
    for verb in verbs:
        for key in keys_of(verb):
            if _place(key) == place:
                defaults = meanings.setdefault((key.path, key.accepts, key.help), {})
                for owners in (having, defaults.setdefault(_default(key), {})):
                    forms = owners.setdefault(verb, [])
                    forms += [form for form in [_form(verb, key)] if form not in forms]
    return [_row(*meaning, defaults, having) for meaning, defaults in meanings.items()]


def _place(key: Key) -> str:
    """Where a key stands: "" at the top, the path of its section, or the variant of that section."""
    section = key.path.rpartition(".")[0]
    return key.variant if key.variant and key.variant.startswith(f"{section}.") else section


def _form(verb: str, key: Key) -> str:
    """The form of a verb's recipes that has a key; empty where they have one form."""
    tag, _, form = key.variant.partition(": ")
    return form if tag == CHOOSERS.get(verb) else ""


def _row(
    path: str, accepts: str, text: str, defaults: Mapping[str, Owners], having: Owners
) -> tuple[str, ...]:
    owners = {verb: [form for own in defaults.values() for form in own.get(verb, ())] for verb in having}
    name = (
        _link(path, f"section {path}") if accepts.startswith("a section") and "." not in path else f"`{path}`"
    )
    if any(set(owners[verb]) != set(forms) for verb, forms in having.items()):
        name += f" ({_owners_in_words(owners, having)})"
    shown = next(iter(defaults))
    if len(defaults) > 1:
        shown = ", ".join(f"{default} ({_owners_in_words(own, having)})" for default, own in defaults.items())
    return name, accepts, shown, text


def _owners_in_words(owners: Owners, having: Owners) -> str:
    """The verbs, each with its forms where it has more than these."""
    words = []
    for verb, forms in owners.items():
        if set(forms) == set(having[verb]):
            words.append(verb)
        elif forms:
            words.append(f"{verb} with {joined(forms)}")
    return ", ".join(words)


def _default(key: Key) -> str:
    if key.default is NO_DEFAULT:
        return "must be given"
    return "" if key.is_section and key.default is not None else f"`{written(key.default)}`"


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, whose cells may hold bars and the other marks that a table reads."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    outside = text.split("`")
    outside[::2] = [part.replace("<", "&lt;").replace("*", r"\*") for part in outside[::2]]
    return "`".join(outside).replace("|", r"\|")


def _link(shown: str, heading: str = "") -> str:
    return f"[`{shown}`](#{(heading or shown).replace(' ', '-')})"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
