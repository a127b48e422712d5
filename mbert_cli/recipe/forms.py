"""Verbs whose recipes have several forms: one key chooses the class of the recipe, and the variant of its section.

`mbert distill` has a form for each strategy. The value of `distill.strategy` that counts, after all layers, is known
before the layers are laid over each other, so that every layer is read as a recipe of that one form.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import QUICKSTART, RecipeFile, find_recipe, recipe_names, recipes_folder
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.layers import Layer, file_layers, setting_layer, value_at
from mbert_cli.recipe.schema import CHOOSERS, FORMS, RECIPES, USUAL_RECIPES
from mbert_cli.recipe.yaml_text import Entry, YamlProblem, read_value
from mbert_cli.section import Section


def forms_of(verb: str) -> Mapping[str, type[Section]]:
    """The class of a verb's recipes by the value that chooses it; that of a verb with one class by ""."""
    return FORMS.get(verb) or {"": RECIPES[verb]}


def chosen_form(verb: str, layers: Iterable[Layer]) -> str:
    """The form that some layers choose, the last one counting; what is no form is passed over."""
    forms, chosen = forms_of(verb), ""
    for layer in layers if verb in CHOOSERS else ():
        value = value_at(layer, CHOOSERS[verb])
        chosen = str(value) if value in forms else chosen
    return chosen or next(iter(forms))


def choosing_layers(verb: str, settings: Iterable[str]) -> Iterator[Layer]:
    """The settings of `--set` that choose a form, as layers."""
    chooser = CHOOSERS.get(verb, "")
    for path, _, text in (setting.partition("=") for setting in settings):
        if chooser and path.strip() in (chooser, chooser.rpartition(".")[0]):
            with contextlib.suppress(YamlProblem):  # said where all settings are read
                yield setting_layer(path.strip(), Entry(read_value(text)), "--set")


def usual_recipe(verb: str, settings: Sequence[str] = (), flags: Iterable[tuple[str, object]] = ()) -> str:
    """The recipe of a verb where none is named, which depends on the form that is asked for.

    Args:
        verb: The verb.
        settings: Values of `--set`.
        flags: Keys and values of the verb's own flags.
    """
    if verb not in CHOOSERS:
        return QUICKSTART
    layers = [
        *choosing_layers(verb, settings),
        *(setting_layer(key, Entry(value), "") for key, value in flags),
    ]
    return USUAL_RECIPES.get(chosen_form(verb, layers), QUICKSTART)


def recipes_of_form(verb: str, form: str) -> list[str]:
    """Names of the shipped recipes of one form."""
    return [name for name in recipe_names(verb) if _form_of(verb, name) == form]


def hint_for_other_form(verb: str, file: RecipeFile, form: str, mistakes: Sequence[tuple[str, str]]) -> str:
    """What helps where keys of other forms were given: recipes of the form, or of those that have a key that was typed.

    Args:
        verb: The verb.
        file: The recipe that was read.
        form: Its form.
        mistakes: Place and sentence of each mistake; a sentence begins with its key.

    Returns:
        The hint; empty where no mistake is of this sort.
    """
    chooser = CHOOSERS.get(verb)
    told = [(where, text) for where, text in mistakes if text.endswith(f"Received: {chooser}: {form}")]
    if not told:
        return ""
    where, text = told[0]
    asked = _forms_with(verb, text.partition(":")[0]) if where.startswith("--") else [form]
    found = {other: recipes_of_form(verb, other) for other in asked}
    if not any(found.values()):
        if not file.path.is_relative_to(recipes_folder()):
            return f"Take out what {form} does not have, or choose another {chooser}."
        return (
            f"No recipe of mbert has {chooser}={form}; `mbert recipe copy {verb}/{file.name} mine.yaml` gives one "
            "to take these keys out of."
        )
    listed = "; ".join(f"for {other}: {', '.join(names)}" for other, names in found.items() if names)
    return f"Recipes {listed}. `mbert recipe explain {chooser}` says what each is."


def _forms_with(verb: str, path: str) -> list[str]:
    """The forms that have a key, or the section at the top that it stands in."""
    tag = f"{CHOOSERS[verb]}: "
    forms = [key for key in keys_of(verb) if key.variant.startswith(tag)]
    paths = (path, path.partition(".")[0])
    having = ([key.variant.removeprefix(tag) for key in forms if key.path == known] for known in paths)
    return next((found for found in having if found), [])


def _form_of(verb: str, name: str) -> str:
    try:
        return chosen_form(verb, file_layers(verb, find_recipe(verb, name)))
    except UserError:
        return ""
