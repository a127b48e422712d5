"""`mbert recipe`: list, show, explain, check and copy recipes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.recipe.files import find_recipe, header, is_path, recipe_names, recipes_folder
from mbert_cli.recipe.layers import text_for_folder
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.showing import show
from mbert_cli.recipe.words import require_copy, require_recipe
from mbert_cli.shell_words import path_word


def list_recipes() -> None:
    """Prints every shipped recipe with the first line of its header."""
    rows = [(verb, name, _what_it_is(verb, name)) for verb in RECIPES for name in recipe_names(verb)]
    console.table("", ["verb", "recipe", "what it is"], rows)


def show_recipe(words: Sequence[str], settings: Sequence[str], smoke: bool) -> None:
    """Prints a recipe as YAML, each value with its origin."""
    loaded = load(*require_recipe(words, "mbert recipe show VERB [RECIPE]", settings), settings, smoke)
    for line in show(loaded):
        console.result(line)


def check_recipe(
    words: Sequence[str],
    settings: Sequence[str],
    smoke: bool,
    flags: Mapping[str, tuple[str, object]],
    run: Path | None,
) -> None:
    """Checks that a recipe can be run now, and prints what was looked at.

    Args:
        words: VERB and RECIPE.
        settings: Values of `--set`.
        smoke: Whether `--smoke` was given.
        flags: Short ways to write `--set`, as `invoke` takes them.
        run: The run that is to be written; None for that of the recipe.

    Raises:
        UserError: Something would stop it.
    """
    from mbert_cli.preflight.resolving import inspect
    from mbert_cli.recipe.invocation import invoke

    given = [setting for setting in flags.values() if setting[1] is not None]
    verb, name = require_recipe(words, "mbert recipe check VERB [RECIPE]", settings, given)
    invocation = invoke(verb, name, settings, flags, run=run, smoke=smoke)
    checks = inspect(invocation)
    rows = [(check.name, check.state, check.text) for check in checks]
    console.table(f"{verb}/{invocation.loaded.name}", ["check", "", "finding"], rows)
    failed = [check for check in checks if not check.passed]
    if failed:
        raise UserError(
            f"All checks must pass before `mbert {verb} {path_word(name)}` can run. "
            f"Received: {len(failed)} of {len(checks)} that failed",
            "\n      ".join(check.hint for check in failed if check.hint),
        )


def copy_recipe(words: Sequence[str], parents: bool) -> None:
    """Copies a recipe to a file of the user's, to be edited.

    Args:
        words: VERB RECIPE or VERB/RECIPE, then a path that ends in .yaml, or a folder that exists.
        parents: Make the folders of the path.
    """
    verb, name, place = require_copy(words, "mbert recipe copy VERB RECIPE DEST")
    file, destination = find_recipe(verb, name), Path(place)
    target = destination / file.path.name if destination.is_dir() else destination
    if not is_path(str(target)):
        raise UserError(
            f"A recipe's file name must end in .yaml. Received: {target}", f"Name it {target}.yaml."
        )
    if target.exists():
        raise UserError(f"A copy must not overwrite a file. Received: {target}", "Give another name.")
    if not target.parent.is_dir() and not parents:
        raise UserError(
            f"The folder of the copy must exist. Received: {target.parent}", "--parents makes it."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text_for_folder(verb, file, target.parent), encoding="utf-8")
    console.info(f"Copied to {target}; run it with `mbert {verb} {path_word(target)}`")


def _what_it_is(verb: str, name: str) -> str:
    return next(iter(header(recipes_folder() / verb / f"{name}.yaml")), "")
