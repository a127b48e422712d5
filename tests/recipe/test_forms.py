"""Verbs whose recipes have several forms."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import recipe_names
from mbert_cli.recipe.forms import choosing_layers, chosen_form, forms_of, recipes_of_form, usual_recipe
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import DistillRecipe, FinetuneRecipe, TaskDistillRecipe

STRATEGIES = ["progressive", "joint", "auxiliary", "general", "task", "distilbert"]


pytestmark = pytest.mark.usefixtures("empty_folder")


def test_a_verb_has_one_class_or_one_for_each_value_of_the_key_that_chooses():
    assert forms_of("finetune") == {"": FinetuneRecipe}
    assert list(forms_of("distill")) == STRATEGIES


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("way", ["file", "setting", "section", "flag"])
def test_the_strategy_decides_the_class_of_the_recipe_wherever_it_is_given(tmp_path, strategy, way):
    file = tmp_path / "mine.yaml"
    file.write_text(f"distill:\n  strategy: {strategy}\n" if way == "file" else "seed: 3\n")
    settings = {
        "setting": [f"distill.strategy={strategy}"],
        "section": [f"distill={{strategy: {strategy}}}"],
    }
    flags = {"--strategy": ("distill.strategy", strategy)} if way == "flag" else {}
    loaded = load("distill", str(file), settings.get(way, []), flags=flags)
    assert type(loaded.recipe) is (TaskDistillRecipe if strategy == "task" else DistillRecipe)
    assert loaded.recipe.distill.strategy == strategy


def test_the_last_layer_that_names_a_form_chooses_it():
    settings = ["distill.strategy=task", "seed=1", "distill.strategy=general", "distill.strategy=genral"]
    assert chosen_form("distill", choosing_layers("distill", settings)) == "general"
    assert chosen_form("distill", []) == "progressive"
    assert chosen_form("finetune", choosing_layers("finetune", ["task.source=glue"])) == ""


@pytest.mark.parametrize(
    ("strategy", "recipe"),
    [("joint", "quickstart"), ("general", "quickstart_general"), ("task", "quickstart_task"),
     ("distilbert", "quickstart_distilbert"), ("genral", "quickstart")],
)  # fmt: skip
def test_the_usual_recipe_is_one_of_the_strategy(strategy, recipe):
    assert usual_recipe("distill", [f"distill.strategy={strategy}"]) == recipe
    assert usual_recipe("distill", [], [("distill.strategy", strategy)]) == recipe
    assert recipe in recipe_names("distill")


def test_other_verbs_have_one_usual_recipe():
    assert usual_recipe("finetune", ["task.source=glue"]) == "quickstart"


def test_the_recipes_of_a_strategy_are_those_that_name_it():
    assert recipes_of_form("distill", "task") == [
        name for name in recipe_names("distill") if "task" in name.split("_")
    ]
    assert recipes_of_form("distill", "auxiliary") == []


def test_a_recipe_of_one_strategy_keeps_its_values_under_another_that_has_the_keys():
    loaded = load("distill", "quickstart", ["distill.strategy=joint"])
    assert (loaded.recipe.distill.strategy, loaded.recipe.distill.transfer_steps) == ("joint", 600)
    assert loaded.origins["distill.transfer_steps"] == "recipes/distill/quickstart.yaml:14"
    assert loaded.recipe.train.batch_size == 32


def test_a_replaced_section_keeps_the_strategy_and_no_other_value():
    loaded = load("distill", "quickstart_general", ["distill={steps: 5}"])
    assert (loaded.recipe.distill.strategy, loaded.recipe.distill.steps) == ("general", 5)


def test_a_key_of_another_strategy_is_told_of_its_strategies():
    with pytest.raises(UserError) as caught:
        load("distill", "quickstart", flags={"--strategy": ("distill.strategy", "general")})
    assert (
        "recipes/distill/quickstart.yaml:14: distill.transfer_steps: only for distill.strategy: progressive, "
        "joint or auxiliary. Received: distill.strategy: general"
    ) in caught.value.message
    with pytest.raises(UserError) as caught:
        load("distill", "quickstart", ["task.source=glue"])
    assert caught.value.message == (
        "--set: task.source: only for distill.strategy: task. Received: distill.strategy: progressive"
    )


@pytest.mark.parametrize(
    ("recipe", "settings", "hint"),
    [
        ("quickstart", ["distill.strategy=distilbert"], "Recipes for distilbert: {distilbert}. "),
        ("quickstart", ["distill.strategy=distilbert", "distill.masks_text=true"], "Recipes for distilbert: {distilbert}. "),
        ("quickstart", ["task.source=glue"], "Recipes for task: {task}. "),
        ("quickstart", ["cache.dtype=float32"], "Recipes for task: {task}. "),
        ("quickstart", ["distill.steps=5"], "Recipes for general: {general}; for distilbert: {distilbert}. "),
    ],
)  # fmt: skip
def test_where_a_key_of_another_strategy_is_given_recipes_are_named_that_take_it(recipe, settings, hint):
    with pytest.raises(UserError) as caught:
        load("distill", recipe, settings)
    names = {strategy: ", ".join(recipes_of_form("distill", strategy)) for strategy in STRATEGIES}
    more = "`mbert recipe explain distill.strategy` says what each is."
    assert caught.value.hint == hint.format(**names) + more


def test_where_no_recipe_is_of_a_strategy_one_is_copied():
    with pytest.raises(UserError) as caught:
        load("distill", "tinybert_4_general", ["distill.strategy=auxiliary"])
    assert caught.value.hint == (
        "No recipe of mbert has distill.strategy=auxiliary; `mbert recipe copy distill/tinybert_4_general mine.yaml` "
        "gives one to take these keys out of."
    )


def test_a_file_of_the_users_own_is_mended_where_no_recipe_is_of_its_strategy(tmp_path):
    (tmp_path / "mine.yaml").write_text("distill:\n  strategy: joint\n  finished_layer_scale: 0.2\n")
    with pytest.raises(UserError) as caught:
        load("distill", "mine.yaml")
    assert caught.value.message == (
        "mine.yaml:3: distill.finished_layer_scale: only for distill.strategy: progressive. "
        "Received: distill.strategy: joint"
    )
    assert caught.value.hint == "Take out what joint does not have, or choose another distill.strategy."
