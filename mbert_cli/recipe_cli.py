"""`mbert recipe`: its sub-commands and their flags, no logic."""

from typing import Annotated

import typer

from mbert_cli import completion
from mbert_cli.flags import Settings, Smoke, Source, StrategyName, Teacher, WrittenRun

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="VERB [RECIPE]",
        help="A verb and a recipe's name, or a .yaml file; finetune file and finetune/file are the same.",
        autocompletion=completion.verb_and_recipe,
    ),
]

recipe_app = typer.Typer(help="list, show, explain, check and copy recipes")


@recipe_app.callback(invoke_without_command=True)
def help_when_alone(ctx: typer.Context) -> None:
    """Prints the help of a group of commands that was typed without one."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@recipe_app.command("list")
def recipe_list() -> None:
    """List every recipe and what it does."""
    from mbert_cli.commands import recipe as command

    command.list_recipes()


@recipe_app.command("show")
def recipe_show(words: Words, settings: Settings = None, smoke: Smoke = False) -> None:
    """Show every value of a recipe and where it comes from.

    Example: `mbert recipe show distill --set model.size=mobilebert`
    """
    from mbert_cli.commands import recipe as command

    command.show_recipe(words, settings or (), smoke)


@recipe_app.command("explain")
def recipe_explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VERB] [RECIPE] [KEY]",
            help="Any of them may be left out.",
            autocompletion=completion.verb_recipe_and_key,
            show_default=False,
        ),
    ] = None,
    settings: Settings = None,
) -> None:
    """Say what a key means and takes; without a key, show all keys, with the values of a recipe if one is named.

    Example: `mbert recipe explain distill --set distill.strategy=general` lists the keys of that strategy.
    """
    from mbert_cli.commands.recipe_explain import explain_key

    explain_key(words or (), settings or ())


@recipe_app.command("check")
def recipe_check(
    words: Words, strategy: StrategyName = None, teacher: Teacher = None, source: Source = None,
    settings: Settings = None, run: WrittenRun = None, smoke: Smoke = False,
) -> None:  # fmt: skip
    """Check whether a recipe can run now: recipe, runs, vocabularies, lengths, disk.

    Example: `mbert recipe check distill --teacher runs/train-teacher-quickstart`
    """
    from mbert_cli.commands import recipe as command

    flags = {"--strategy": ("distill.strategy", strategy), "--teacher": ("teacher", teacher),
             "--source": ("source", source)}  # fmt: skip
    command.check_recipe(words, settings or (), smoke, flags, run)


@recipe_app.command("copy")
def recipe_copy(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="VERB RECIPE DEST",
            help="VERB/RECIPE is the same; DEST is a .yaml file, or a folder.",
            autocompletion=completion.recipe_paths,
        ),
    ],
    parents: Annotated[bool, typer.Option("--parents", help="Create the folders of DEST.")] = False,
) -> None:
    """Copy a recipe to edit.

    Example: `mbert recipe copy distill/quickstart mine.yaml`, then `mbert distill mine.yaml`
    """
    from mbert_cli.commands import recipe as command

    command.copy_recipe(words, parents)
