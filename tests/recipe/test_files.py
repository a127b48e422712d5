"""Finding recipe files."""

import re

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import RecipeFile, find_recipe, header, read_text, recipe_names, recipes_folder


def test_quickstart_is_the_first_of_the_names():
    names = recipe_names("distill")
    assert names[0] == "quickstart"
    assert names[1:] == sorted(names[1:])


@pytest.mark.parametrize("name", ["quickstart", "distill/quickstart"])
def test_a_shipped_recipe_is_found_by_name(name):
    found = find_recipe("distill", name)
    assert found == RecipeFile(
        recipes_folder() / "distill" / "quickstart.yaml", "quickstart", "recipes/distill/quickstart.yaml"
    )


def test_a_path_is_a_file_of_the_user(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("")
    found = find_recipe("distill", "mine.yaml")
    assert (found.name, found.shown) == ("mine", "mine.yaml")


def test_an_unknown_name_lists_those_there_are_and_the_nearest():
    names = ", ".join(recipe_names("distill"))
    with pytest.raises(UserError, match="^" + re.escape(
        f"distill has the recipes {names}. Did you mean quickstart? Received: quikstart") + "$") as error:  # fmt: skip
        find_recipe("distill", "quikstart")
    assert error.value.hint == (
        "Give one of these names, or the path of a file that ends in .yaml; `mbert recipe list` shows all."
    )


def test_a_name_of_another_verb_is_told():
    names = ", ".join(recipe_names("distill"))
    with pytest.raises(UserError) as error:
        find_recipe("distill", "sst2")
    assert (
        error.value.message
        == f"distill has the recipes {names}. That is a recipe of finetune, augment. Received: sst2"
    )


def test_a_path_without_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        find_recipe("distill", "mine.yaml")
    assert error.value.message == "A recipe given as a path must be a file. Received: mine.yaml"
    assert error.value.hint == "`mbert recipe copy distill/quickstart mine.yaml` writes one to start from."
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.yaml").touch()
    with pytest.raises(UserError) as error:
        find_recipe("distill", "~/mine.yaml", beside=tmp_path)
    assert error.value.hint.startswith(f"Write {tmp_path}/mine.yaml: ")


def test_a_recipe_that_is_not_utf_8_is_refused_with_the_byte(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(UserError) as error:
        read_text(RecipeFile(path, "x", "x.yaml"))
    assert (
        error.value.message == "A recipe must be UTF-8 text. Received: x.yaml with the byte 0xe9 at offset 5"
    )


def test_the_header_is_the_comment_at_the_top(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("# First.\n#\n#   mbert distill\nseed: 1\n# not this\n")
    assert header(path) == ["First.", "", "  mbert distill"]
