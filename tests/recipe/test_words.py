"""The words after `mbert recipe show` and its siblings."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.words import RecipeWords, find_recipe_words, require_copy, require_recipe


@pytest.mark.parametrize(
    ("words", "recipe"),
    [
        ("finetune", ("finetune", "quickstart")),
        ("finetune file", ("finetune", "file")),
        ("finetune/file", ("finetune", "file")),
        ("finetune/", ("finetune", "quickstart")),
        ("finetune finetune/file", ("finetune", "finetune/file")),
        ("finetune my/own.yaml", ("finetune", "my/own.yaml")),
        ("finetune/my/own.yaml", ("finetune", "my/own.yaml")),
        ("finetune nosuch", ("finetune", "nosuch")),
    ],
)
def test_a_recipe_is_one_word_or_two(words, recipe):
    assert require_recipe(words.split(), "usage") == recipe


@pytest.mark.parametrize("words", ["finetune file sst2", "finetune/file sst2"])
def test_one_recipe_is_named_at_a_time(words):
    with pytest.raises(UserError) as caught:
        require_recipe(words.split(), "mbert recipe show VERB [RECIPE]")
    assert caught.value.message == f"One recipe is named at a time. Received: {words}"
    assert caught.value.hint == "mbert recipe show VERB [RECIPE]"


def test_the_last_word_is_the_place_of_a_copy():
    assert require_copy(["finetune/file", "mine.yaml"], "u") == ("finetune", "file", "mine.yaml")
    assert require_copy(["finetune", "file", "mine.yaml"], "u") == ("finetune", "file", "mine.yaml")
    assert require_copy(["finetune", "mine.yaml"], "u") == ("finetune", "quickstart", "mine.yaml")
    for words in ([], ["finetune/file"], ["finetune", "file", "sst2", "mine.yaml"]):
        with pytest.raises(UserError) as caught:
            require_copy(words, "u")
        assert caught.value.message == f"A copy needs a recipe and a place. Received: {' '.join(words)}"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", (None, None, ())),
        ("train.steps", (None, None, ("train.steps",))),
        ("finetune", ("finetune", None, ())),
        ("finetune file", ("finetune", "file", ())),
        ("finetune file train.epochs", ("finetune", "file", ("train.epochs",))),
        ("finetune train.epochs", ("finetune", None, ("train.epochs",))),
        # A key of the verb is meant even where a recipe has its name; behind a stroke stands a recipe.
        ("prepare file", ("prepare", None, ("file",))),
        ("prepare/file", ("prepare", "file", ())),
    ],
)
def test_what_is_explained_is_a_verb_a_recipe_or_a_key(words, found):
    assert find_recipe_words(words.split()) == RecipeWords(*found)


def test_an_unknown_verb_is_told_with_those_there_are():
    with pytest.raises(UserError) as caught:
        require_recipe(["distil"], "u")
    assert caught.value.message == (
        "The verb must be one of prepare, train-teacher, distill, finetune, eval, predict, export-tflite, bench, augment. "
        "Received: distil"
    )
