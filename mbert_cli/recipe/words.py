"""The words after `mbert recipe show` and its siblings: `finetune file` and `finetune/file` mean the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import QUICKSTART, is_path, recipe_names
from mbert_cli.recipe.forms import usual_recipe
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.schema import RECIPES


@dataclass(frozen=True)
class RecipeWords:
    """What was named.

    Attributes:
        verb: A verb; None where none was named.
        recipe: Name or path of one of its recipes; None where none was named.
        rest: The words behind.
    """

    verb: str | None
    recipe: str | None
    rest: tuple[str, ...]


def require_recipe(
    words: Sequence[str], usage: str, settings: Sequence[str] = (), flags: Iterable[tuple[str, object]] = ()
) -> tuple[str, str]:
    """A verb and one of its recipes, the usual one where none is named.

    Args:
        words: What was typed.
        usage: The command with what it takes, for the hint.
        settings: Values of `--set`, which may ask for another form of the verb's recipes.
        flags: Keys and values of flags that are short for them.

    Raises:
        UserError: There is no such verb, or there are more words than a recipe has.
    """
    named = _take_recipe(words, takes_any=True)
    if named.rest:
        raise UserError(f"One recipe is named at a time. Received: {' '.join(words)}", usage)
    return str(named.verb), named.recipe or usual_recipe(str(named.verb), settings, flags)


def require_copy(words: Sequence[str], usage: str) -> tuple[str, str, str]:
    """A verb, one of its recipes, and where its copy goes.

    Raises:
        UserError: There is no such verb, or a word is missing or too much.
    """
    named = _take_recipe(words[:-1], takes_any=True) if len(words) > 1 else None
    if named is None or named.rest:
        raise UserError(f"A copy needs a recipe and a place. Received: {' '.join(words)}", usage)
    return str(named.verb), named.recipe or QUICKSTART, words[-1]


def find_recipe_words(words: Sequence[str]) -> RecipeWords:
    """Verb, recipe and key of `mbert recipe explain`, each of which may be left out.

    A word that is a key of the verb is one, even where a recipe has the same name.
    """
    if not words or words[0].partition("/")[0] not in RECIPES:
        return RecipeWords(None, None, tuple(words))
    named = _take_recipe(words)
    if named.recipe and "/" not in words[0] and named.recipe in _key_names(str(named.verb)):
        return RecipeWords(named.verb, None, (named.recipe, *named.rest))
    return named


def _take_recipe(words: Sequence[str], takes_any: bool = False) -> RecipeWords:
    """Splits off verb and recipe; with `takes_any` the word behind a verb is one even where there is no such recipe."""
    first, *rest = words
    verb, slash, name = first.partition("/")
    if verb not in RECIPES:
        raise UserError(
            f"The verb must be one of {', '.join(RECIPES)}. Received: {verb}",
            "`mbert recipe list` lists the recipes of each.",
        )
    if slash:
        return RecipeWords(verb, name or QUICKSTART, tuple(rest))
    if rest and (takes_any or is_path(rest[0]) or rest[0].removeprefix(f"{verb}/") in recipe_names(verb)):
        return RecipeWords(verb, rest[0], tuple(rest[1:]))
    return RecipeWords(verb, None, tuple(rest))


def _key_names(verb: str) -> set[str]:
    paths = [key.path for key in keys_of(verb)]
    return {*paths, *(path.rpartition(".")[2] for path in paths)}
