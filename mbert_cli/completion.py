"""What the shell completes: verbs, recipe names, recipe keys, and the words that a key takes."""

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mbert_cli.page import PAGE_FORMATS

if TYPE_CHECKING:
    from mbert_cli.recipe.keys import Key

_RUN_KEYS = {
    "source", "initialize_from", "teacher", "data.run", "masked_language_model", "vectors.run", "task.train",
}  # fmt: skip
"""Keys whose value is a run, or may be one."""


def recipes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of the recipes of the verb on the command line."""
    from mbert_cli.recipe.files import recipe_names

    return _matching(dict.fromkeys(name for verb in _verbs(ctx) for name in recipe_names(verb)), incomplete)


def verb_and_recipe(ctx: typer.Context, incomplete: str) -> list[str]:
    """Verbs and `verb/recipe`; behind a verb its recipes."""
    from mbert_cli.recipe.files import recipe_names
    from mbert_cli.recipe.schema import RECIPES

    typed = _typed(ctx)
    if not typed:
        return _matching(RECIPES if "/" not in incomplete else _recipe_paths(), incomplete)
    is_verb = len(typed) == 1 and typed[0] in RECIPES
    return _matching(recipe_names(typed[0]) if is_verb else [], incomplete)


def verb_recipe_and_key(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `mbert recipe explain` takes next: a verb, one of its recipes, and a key."""
    from mbert_cli.recipe.keys import keys_of
    from mbert_cli.recipe.schema import RECIPES

    typed = _typed(ctx)
    verb = typed[0].partition("/")[0] if typed else ""
    known = [verb] if verb in RECIPES else list(RECIPES)
    keys = dict.fromkeys(key.path for one in known for key in keys_of(one))
    if typed and (verb not in RECIPES or typed[-1] in keys):
        return []
    return _matching([*verb_and_recipe(ctx, incomplete), *keys], incomplete)


def recipe_paths(ctx: typer.Context, incomplete: str) -> list[str]:
    """Recipes of all verbs, in the form `distill/quickstart` or as two words."""
    return _matching(_recipe_paths(), incomplete) if not _typed(ctx) else verb_and_recipe(ctx, incomplete)


def settings(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of the verb's recipes with `=`, and behind that the words that the key takes."""
    from mbert_cli.recipe.keys import keys_of

    keys = [key for verb in _verbs(ctx) for key in keys_of(verb) if not key.is_section]
    if "=" not in incomplete:
        return _matching(dict.fromkeys(f"{key.path}=" for key in keys), incomplete)
    path = incomplete.partition("=")[0]
    values = [value for key in keys if key.path == path for value in _values(key)]
    return _matching(dict.fromkeys(f"{path}={value}" for value in values), incomplete)


def choices(verb: str, path: str) -> Callable[[str], list[str]]:
    """A completion with the words that one key takes."""

    def complete(incomplete: str) -> list[str]:
        from mbert_cli.recipe.keys import keys_of

        words = [word for key in keys_of(verb) if key.path == path for word in key.choices]
        return _matching(dict.fromkeys(words), incomplete)

    return complete


def reported(incomplete: str) -> list[str]:
    """Runs in runs/ and the artifacts that they exported; of another folder, what the shell itself finds."""
    from mbert_cli.runs.artifacts import exported
    from mbert_cli.runs.lineage import WITH_WEIGHTS
    from mbert_cli.runs.listing import USUAL_ROOT, run_kind, run_paths

    runs = [path for path in run_paths(USUAL_ROOT) if run_kind(path) in WITH_WEIGHTS]
    artifacts = [path for run in runs for path in exported(run)]
    found = _matching(map(str, runs), incomplete)
    return found or _matching(map(str, artifacts), incomplete)


def formats(incomplete: str) -> list[str]:
    """The words of --format."""
    return _matching(PAGE_FORMATS, incomplete)


def complete_bash(complete: Callable[[], object]) -> None:
    """Completes for bash, which takes `=` for the end of a word: hands on whole words, and gives back their ends.

    Args:
        complete: Prints what fits the variables COMP_WORDS and COMP_CWORD, and exits.
    """
    words, place = _split(os.environ["COMP_WORDS"]), int(os.environ["COMP_CWORD"])
    before, word = _whole_words(words[:place]), words[place] if place < len(words) else ""
    prefix = ""
    if before and before[-1].endswith("="):
        prefix = before.pop()
    elif word == "=" and before:
        prefix, word = f"{before.pop()}=", ""
    os.environ["COMP_WORDS"] = shlex.join([*before, f"{prefix}{word}"])
    os.environ["COMP_CWORD"] = str(len(before))
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            complete()
    finally:
        sys.stdout.write("\n".join(line.removeprefix(prefix) for line in printed.getvalue().split("\n")))


def _split(line: str) -> list[str]:
    """The words of a line whose last quotation mark may not have been typed yet."""
    words: list[str] = []
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words


def _whole_words(words: Sequence[str]) -> list[str]:
    """Puts `key`, `=`, `value` together again."""
    whole: list[str] = []
    for word in words:
        if whole and (word == "=" or whole[-1].endswith("=")):
            whole[-1] += word
        else:
            whole.append(word)
    return whole


def _values(key: "Key") -> list[str]:
    """The words that a key takes, and runs where it names one."""
    words = list(key.choices)
    words += ["true", "false"] if "true or false" in key.accepts else []
    if key.path in _RUN_KEYS:
        words += [str(file.parent) for file in sorted(Path("runs").glob("*/recipe.yaml"))]
    return [*words, *(["null"] if "null" in key.accepts else [])]


def _typed(ctx: typer.Context) -> list[str]:
    """The words before the one that is completed."""
    return list(ctx.params.get("words") or ())


def _recipe_paths() -> list[str]:
    from mbert_cli.recipe.files import recipe_names
    from mbert_cli.recipe.schema import RECIPES

    return [f"{verb}/{name}" for verb in RECIPES for name in recipe_names(verb)]


def _verbs(ctx: typer.Context) -> list[str]:
    """The verb on the command line, or all where the shell has not got that far."""
    from mbert_cli.recipe.schema import RECIPES

    words = [*(word.partition("/")[0] for word in _typed(ctx)[:1]), ctx.info_name]
    return [word for word in words if word in RECIPES][:1] or list(RECIPES)


def _matching(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
