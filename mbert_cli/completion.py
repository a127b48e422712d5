"""What the shell completes: verbs, recipe names, recipe keys, and the words that a key takes."""

from collections.abc import Callable, Iterable

import typer


def verbs(incomplete: str) -> list[str]:
    """Verbs that have recipes."""
    from mbert_cli.recipe.schema import RECIPES

    return _matching(RECIPES, incomplete)


def recipes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of the recipes of the verb on the command line."""
    from mbert_cli.recipe.files import recipe_names

    return _matching(dict.fromkeys(name for verb in _verbs(ctx) for name in recipe_names(verb)), incomplete)


def recipe_paths(incomplete: str) -> list[str]:
    """Recipes of all verbs, as `distill/quickstart`."""
    from mbert_cli.recipe.files import recipe_names
    from mbert_cli.recipe.schema import RECIPES

    return _matching([f"{verb}/{name}" for verb in RECIPES for name in recipe_names(verb)], incomplete)


def settings(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of the verb's recipes with `=`, and behind that the words that the key takes."""
    from mbert_cli.recipe.keys import keys_of

    keys = [key for verb in _verbs(ctx) for key in keys_of(verb) if not key.is_section]
    words = [f"{key.path}={word}" for key in keys for word in (key.choices if "=" in incomplete else ("",))]
    return _matching(dict.fromkeys(words), incomplete)


def choices(verb: str, path: str) -> Callable[[str], list[str]]:
    """A completion with the words that one key takes."""

    def complete(incomplete: str) -> list[str]:
        from mbert_cli.recipe.keys import keys_of

        words = next(key.choices for key in keys_of(verb) if key.path == path)
        return _matching(words, incomplete)

    return complete


def _verbs(ctx: typer.Context) -> list[str]:
    """The verb on the command line, or all where the shell has not got that far."""
    from mbert_cli.recipe.schema import RECIPES

    return [word for word in (ctx.params.get("verb"), ctx.info_name) if word in RECIPES][:1] or list(RECIPES)


def _matching(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
