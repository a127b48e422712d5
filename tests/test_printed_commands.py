"""Every command that is printed or written down can be pasted: its verb, flags and keys exist, its quotes close.

Commands are taken from the README and the pages, the headers of recipes, and all texts of the package. What
stands for something of the reader's, as DIR or {path}, is replaced by an example.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

import mbert_cli
from mbert_cli.cli import app
from mbert_cli.recipe.files import is_path, recipe_names, recipes_folder
from mbert_cli.recipe.forms import usual_recipe
from mbert_cli.recipe.invocation import TRAINING_VERBS, default_name
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import RECIPES

PACKAGE = Path(mbert_cli.__file__).parent
ROOT = PACKAGE.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FLAGS = {
    "--strategy": "distill.strategy",
    "--teacher": "teacher",
    "--source": "source",
    "--against": "bench.against",
    "--page": "export.page",
}
EXAMPLES = {
    "VERB": "finetune", "RECIPE": "quickstart", "NAME": "quickstart", "KEY": "seed", "MODE": "float16", "SIZE": "bert_base",
    "DEST": "mine.yaml", "$seed": "0",
}  # fmt: skip
"""What stands for the words of a usage line; every other placeholder is the name of a file."""
QUOTED = re.compile(r"`((?:[A-Z_]+=\S+ )?mbert [^`]+)`")
VERBS = typer.main.get_command(app).commands
AT_THE_END = re.compile(r"(?:^|: |, then )(mbert (?:\{verb\}|[a-z][\w-]*)(?: .*)?)$")


def commands_of_page(page: Path) -> Iterator[str]:
    """Lines of code blocks, with what a backslash continues, and inline code."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").split("\n"):
            line = line.strip()  # one that begins with $ shows what a mistake looks like
            if re.match(r"(?:[A-Z_]+=\S+ )?mbert ", line):
                yield line.partition(" #")[0]
    yield from QUOTED.findall(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def commands_of_header(recipe: Path) -> Iterator[str]:
    for line in recipe.read_text(encoding="utf-8").split("\n"):
        if line.startswith("#"):
            line = line.removeprefix("#").strip()
            yield from QUOTED.findall(line)
            if line.startswith("mbert "):
                yield line


def commands_of_module(module: Path) -> Iterator[str]:
    """Commands in the texts of a module: in backticks, or after a colon."""
    for text in texts_of_module(module):
        yield from QUOTED.findall(text)
        yield from (found for found in AT_THE_END.findall(text) if found.split()[1] in VERBS)


def texts_of_module(module: Path) -> Iterator[str]:
    """All its texts, with examples in place of what is filled in."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    for node in formatted:
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else placeholder(ast.unparse(part.value))
            for part in node.values
        )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def placeholder(expression: str) -> str:
    """An example of what an expression in a text stands for."""
    made = re.match(r"maker_of\((?:f?['\"]([\w{} .-]+)['\"])?", expression)
    if made or expression == "maker":
        words = (made and made[1]) or "finetune"
        return f"mbert {re.sub(r'{.*?}', 'quickstart', words)}"
    if expression.startswith(("shlex.join", "path_words")):
        return "mbert runs"
    if expression.endswith(("prepare", "name", "task.name")) or "(name)" in expression:
        return "quickstart"
    if "vocabulary.file" in expression:
        return "vocabulary.file=vocab.txt"
    if "verb" in expression or expression in ("own[-1]", "about", "command_of(kind)"):
        return "finetune"
    return {
        "wanted": "128",
        "sequence_length": "128",
        "smaller": "8",
        "str(theirs.lowercase).lower()": "false",
    }.get(expression, "mine.yaml")


SOURCES = {
    **{str(page.relative_to(ROOT)): commands_of_page(page) for page in PAGES},
    **{
        f"recipes/{path.parent.name}/{path.name}": commands_of_header(path)
        for path in sorted(recipes_folder().glob("*/*.yaml"))
    },
    **{str(path.relative_to(ROOT)): commands_of_module(path) for path in sorted(PACKAGE.rglob("*.py"))},
}
COMMANDS = sorted({(source, command) for source, commands in SOURCES.items() for command in commands})


def words_of(command: str) -> list[str]:
    """The words behind `mbert`, examples in place of what stands for something of the reader's."""
    words = shlex.split(command)
    if words[-1] == "..." and not words[-2].startswith("-"):
        words.pop()
    while "=" in words[0]:
        words.pop(0)
    assert words.pop(0) == "mbert"
    words = [word for word in words if not re.fullmatch(r"\[.*\]", word)]
    for name, example in EXAMPLES.items():
        words = [re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", example, word) for word in words]
    return words


def parse(words: list[str]) -> tuple[str, dict]:
    """The verb and its parameters, read by the command line itself but not run."""
    command, names = typer.main.get_command(app), []
    context = command.make_context("mbert", list(words))
    if words[0] == "recipe" and len(words) == 2:
        assert words[1] in command.commands["recipe"].commands
        return " ".join(words), {}
    while hasattr(command, "resolve_command") and context._protected_args + context.args:
        name, command, rest = command.resolve_command(context, context._protected_args + context.args)
        names.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(names), context.params


def test_there_are_commands_to_check():
    assert len(COMMANDS) > 100
    assert {source.split("/")[0] for source, _ in COMMANDS} >= {"README.md", "recipes", "mbert_cli"}


@pytest.mark.parametrize(("source", "command"), COMMANDS, ids=[f"{s}: {c}" for s, c in COMMANDS])
def test_a_command_that_is_printed_can_be_pasted(source, command):
    words = words_of(command)
    if words in (["--help"], ["--version"], ["--install-completion"], ["--show-completion"]) or (
        len(words) == 1 and words[0] in VERBS
    ):
        return  # named, and not to be pasted as it is
    if len(words) == 2 and words[1] == "--help":
        assert words[0] in VERBS
        return
    if len(words) == 2 and words[1].startswith("-"):
        assert words[1] in [name for option in VERBS[words[0]].params for name in option.opts]
        return
    verb, parameters = parse(words)
    if verb not in RECIPES:
        return
    settings = list(parameters.get("settings") or ())
    own = {name: value for name, value in parameters.items() if f"--{name}" in FLAGS and value}
    flags = {f"--{name}": (FLAGS[f"--{name}"], value) for name, value in own.items()}
    recipe = parameters.get("recipe") or usual_recipe(verb, settings, flags.values())
    if is_path(recipe):
        recipe = "quickstart"
    assert recipe.removeprefix(f"{verb}/") in recipe_names(verb)
    load(verb, recipe, settings, flags=flags)


def written_to(command: str) -> tuple[str, tuple[str, ...]]:
    """The run that a command writes to, "" where it writes none, and the settings that make its recipe."""
    words = words_of(command)
    verb, parameters = parse(words)
    if verb not in TRAINING_VERBS or {"--dry-run", "--smoke", "--fresh", "--probe"} & set(words):
        return "", ()
    settings = list(parameters.get("settings") or ())
    flags = [(key, parameters.get(flag.removeprefix("--"))) for flag, key in FLAGS.items()]
    given = [(key, value) for key, value in flags if value]
    recipe = parameters.get("recipe") or usual_recipe(verb, settings, given)
    made = [setting for setting in settings if not setting.startswith(OF_ONE_RUN)]
    made += [f"{key}={value}" for key, value in given]
    return str(parameters.get("run") or f"runs/{default_name(verb, recipe)}"), tuple(sorted(made))


OF_ONE_RUN = ("cluster", "corpus.globs=", "data.run=", "train.epochs=", "train.steps=")
"""Settings that a run goes on with: who computes it, more files or steps, and the input that it finds by itself."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_do_not_write_different_recipes_to_one_run(page):
    recipes: dict[str, dict[tuple[str, ...], str]] = {}
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").split("\n"):
            if line.startswith("mbert ") and "--hosts" not in line:
                run, settings = written_to(line.partition(" #")[0])
                recipes.setdefault(run, {}).setdefault(settings, line)
    recipes.pop("", None)
    assert [list(lines.values()) for lines in recipes.values() if len(lines) > 1] == []


def test_lists_and_patterns_are_quoted():
    """Zsh takes brackets for a pattern of files and refuses what matches none."""
    texts = [(page.name, page.read_text(encoding="utf-8")) for page in PAGES]
    texts += [(path.name, path.read_text(encoding="utf-8")) for path in recipes_folder().glob("*/*.yaml")]
    texts += [(module.name, text) for module in PACKAGE.rglob("*.py") for text in texts_of_module(module)]
    unquoted = re.compile(r"--set [\w.]+=[^\s'\"`]*[\[({*?]")
    assert [(name, found[0]) for name, text in texts for found in unquoted.finditer(text)] == []


def test_every_key_that_a_text_sets_exists():
    known = {key.path for verb in RECIPES for key in keys_of(verb)}
    for module in PACKAGE.rglob("*.py"):
        for text in texts_of_module(module):
            for key in re.findall(r"--set '?([a-z_]+(?:\.[a-z_0-9]+)*)=", text):
                is_filled_in = key == "key" or key.endswith(("mine.yaml", ".quickstart"))
                assert key in known or is_filled_in, f"{module.name}: {text}"
