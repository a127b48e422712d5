"""`mbert recipe`: its sub-commands and their flags, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from mbert_cli import completion
from mbert_cli.flags import Recipe, Settings, Smoke, Verb

recipe_app = typer.Typer(help="list, show, explain, check and copy recipes")


@recipe_app.callback(invoke_without_command=True)
def help_when_alone(ctx: typer.Context) -> None:
    """Prints the help of a group of commands that was typed without one."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@recipe_app.command("list")
def recipe_list() -> None:
    """Every recipe with what it is."""
    from mbert_cli.commands import recipe as command

    command.list_recipes()


@recipe_app.command("show")
def recipe_show(
    verb: Verb, name: Recipe = "quickstart", settings: Settings = None, smoke: Smoke = False
) -> None:
    """Every value of a recipe and where it comes from.

    Example: mbert recipe show distill --set model.size=mobilebert
    """
    from mbert_cli.commands import recipe as command

    command.show_recipe(verb, name, settings or (), smoke)


@recipe_app.command("explain")
def recipe_explain(
    words: Annotated[list[str] | None, typer.Argument(metavar="[VERB] [KEY]", show_default=False)] = None,
) -> None:
    """What a key means and takes; without a key, the tree of keys.

    Example: mbert recipe explain model.size lists the sizes.
    """
    from mbert_cli.commands import recipe as command

    command.explain_key(words or ())


@recipe_app.command("check")
def recipe_check(
    verb: Verb, name: Recipe = "quickstart", settings: Settings = None, smoke: Smoke = False
) -> None:
    """Whether a recipe can be run now: recipe, runs, vocabularies, lengths, disk.

    Example: mbert recipe check distill --set teacher=runs/train-teacher-quickstart
    """
    from mbert_cli.commands import recipe as command

    command.check_recipe(verb, name, settings or (), smoke)


@recipe_app.command("copy")
def recipe_copy(
    source: Annotated[str, typer.Argument(metavar="VERB/NAME", autocompletion=completion.recipe_paths)],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A .yaml file, or a folder.")],
    parents: Annotated[bool, typer.Option("--parents", help="Make the folders of DEST.")] = False,
) -> None:
    """A recipe to edit.

    Example: mbert recipe copy distill/quickstart mine.yaml, then mbert distill mine.yaml
    """
    from mbert_cli.commands import recipe as command

    command.copy_recipe(source, destination, parents)
