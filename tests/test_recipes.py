"""Every recipe that is shipped."""

import pytest

from mbert_cli.recipe.files import header, recipes_folder
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import RECIPES

FILES = sorted(recipes_folder().rglob("*.yaml"))


def test_every_verb_has_a_quickstart():
    assert {path.parent.name for path in FILES if path.stem == "quickstart"} == set(RECIPES)


def test_every_recipe_lies_in_the_folder_of_a_verb():
    assert FILES
    assert {str(path.parent.relative_to(recipes_folder())) for path in FILES} <= set(RECIPES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("smoke", [False, True], ids=["whole", "smoke"])
def test_a_recipe_loads(path, smoke):
    loaded = load(path.parent.name, path.stem, smoke=smoke)
    model = getattr(loaded.recipe, "model", None)
    if model is not None:
        model.resolve()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recipe_says_what_it_is_how_to_run_it_and_what_it_needs(path):
    lines = header(path)
    verb, name = path.parent.name, path.stem
    command = f"mbert {verb}" if name == "quickstart" else f"mbert {verb} {name}"
    assert lines[0].endswith((".", "?"))
    assert any(command in line for line in lines[1:])
    assert any(line.startswith("Needs: ") for line in lines)
