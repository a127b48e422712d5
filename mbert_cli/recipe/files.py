"""Where recipes lie: `recipes/<verb>/<name>.yaml`, both in the wheel and in a checkout."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.home import hint_of_home
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.shell_words import path_word

QUICKSTART = "quickstart"

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class RecipeFile:
    """One recipe file.

    Attributes:
        path: The file.
        name: The recipe's name: the file's name without its ending.
        shown: The file as messages name it.
    """

    path: Path
    name: str
    shown: str


def recipes_folder() -> Path:
    """The folder of the shipped recipes: inside the package in a wheel, beside it in a checkout."""
    inside = _PACKAGE / "recipes"
    return inside if inside.is_dir() else _PACKAGE.parent / "recipes"


def recipe_names(verb: str) -> list[str]:
    """Names of the shipped recipes of a verb, `quickstart` first, the others sorted."""
    names = sorted(path.stem for path in (recipes_folder() / verb).glob("*.yaml"))
    return sorted(names, key=lambda name: name != QUICKSTART)


def is_path(name_or_path: str) -> bool:
    """Whether a recipe is given as a file of the user's rather than by name."""
    return name_or_path.endswith((".yaml", ".yml"))


def find_recipe(verb: str, name_or_path: str, beside: Path | None = None) -> RecipeFile:
    """Finds a recipe by name, such as `quickstart` or `distill/quickstart`, or by a path that ends in .yaml.

    Args:
        verb: The verb whose recipes are searched.
        name_or_path: What the user typed, or what stands behind `extends:`.
        beside: Folder that a relative path starts from; None is the working directory.

    Raises:
        UserError: There is no such recipe; names the recipes that there are.
    """
    if is_path(name_or_path):
        path = (beside or Path()) / name_or_path
        if not path.is_file():
            raise UserError(
                f"A recipe given as a path must be a file. Received: {path}",
                hint_of_home(name_or_path)
                or f"`mbert recipe copy {verb}/quickstart {path_word(path)}` writes one to start from.",
            )
        return RecipeFile(path, path.stem, str(path))
    name = name_or_path.removeprefix(f"{verb}/")
    if name not in recipe_names(verb):
        raise _unknown_name(verb, name_or_path)
    return RecipeFile(recipes_folder() / verb / f"{name}.yaml", name, f"recipes/{verb}/{name}.yaml")


def header(path: Path) -> list[str]:
    """The comment that a recipe begins with, one item per line, without the marks."""
    lines = []
    for line in path.read_text(encoding="utf-8-sig").split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" ").rstrip())
    return lines


def read_text(file: RecipeFile) -> str:
    """The text of a recipe file.

    Raises:
        UserError: The file cannot be read or is not UTF-8.
    """
    try:
        return file.path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"A recipe must be UTF-8 text. Received: {file.shown} with the byte "
            f"0x{error.object[error.start]:02x} at offset {error.start}"
        ) from None
    except OSError as error:
        raise UserError(f"A recipe must be readable. Received: {file.shown} ({error.strerror})") from None


def _unknown_name(verb: str, name: str) -> UserError:
    names = recipe_names(verb)
    near = difflib.get_close_matches(name.rsplit("/", 1)[-1], names, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    others = [other for other in RECIPES if other != verb and name in recipe_names(other)]
    owner = f" That is a recipe of {', '.join(others)}." if others else ""
    return UserError(
        f"{verb} has the recipes {', '.join(names) or '(none)'}.{guess or owner} Received: {name}",
        "Give one of these names, or the path of a file that ends in .yaml; `mbert recipe list` shows all.",
    )
